"""A program that brings its own OpenTelemetry: an SDK, with providers of its own for all signals, around an HTTP exchange."""

import contextlib
import os
import runpy

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult


class Keeping(SpanExporter):
    names = []

    def export(self, spans):
        self.names += [span.name for span in spans]
        return SpanExportResult.SUCCESS


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(Keeping()))
trace.set_tracer_provider(provider)
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
_logs.set_logger_provider(LoggerProvider())
metrics.get_meter("own").create_counter("orders").add(2)
with contextlib.suppress(SystemExit), trace.get_tracer("own").start_as_current_span("order"):
    runpy.run_path(os.path.join(os.path.dirname(__file__), "..", "exchange", "exchange.py"))
provider.shutdown()
print("spans:", sorted(Keeping.names))
(resource,) = reader.get_metrics_data().resource_metrics
print("metrics:", sorted(metric.name for scope in resource.scope_metrics for metric in scope.metrics))
