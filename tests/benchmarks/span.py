"""What a span, a measurement and a log record cost in the program: ours, the SDK's, and the API's no-op. Run it as a file.

One interleaved run: each round times every case of every side, and the least of all rounds counts. Between rounds the ring is
emptied as the agent would, outside the clock. Read the ratios; the microseconds are this machine's and this minute's.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
import tempfile
from time import thread_time_ns

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider as SdkLoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource as SdkResource
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otelrun.pipeline.limits import Limits
from otelrun.pipeline.logger import LoggerProvider
from otelrun.pipeline.meter import MeterProvider
from otelrun.pipeline.resource import ProcessResource
from otelrun.pipeline.tracer import TracerProvider
from otelrun.profile import model
from otelrun.ring.reader import RingReader
from otelrun.ring.recorder import Recorder

LOOPS = 1000
ROUNDS = int(os.environ.get("OTELRUN_BENCHMARK_ROUNDS", "15"))
ATTRIBUTES = {
    "http.request.method": "GET",
    "url.path": "/shop/cart",
    "http.response.status_code": 200,
    "user.id": "a1b2c3",
    "cart.total": 12.5,
}
FEW = {"http.request.method": "GET", "http.response.status_code": 200}


class NoExporter(SpanExporter):
    """Takes spans and does nothing."""

    def export(self, spans):
        return SpanExportResult.SUCCESS

    def shutdown(self):
        pass


class NoLogExporter(LogRecordExporter):
    """Takes log records and does nothing."""

    def export(self, batch):
        return LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis=0):
        return True

    def shutdown(self):
        pass


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


def build_ours(directory):
    resource = ProcessResource(model.Resource(attributes=(("service.name", "benchmark"),)))
    recorder = Recorder(directory, resource.attributes, data_size=1 << 22, tables_size=1 << 19, hold_ns=0)
    limits = Limits(model.SpanLimits())
    sampled = model.Sampler("parent_based", root=model.Sampler("always_on"))
    tracer = TracerProvider(recorder, sampled, limits, resource).get_tracer("benchmark", "1")
    unsampled = TracerProvider(recorder, model.Sampler("always_off"), limits, resource).get_tracer("benchmark", "1")
    meter = MeterProvider(recorder, interval_ms=60_000, cardinality_limit=2000).get_meter("benchmark")
    logger = LoggerProvider(recorder, Limits(model.LogLimits()), resource).get_logger("benchmark")
    return recorder, tracer, unsampled, meter, logger


def build_sdk():
    resource = SdkResource({"service.name": "benchmark"})
    provider = SdkTracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(NoExporter()))
    off = SdkTracerProvider(resource=resource, shutdown_on_exit=False, sampler=ALWAYS_OFF)
    meters = SdkMeterProvider([InMemoryMetricReader()], resource=resource, shutdown_on_exit=False)
    logs = SdkLoggerProvider(resource, shutdown_on_exit=False)
    logs.add_log_record_processor(BatchLogRecordProcessor(NoLogExporter()))
    return provider.get_tracer("b"), off.get_tracer("b"), meters.get_meter("b"), logs.get_logger("b")


def cases(tracer, unsampled, meter, logger):
    return {
        "span, 5 attributes": (span_with_attributes, tracer),
        "span, 5 set_attribute": (span_with_set_attribute, tracer),
        "child span, 5 attributes": (child_span, tracer),
        "span not sampled": (span_with_attributes, unsampled),
        "counter add, 2 attributes": (counter_add, meter.create_counter("c")),
        "histogram record, 2 attributes": (histogram_record, meter.create_histogram("h")),
        "log record, 2 attributes": (log_emit, logger),
    }


def main():
    no_op = trace.NoOpTracer()
    with tempfile.TemporaryDirectory() as directory:
        recorder, *ours = build_ours(directory)
        sides = {
            "otelrun": cases(*ours),
            "sdk": cases(*build_sdk()),
            "no-op": cases(no_op, no_op, metrics.NoOpMeter("b"), _logs.NoOpLogger("b")),
        }
        reader = RingReader(recorder.writer.path)
        best = {side: dict.fromkeys(those, float("inf")) for side, those in sides.items()}
        for _ in range(ROUNDS):
            for case in sides["otelrun"]:
                for side, those in sides.items():
                    run, target = those[case]
                    reader.position = reader._words[2]  # everything published is read
                    reader.commit()
                    gc.collect()
                    begun = thread_time_ns()
                    run(target)
                    best[side][case] = min(best[side][case], (thread_time_ns() - begun) / LOOPS / 1000)
        dropped = reader.counts().dropped
        reader.close()
    report(best, dropped)


def report(best, dropped):
    print(f"{'us of CPU in the calling thread':32} {'otelrun':>8} {'sdk':>8} {'no-op':>8} {'sdk/otelrun':>12}")
    for case, ours in best["otelrun"].items():
        sdk, no_op = best["sdk"][case], best["no-op"][case]
        print(f"{case:32} {ours:8.2f} {sdk:8.2f} {no_op:8.2f} {sdk / ours:11.1f}x")
    facts = {"python": platform.python_version(), "machine": platform.platform(), "cpus": os.cpu_count()}
    result = {"us": best, "dropped": dropped, "facts": facts}
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    print(f"dropped: {sum(dropped.values())}; {facts['python']} on {facts['machine']}, {facts['cpus']} CPUs")


if __name__ == "__main__":
    main()
