"""A small shop: `python app.py --requests 3` opens it, sends it three customers, and closes it.

A customer asks the front (HTTP) to order an item; the front asks the catalogue (HTTP); the catalogue asks pricing (gRPC,
in pricing.py), which looks at the stock of every warehouse. Item 13 is a mistake of ours and ends in a 500.
"""

import argparse
import http.client
import json
import logging
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from pricing import PricingClient, serve_pricing

log = logging.getLogger("shop")
UNLUCKY = 13


class Service(BaseHTTPRequestHandler):
    """Answers GET /<word>/<item> with what `answer(item)` gives."""

    def do_GET(self):
        item = int(self.path.rpartition("/")[2])
        status, answer = self.answer(item)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Stay quiet: the shop has its own log."""


class Front(Service):
    def answer(self, item):
        catalogue = http.client.HTTPConnection("localhost", self.server.catalogue_port, timeout=10)
        try:
            catalogue.request("GET", f"/item/{item}")
            response = catalogue.getresponse()
            answer = json.load(response)
        finally:
            catalogue.close()
        if response.status == 200:
            log.info("order taken: item %d for %.2f", item, answer["price"])
        return response.status, answer


class Catalogue(Service):
    def answer(self, item):
        try:
            return 200, self.server.pricing.price_of(item)
        except grpc.RpcError as error:
            log.error("item %d cannot be priced: %s", item, error.details())
            return 500, {"error": error.details()}


def serve(service, **knows):
    """Start an HTTP service on a free port, in a thread of its own."""
    server = ThreadingHTTPServer(("localhost", 0), service)
    for name, value in knows.items():
        setattr(server, name, value)
    threading.Thread(target=server.serve_forever, args=(0.05,), name=service.__name__, daemon=True).start()
    return server


def order(port, item):
    """Be a customer: ask for an item over a plain socket, as somebody outside would, and read the answer."""
    with socket.create_connection(("localhost", port), timeout=10) as connection:
        connection.sendall(f"GET /order/{item} HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n".encode())
        with connection.makefile("rb") as reply:
            status = int(reply.readline().split()[1])
            return status, reply.read().rpartition(b"\r\n\r\n")[2].decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=3, metavar="N", help="how many customers come (default: 3)")
    count = parser.parse_args().requests

    logging.basicConfig(level=logging.INFO, format="    %(levelname)s %(name)s: %(message)s", stream=sys.stdout)
    pricing_server, pricing_port = serve_pricing()
    pricing = PricingClient(pricing_port)
    catalogue = serve(Catalogue, pricing=pricing)
    front = serve(Front, catalogue_port=catalogue.server_port)
    print("the shop is open")

    items = [UNLUCKY if number == 2 else number for number in range(1, count + 1)]
    for item in items:
        status, answer = order(front.server_port, item)
        print(f"GET /order/{item} -> {status} {answer}")

    for server in (front, catalogue):
        server.shutdown()
        server.server_close()
    pricing.close()
    pricing_server.stop(grace=1).wait()
    print("the shop is closed")


if __name__ == "__main__":
    main()
