"""Runs a program as one does without otelrun: the SDK first, then one instrumentor, then the program. Not a test, nor an app.

python eagerly.py ENDPOINT ENTRY_POINT PROGRAM [argument …]
"""

import atexit
import importlib.metadata
import os
import runpy
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def main(endpoint: str, name: str, program: str) -> None:
    """Run the program, here and now."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(provider)
    atexit.register(provider.shutdown)
    (entry_point,) = importlib.metadata.entry_points(group="opentelemetry_instrumentor", name=name)
    entry_point.load()().instrument()
    sys.path[0] = os.path.dirname(program)
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    del sys.argv[0]
    main(sys.argv.pop(0), sys.argv.pop(0), sys.argv[0])
