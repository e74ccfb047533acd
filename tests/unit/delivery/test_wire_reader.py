from __future__ import annotations

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from otelrun.delivery import wire_reader
from tests.unit.delivery import reference

TRACE_ID = bytes(range(16))


def resource_spans(service, *scopes):
    resource = Resource(attributes=reference.attributes({"service.name": service}))
    made = [ScopeSpans(spans=[Span(name=name) for name in names], schema_url="here") for names in scopes]
    return ResourceSpans(resource=resource, scope_spans=made, schema_url="there")


REQUEST = ExportTraceServiceRequest(
    resource_spans=[resource_spans("a", "xy", "z"), resource_spans("b", "v")]
).SerializeToString()


def test_records_lie_where_they_are_found():
    names = [Span.FromString(REQUEST[start:end]).name for start, end in wire_reader.records("spans", REQUEST)]
    assert names == ["x", "y", "z", "v"]


def test_selected_records_keep_their_resource_and_scope_and_empty_ones_go():
    selected = wire_reader.select("spans", REQUEST, lambda index: index == 1)
    assert ExportTraceServiceRequest.FromString(selected) == ExportTraceServiceRequest(
        resource_spans=[resource_spans("a", "y")]
    )
    assert wire_reader.select("spans", REQUEST, lambda _: True) == REQUEST
    assert wire_reader.select("spans", REQUEST, lambda _: False) == b""


def test_points_of_one_metric_are_records_of_their_own():
    def request(*values):
        points = [NumberDataPoint(as_int=value) for value in values]
        metric = Metric(name="m", unit="1", sum=Sum(data_points=points, aggregation_temporality=2, is_monotonic=True))
        return ExportMetricsServiceRequest(
            resource_metrics=[ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=[metric])])]
        )

    whole = request(1, 2, 3).SerializeToString()
    assert len(wire_reader.records("metrics", whole)) == 3
    part = wire_reader.select("metrics", whole, lambda index: index != 1)
    assert ExportMetricsServiceRequest.FromString(part) == request(1, 3)


@pytest.mark.parametrize(
    ("span", "is_error"),
    [
        (Span(trace_id=TRACE_ID, name="a", status=Status(code=2, message="broken")), True),
        (Span(trace_id=TRACE_ID, name="a", status=Status(code=1)), False),
        (Span(trace_id=TRACE_ID, name="a", start_time_unix_nano=5, flags=1), False),
    ],
)
def test_span_tells_its_trace_and_whether_it_failed(span, is_error):
    assert wire_reader.trace_of(span.SerializeToString()) == (TRACE_ID, is_error)


def test_log_record_tells_its_severity():
    record = LogRecord(time_unix_nano=1, severity_number=17, severity_text="ERROR")
    assert wire_reader.severity_of(record.SerializeToString()) == 17
    assert wire_reader.severity_of(LogRecord().SerializeToString()) == 0


@pytest.mark.parametrize("cut", range(1, len(REQUEST), 7))
def test_what_is_cut_off_or_no_message_is_read_as_far_as_it_goes(cut):
    assert len(wire_reader.records("spans", REQUEST[:cut])) <= 4
    assert isinstance(wire_reader.fields(REQUEST[cut:]), list)
