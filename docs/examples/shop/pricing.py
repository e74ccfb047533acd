"""The pricing service of the shop: JSON over gRPC, with a worker thread that counts stock in an asyncio event loop."""

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor

import grpc

log = logging.getLogger("shop.pricing")
WAREHOUSES = ("north", "south")


def to_json(message):
    return json.dumps(message).encode()


class PricingService:
    def __init__(self):
        self.workers = ThreadPoolExecutor(2, thread_name_prefix="stock")

    def price(self, request, context):
        item = request["item"]
        stock = self.workers.submit(asyncio.run, count_stock(item)).result()
        if item == 13:
            raise LookupError(f"item {item} has no price")
        return {"item": item, "price": item * 1.99, "stock": stock}


async def count_stock(item):
    """Ask all warehouses at once."""
    tasks = [asyncio.create_task(check_stock(item, warehouse)) for warehouse in WAREHOUSES]
    return sum(await asyncio.gather(*tasks))


async def check_stock(item, warehouse):
    await asyncio.sleep(0.005)
    pieces = item * len(warehouse)
    log.info("%d pieces of item %d in the %s", pieces, item, warehouse, extra={"warehouse": warehouse})
    return pieces


def serve_pricing():
    """Start the service on a free port; gives the server and the port."""
    price = grpc.unary_unary_rpc_method_handler(PricingService().price, json.loads, to_json)
    server = grpc.server(ThreadPoolExecutor(4, thread_name_prefix="pricing"))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.Pricing", {"Price": price})])
    port = server.add_insecure_port("localhost:0")
    server.start()
    return server, port


class PricingClient:
    def __init__(self, port):
        self.channel = grpc.insecure_channel(f"localhost:{port}")
        self.ask = self.channel.unary_unary("/shop.Pricing/Price", to_json, json.loads)

    def price_of(self, item):
        return self.ask({"item": item}, timeout=10)

    def close(self):
        self.channel.close()
