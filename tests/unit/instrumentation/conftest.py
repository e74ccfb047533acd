"""Stock SDK providers, fresh for each test, and patches that are undone after it."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry._logs import _internal as logs_internal
from opentelemetry.metrics import _internal as metrics_internal
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otelrun.environment_variables import OTELRUN_STRICT
from otelrun.instrumentation import sources
from otelrun.instrumentation.patching import Ledger


class Telemetry:
    """What the test's program has produced."""

    def __init__(self):
        self._spans = InMemorySpanExporter()
        self._logs = InMemoryLogRecordExporter()
        self._metrics = InMemoryMetricReader()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self.logger_provider = LoggerProvider()
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.meter_provider = MeterProvider(metric_readers=[self._metrics])

    def spans(self):
        return list(self._spans.get_finished_spans())

    def span(self):
        (span,) = self.spans()
        return span

    def logs(self):
        return [data.log_record for data in self._logs.get_finished_logs()]

    def scopes_of_logs(self):
        return [data.instrumentation_scope.name for data in self._logs.get_finished_logs()]

    def points(self, name):
        data = self._metrics.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def telemetry(monkeypatch):
    telemetry = Telemetry()
    monkeypatch.setenv(OTELRUN_STRICT, "1")
    monkeypatch.setattr(sources, "logs", sources.Logs())
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", telemetry.tracer_provider)
    monkeypatch.setattr(metrics_internal, "_METER_PROVIDER", telemetry.meter_provider)
    monkeypatch.setattr(logs_internal, "_LOGGER_PROVIDER", telemetry.logger_provider)
    yield telemetry
    telemetry.tracer_provider.shutdown()
    telemetry.logger_provider.shutdown()
    telemetry.meter_provider.shutdown()


@pytest.fixture
def tracer(telemetry):
    return telemetry.tracer_provider.get_tracer("test")


@pytest.fixture
def ledger():
    ledger = Ledger()
    yield ledger
    ledger.undo()
