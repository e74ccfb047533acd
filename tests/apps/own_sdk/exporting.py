"""A program that exports by itself: spans and log records over OTLP to $OWN_ENDPOINT, around a WSGI request it makes to itself.

It has a WSGI middleware and an instrumentor of upstream's, a sampler that follows the parent, and a handler for logging.
Arguments: ``--sample RATIO`` of its root spans (1).
"""

import logging
import os
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import requests
from opentelemetry import _logs, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.utils import _start_internal_or_server_span
from opentelemetry.propagators.textmap import Getter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

tracer = trace.get_tracer("app")
log = logging.getLogger("app")


class Environ(Getter):
    def get(self, carrier, key):
        value = carrier.get("HTTP_" + key.upper().replace("-", "_"))
        return [value] if value else None

    def keys(self, carrier):
        return list(carrier)


def middleware(app):
    """Make the span of a request as upstream's WSGI and Flask instrumentations do."""
    own = trace.get_tracer("opentelemetry.instrumentation.wsgi")

    def call(environ, start_response):
        span, _ = _start_internal_or_server_span(own, "GET /own", None, environ, Environ())
        with trace.use_span(span, end_on_exit=True):
            return app(environ, start_response)

    return call


def application(environ, start_response):
    with tracer.start_as_current_span("work"):
        log.warning("working")
        log.info("a detail")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def exchange(app):
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    print(requests.get(f"http://127.0.0.1:{server.server_port}/", timeout=10).text)
    thread.join()
    server.server_close()


def main():
    endpoint = os.environ["OWN_ENDPOINT"]
    ratio = float(sys.argv[sys.argv.index("--sample") + 1]) if "--sample" in sys.argv else 1.0
    spans = TracerProvider(sampler=ParentBasedTraceIdRatio(ratio))
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(spans)
    logs = LoggerProvider()
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{endpoint}/v1/logs")))
    _logs.set_logger_provider(logs)
    handler = LoggingHandler(level=logging.WARNING, logger_provider=logs)
    logging.getLogger().addHandler(handler)
    log.setLevel(logging.INFO)

    exchange(application)  # seen by otelrun alone
    RequestsInstrumentor().instrument(tracer_provider=spans)
    exchange(middleware(application))  # seen by the program's own instrumentations
    print(trace.get_tracer_provider() is spans, RequestsInstrumentor().is_instrumented_by_opentelemetry)
    logging.getLogger().removeHandler(handler)  # whose flush at the end is noisy from CPython 3.12 on


if __name__ == "__main__":
    main()
