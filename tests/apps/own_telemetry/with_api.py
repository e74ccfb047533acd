"""A program with spans, metrics and log records of its own, made with OpenTelemetry's API, around an HTTP exchange."""

import os
import runpy

from opentelemetry import metrics, trace

meter = metrics.get_meter("own")
meter.create_counter("orders").add(2)
meter.create_histogram("size").record(1.5)
meter.create_observable_gauge("stock", [lambda _: [metrics.Observation(4)]])
with trace.get_tracer("own").start_as_current_span("order") as span:
    span.set_attribute("item", 7)
    runpy.run_path(os.path.join(os.path.dirname(__file__), "..", "exchange", "exchange.py"))
