"""A server whose requests name a way to have work done by another process. Usage: serving.py KIND

A request is ``WAY NUMBER``. Prints its port; the end of stdin ends it.
"""

import asyncio
import concurrent.futures
import http.server
import multiprocessing
import os
import sys
import threading
import urllib.parse

from starting import ways_to_start
from work import show_variables

shared = {}


def go(request):
    """Does the work of one request."""
    way, number = request.rsplit(" ", 1)
    name = f"child {number}"
    if way == "executor":
        shared["executor"].submit(show_variables, name).result()
    elif way == "pool":
        shared["pool"].map(show_variables, [name])
    else:
        ways_to_start(sys.executable, name)[way]()


def serve_http_server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            go(urllib.parse.unquote(self.path.lstrip("/")))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, file=sys.stderr, flush=True)
    server.serve_forever()


def serve_flask():
    import flask
    import werkzeug.serving

    class Quiet(werkzeug.serving.WSGIRequestHandler):
        def log_request(self, *_):
            pass

    app = flask.Flask("ways")

    @app.get("/<path:request>")
    def answer(request):
        go(request)
        return "", 204

    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(server.server_port, file=sys.stderr, flush=True)
    server.serve_forever()


def serve_grpc():
    import grpc

    def answer(request, _):
        go(request.decode())
        return b""

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
    handlers = {"Go": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("ways.Ways", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, file=sys.stderr, flush=True)
    server.wait_for_termination()


async def serve_grpc_aio():
    import grpc

    async def answer(request, _):
        await asyncio.to_thread(go, request.decode())
        return b""

    server = grpc.aio.server()
    handlers = {"Go": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("ways.Ways", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, file=sys.stderr, flush=True)
    await server.wait_for_termination()


SERVERS = {
    "http.server": serve_http_server,
    "Flask": serve_flask,
    "gRPC": serve_grpc,
    "gRPC aio": lambda: asyncio.run(serve_grpc_aio()),
}

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as shared["executor"], context.Pool(2) as shared["pool"]:
        threading.Thread(target=SERVERS[sys.argv[1]], daemon=True).start()
        os.read(0, 1)  # without the lock of sys.stdin, on which a forked process would wait
