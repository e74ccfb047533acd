"""Calls of each kind that are answered well, badly and not at all, over HTTP and gRPC, with log lines of each kind."""

import asyncio
import http.client
import http.server
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc.aio

logging.basicConfig(level="DEBUG", format="%(levelname)s %(message)s")
logging.getLogger("asyncio").setLevel("CRITICAL")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/raise":
            raise LookupError(self.path)
        self.send_response(int(self.path.partition("?")[0].lstrip("/")))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_BREW = do_POST = do_GET

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


def call_http():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,)).start()
    for method, path in (("GET", "/200?sig=secret"), ("POST", "/404"), ("GET", "/500"), ("BREW", "/200"), ("GET", "/raise")):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        try:
            connection.request(method, path, headers={"User-Agent": "exchange"})
            connection.getresponse().read()
        except http.client.RemoteDisconnected:
            logging.exception("not answered")
        connection.close()
    with socket.create_connection(server.server_address) as broken:
        broken.sendall(b"GET nowhere at all HTTP/9.9.9\r\n\r\n")
        while broken.recv(4096):
            pass
    port = server.server_port
    server.shutdown()
    server.server_close()
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=20).request("GET", "/")
    except OSError:
        logging.warning("refused", extra={"attempt": 1}, stack_info=True)


def echo(request, context):
    if request == b"abort":
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    if request == b"raise":
        raise LookupError(request)
    return request


async def echo_later(request, context):
    if request == b"abort":
        await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    if request == b"raise":
        raise LookupError(request)
    return request


def repeat(requests, context):
    yield from requests


async def repeat_later(requests, context):
    async for request in requests:
        yield request


def handlers(unary, stream):
    methods = {"Echo": grpc.unary_unary_rpc_method_handler(unary), "Repeat": grpc.stream_stream_rpc_method_handler(stream)}
    return (grpc.method_handlers_generic_handler("things.Things", methods),)


def call_grpc(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for request in (b"well", b"abort", b"raise"):
            try:
                channel.unary_unary("/things.Things/Echo")(request, timeout=20)
            except grpc.RpcError as error:
                logging.info("%s", error.code())
        list(channel.stream_stream("/things.Things/Repeat")(iter((b"a", b"b")), timeout=20))
        try:
            channel.unary_unary("/things.Things/Unknown")(b"", timeout=20)
        except grpc.RpcError as error:
            logging.info("%s", error.code())


async def call_grpc_aio(port):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for request in (b"well", b"abort", b"raise"):
            try:
                await channel.unary_unary("/things.Things/Echo")(request, timeout=20)
            except grpc.aio.AioRpcError as error:
                logging.info("%s", error.code())
        async for _ in channel.stream_stream("/things.Things/Repeat")(iter((b"a", b"b")), timeout=20):
            pass


async def serve_grpc_aio():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(handlers(echo_later, repeat_later))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await asyncio.to_thread(call_grpc, port)
    await call_grpc_aio(port)
    await asyncio.gather(fail_in_a_task(), return_exceptions=True)
    await server.stop(None)


async def fail_in_a_task():
    await asyncio.create_task(check_stock())


async def check_stock():
    await asyncio.sleep(0)
    raise LookupError


call_http()
with ThreadPoolExecutor(2) as pool:
    sync_server = grpc.server(pool, handlers=handlers(echo, repeat))
    sync_port = sync_server.add_insecure_port("127.0.0.1:0")
    sync_server.start()
    call_grpc(sync_port)
    asyncio.run(call_grpc_aio(sync_port))
    sync_server.stop(None).wait()
asyncio.run(serve_grpc_aio())
print("all exchanged")
