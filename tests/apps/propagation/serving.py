"""A server whose requests name a way to go. Usage: serving.py KIND PORT LEAF_PORT

A request is ``WAY NUMBER``; each step of its work is a request to the leaf, ``/NUMBER/STEP``. A line on stdin asks for what
the threads that serve many requests are left with, as JSON; the end of stdin ends the server.
"""

import asyncio
import concurrent.futures
import http.client
import http.server
import json
import sys
import threading
import urllib.parse

import afterwards
import ways


def work_of(number, leaf_port):
    def work(step):
        connection = http.client.HTTPConnection("127.0.0.1", leaf_port, timeout=20)
        connection.request("GET", f"/{number}/{urllib.parse.quote(step)}")
        connection.getresponse().read()
        connection.close()

    return work


def serve_http_server(port, leaf_port):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            way, number = urllib.parse.unquote(self.path.lstrip("/")).rsplit(" ", 1)
            ways.do(way, work_of(number, leaf_port))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    Server(("127.0.0.1", port), Handler).serve_forever()


def serve_flask(port, leaf_port):
    import flask
    import werkzeug.serving

    class Quiet(werkzeug.serving.WSGIRequestHandler):
        def log_request(self, *_):
            pass

    app = flask.Flask("ways")

    @app.get("/<path:request>")
    def go(request):
        way, number = request.rsplit(" ", 1)
        ways.do(way, work_of(number, leaf_port))
        return "", 204

    werkzeug.serving.make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet).serve_forever()


def serve_grpc(port, leaf_port):
    import grpc

    def go(request, _):
        way, number = request.decode().rsplit(" ", 1)
        ways.do(way, work_of(number, leaf_port))
        return b""

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
    handlers = {"Go": grpc.unary_unary_rpc_method_handler(go)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("ways.Ways", handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


async def serve_grpc_aio(port, leaf_port):
    import grpc

    async def go(request, _):
        way, number = request.decode().rsplit(" ", 1)
        await ways.do_in_loop(way, work_of(number, leaf_port))
        return b""

    server = grpc.aio.server()
    handlers = {"Go": grpc.unary_unary_rpc_method_handler(go)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("ways.Ways", handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


SERVERS = {
    "http.server": serve_http_server,
    "Flask": serve_flask,
    "gRPC": serve_grpc,
    "gRPC aio": lambda *ports: asyncio.run(serve_grpc_aio(*ports)),
}

if __name__ == "__main__":
    kind, *ports = sys.argv[1:]
    threading.Thread(target=SERVERS[kind], args=[int(port) for port in ports], daemon=True).start()
    for _ in sys.stdin:
        print(json.dumps(afterwards.idle()), flush=True)
    afterwards.end()
