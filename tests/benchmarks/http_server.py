"""What a request costs more under ``http.server``'s instrumentation: ours on the ring, and the same patch on the SDK's providers.

    python tests/benchmarks/http_server.py [JSON FILE]

A keep-alive connection on memory streams, so that no socket is measured: ``handle_one_request`` is called for one request after
the other. ``http.server`` is loaded three times, and one copy stays bare. How it is measured is in ``sides.py``.
"""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import tempfile

from opentelemetry import propagate, trace
from opentelemetry.metrics import _internal as metrics_internal

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))

from otelrun.instrumentation import http_server
from otelrun.instrumentation.patching import Ledger
from otelrun.pipeline.propagator import build_propagator
from tests.benchmarks.sides import LOOPS, build_ours, build_sdk, measure, write_json

HEADERS = b"Host: shop.example:8080\r\nUser-Agent: probe/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
TRACEPARENT = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
REQUESTS = {
    "no traceparent": b"GET /shop/cart HTTP/1.1\r\n" + HEADERS + b"\r\n",
    "with traceparent": b"GET /shop/cart HTTP/1.1\r\n" + HEADERS + TRACEPARENT + b"\r\n",
}


class Server:
    """What a handler asks of its server."""

    server_address = ("127.0.0.1", 8080)


def load_handler(providers=None):
    """Load a copy of ``http.server`` and give its handler class, with our instrumentation on these providers if any."""
    spec = importlib.util.find_spec("http.server")
    module = importlib.util.module_from_spec(spec)
    sys.modules["http.server"] = module
    spec.loader.exec_module(module)
    if providers is not None:
        trace._TRACER_PROVIDER = providers.traces
        metrics_internal._METER_PROVIDER = providers.metrics
        http_server.apply(Ledger(), {})

    class Handler(module.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    connection(
        Handler, REQUESTS["no traceparent"], propagate.get_global_textmap()
    )()  # takes the providers of this moment
    return Handler


def connection(handler_class, request, propagator):
    """Give a function that handles ``LOOPS`` requests of one connection."""
    handler = handler_class.__new__(handler_class)
    handler.client_address = ("127.0.0.1", 50_000)
    handler.server = Server
    handler.request = handler.connection = None
    handler.close_connection = False
    requests = request * LOOPS

    def run():
        propagate.set_global_textmap(propagator)
        handler.rfile = io.BufferedReader(io.BytesIO(requests))
        handler.wfile = io.BytesIO()
        for _ in range(LOOPS):
            handler.handle_one_request()

    return run


def main():
    with tempfile.TemporaryDirectory() as directory:
        recorder, ours = build_ours(directory)
        handlers = {"bare": load_handler(), "otelrun": load_handler(ours), "sdk": load_handler(build_sdk())}
        stock = propagate.get_global_textmap()
        propagators = {"bare": stock, "otelrun": build_propagator(("tracecontext", "baggage")), "sdk": stock}
        cases = {
            case: {side: connection(handler, request, propagators[side]) for side, handler in handlers.items()}
            for case, request in REQUESTS.items()
        }
        best, dropped = measure(cases, recorder)
    print(f"{'us of CPU in the calling thread':32} {'bare':>8} {'+otelrun':>9} {'+sdk':>8} {'sdk/otelrun':>12}")
    for case, us in best.items():
        ours, sdk = us["otelrun"] - us["bare"], us["sdk"] - us["bare"]
        print(f"{case:32} {us['bare']:8.2f} {ours:9.2f} {sdk:8.2f} {sdk / ours:11.1f}x")
    write_json(best, dropped)


if __name__ == "__main__":
    main()
