"""What the benchmarks have in common: our providers on a real ring, the SDK's with exporters that do nothing, and the clock.

One interleaved run: each round times every case of every side, and the least of all rounds counts. Before each timing the ring is
emptied as the agent would, outside the clock. Read the ratios; the microseconds are this machine's and this minute's.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
from time import thread_time_ns
from typing import NamedTuple

from opentelemetry.sdk._logs import LoggerProvider as SdkLoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource as SdkResource
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from otelrun.pipeline.limits import Limits
from otelrun.pipeline.logger import LoggerProvider
from otelrun.pipeline.meter import MeterProvider
from otelrun.pipeline.resource import ProcessResource
from otelrun.pipeline.tracer import TracerProvider
from otelrun.profile import model
from otelrun.ring.reader import RingReader
from otelrun.ring.recorder import Recorder, Sizes

LOOPS = 1000
ROUNDS = int(os.environ.get("OTELRUN_BENCHMARK_ROUNDS", "15"))


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


class Providers(NamedTuple):
    """The providers of one side."""

    traces: object
    unsampled: object
    metrics: object
    logs: object


def build_ours(directory):
    """Give a recorder whose rings are in ``directory``, and our providers on it."""
    resource = ProcessResource(model.Resource(attributes=(("service.name", "benchmark"),)))
    recorder = Recorder(directory, resource.attributes, sizes=Sizes(1 << 22, 1 << 19, 1 << 19), hold_ns=0)
    limits = Limits(model.SpanLimits())
    sampled = model.Sampler("parent_based", root=model.Sampler("always_on"))
    return recorder, Providers(
        TracerProvider(recorder, sampled, limits, resource),
        TracerProvider(recorder, model.Sampler("always_off"), limits, resource),
        MeterProvider(recorder, interval_ms=60_000, cardinality_limit=2000),
        LoggerProvider(recorder, Limits(model.LogLimits()), resource),
    )


def build_sdk():
    """Give the SDK's providers with batch processors that export nowhere."""
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    resource = SdkResource({"service.name": "benchmark"})
    traces = SdkTracerProvider(resource=resource, shutdown_on_exit=False)
    traces.add_span_processor(BatchSpanProcessor(NoExporter()))
    unsampled = SdkTracerProvider(resource=resource, shutdown_on_exit=False, sampler=ALWAYS_OFF)
    meters = SdkMeterProvider([InMemoryMetricReader()], resource=resource, shutdown_on_exit=False)
    logs = SdkLoggerProvider(resource, shutdown_on_exit=False)
    logs.add_log_record_processor(BatchLogRecordProcessor(NoLogExporter()))
    return Providers(traces, unsampled, meters, logs)


def measure(cases, recorder):
    """Time every case of every side.

    Args:
        cases: case → side → a function that does the thing ``LOOPS`` times.
        recorder: whose ring is emptied.

    Returns:
        µs of CPU of this thread for one time, case → side; and what the ring dropped.
    """
    reader = RingReader(recorder.writer.path)
    best = {case: dict.fromkeys(sides, float("inf")) for case, sides in cases.items()}
    for _ in range(ROUNDS):
        for case, sides in cases.items():
            for side, run in sides.items():
                reader.position = reader._words[2]  # everything published is read
                reader.commit()
                gc.collect()
                begun = thread_time_ns()
                run()
                best[case][side] = min(best[case][side], (thread_time_ns() - begun) / LOOPS / 1000)
    dropped = reader.counts().dropped
    reader.close()
    return best, dropped


def facts():
    """Say where this was measured."""
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def write_json(best, dropped):
    """Write the result to the file named on the command line, if one is, and print the machine's facts."""
    where = facts()
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            json.dump({"us": best, "dropped": dropped, "facts": where}, file, indent=1)
    print(f"dropped: {sum(dropped.values())}; {where['python']} on {where['machine']}, {where['cpus']} CPUs")
