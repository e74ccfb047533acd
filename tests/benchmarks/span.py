"""What a span, a measurement and a log record cost in the program: ours, the SDK's, and the API's no-op.

    python tests/benchmarks/span.py [JSON FILE]

How it is measured is in ``sides.py``.
"""

from __future__ import annotations

import os
import sys
import tempfile

from opentelemetry import _logs, metrics, trace

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))

from tests.benchmarks.sides import LOOPS, Providers, build_ours, build_sdk, measure, write_json

ATTRIBUTES = {
    "http.request.method": "GET",
    "url.path": "/shop/cart",
    "http.response.status_code": 200,
    "user.id": "a1b2c3",
    "cart.total": 12.5,
}
FEW = {"http.request.method": "GET", "http.response.status_code": 200}


def span_with_attributes(tracer):
    for _ in range(LOOPS):
        with tracer.start_as_current_span("name", attributes=ATTRIBUTES):
            pass


def span_with_set_attribute(tracer):
    for _ in range(LOOPS):
        with tracer.start_as_current_span("name") as span:
            span.set_attribute("http.request.method", "GET")
            span.set_attribute("url.path", "/shop/cart")
            span.set_attribute("http.response.status_code", 200)
            span.set_attribute("user.id", "a1b2c3")
            span.set_attribute("cart.total", 12.5)


def child_span(tracer):
    with tracer.start_as_current_span("parent"):
        for _ in range(LOOPS):
            with tracer.start_as_current_span("name", attributes=ATTRIBUTES):
                pass


def counter_add(counter):
    for _ in range(LOOPS):
        counter.add(1, FEW)


def histogram_record(histogram):
    for _ in range(LOOPS):
        histogram.record(0.0123, FEW)


def log_emit(logger):
    for _ in range(LOOPS):
        logger.emit(body="something happened", severity_number=_logs.SeverityNumber.INFO, attributes=FEW)


def side(providers):
    """Give what one side is measured with, by case."""
    tracer, unsampled = (provider.get_tracer("benchmark", "1") for provider in providers[:2])
    meter = providers.metrics.get_meter("benchmark")
    return {
        "span, 5 attributes": (span_with_attributes, tracer),
        "span, 5 set_attribute": (span_with_set_attribute, tracer),
        "child span, 5 attributes": (child_span, tracer),
        "span not sampled": (span_with_attributes, unsampled),
        "counter add, 2 attributes": (counter_add, meter.create_counter("c")),
        "histogram record, 2 attributes": (histogram_record, meter.create_histogram("h")),
        "log record, 2 attributes": (log_emit, providers.logs.get_logger("benchmark")),
    }


def main():
    no_op = trace.NoOpTracerProvider()
    with tempfile.TemporaryDirectory() as directory:
        recorder, ours = build_ours(directory)
        sides = {
            "otelrun": side(ours),
            "sdk": side(build_sdk()),
            "no-op": side(Providers(no_op, no_op, metrics.NoOpMeterProvider(), _logs.NoOpLoggerProvider())),
        }
        cases = {
            case: {name: lambda does=those[case]: does[0](does[1]) for name, those in sides.items()}
            for case in sides["otelrun"]
        }
        best, dropped = measure(cases, recorder)
    print(f"{'us of CPU in the calling thread':32} {'otelrun':>8} {'sdk':>8} {'no-op':>8} {'sdk/otelrun':>12}")
    for case, us in best.items():
        print(f"{case:32} {us['otelrun']:8.2f} {us['sdk']:8.2f} {us['no-op']:8.2f} {us['sdk'] / us['otelrun']:11.1f}x")
    write_json(best, dropped)


if __name__ == "__main__":
    main()
