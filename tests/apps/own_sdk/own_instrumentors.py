"""A program that calls upstream's instrumentors itself. Arguments name what it does."""

import asyncio
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def use_requests():
    from opentelemetry.instrumentation.requests import RequestsInstrumentor  # noqa: I001 - this one imports the other

    import requests

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    print(RequestsInstrumentor().is_instrumented_by_opentelemetry)
    RequestsInstrumentor().instrument(request_hook=lambda span, _: span.update_name("mine"))
    print(RequestsInstrumentor().is_instrumented_by_opentelemetry)
    requests.get(f"http://127.0.0.1:{server.server_port}/", timeout=10)
    RequestsInstrumentor().uninstrument()
    requests.get(f"http://127.0.0.1:{server.server_port}/", timeout=10)
    server.shutdown()
    thread.join()
    server.server_close()


async def ask(app):
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            print(message["status"])

    scope = {"type": "http", "method": "GET", "path": "/hello", "headers": [], "query_string": b"", "scheme": "http"}
    await app({**scope, "asgi": {"version": "3.0"}, "http_version": "1.1", "server": ("host", 80)}, receive, send)


def make_application():
    from fastapi import FastAPI

    app = FastAPI()
    print(type(app) is FastAPI, FastAPI.__module__, "build_middleware_stack" in vars(app))

    @app.get("/hello")
    def hello():
        return "hello"

    return app


def use_fastapi():
    """One application that it instruments itself, and one that it does not."""
    import fastapi  # noqa: F401 - as most programs do, before the instrumentor
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    mine, other = make_application(), make_application()
    FastAPIInstrumentor.instrument_app(mine, server_request_hook=lambda span, _: span.update_name("mine"))
    asyncio.run(ask(mine))
    asyncio.run(ask(mine))
    asyncio.run(ask(other))


def use_flask():
    """One application that it instruments itself, and one that it does not, both behind ``http.server``."""
    from flask import Flask
    from opentelemetry import trace
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    mine, other = Flask("mine"), Flask("other")
    FlaskInstrumentor.instrument_app(mine)
    for app in (mine, other):
        print(type(app) is Flask, app.before_request_funcs.keys())

        @app.get("/<name>")
        def hello(name):
            with trace.get_tracer("app").start_as_current_span(name):
                return name

        exchange(app)
    for span in exporter.get_finished_spans():
        print(span.name, span.kind, span.parent is None)


def exchange(app):
    """Make a request of a client that knows of no trace."""
    import socket
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    with socket.create_connection(server.server_address) as client:
        client.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
        print(client.makefile("rb").readlines()[-1])
    thread.join()
    server.server_close()


def serve_grpc(make_server, make_channel):
    import grpc

    handler = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    with ThreadPoolExecutor(1) as pool:
        server = make_server(pool)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("Echo", {"Say": handler}),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with make_channel(f"127.0.0.1:{port}") as channel:
            print(channel.unary_unary("/Echo/Say")(b"hello"))
        server.stop(None).wait()


def use_grpc():
    import grpc
    from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient, GrpcInstrumentorServer

    GrpcInstrumentorServer().instrument()
    GrpcInstrumentorClient().instrument()
    serve_grpc(lambda pool: grpc.server(pool), lambda target: grpc.insecure_channel(target))


def use_grpc_interceptors():
    import grpc
    from opentelemetry.instrumentation.grpc import client_interceptor, server_interceptor
    from opentelemetry.instrumentation.grpc.grpcext import intercept_channel

    serve_grpc(
        lambda pool: grpc.server(pool, interceptors=[server_interceptor()]),
        lambda target: intercept_channel(grpc.insecure_channel(target), client_interceptor()),
    )


def use_logging():
    from opentelemetry.instrumentation.logging import LoggingInstrumentor

    LoggingInstrumentor().instrument(set_logging_format=True, logging_format="%(name)s %(otelTraceID)s %(message)s")
    logging.getLogger("mine").warning("one")


def main():
    for name in sys.argv[1:]:
        globals()[f"use_{name}"]()


if __name__ == "__main__":
    main()
