"""The same requests built with opentelemetry-proto's messages: what the hand-packed bytes are compared with."""

from __future__ import annotations

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics, ScopeMetrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status


def value(plain):
    if plain is None:
        return AnyValue()
    if isinstance(plain, bool):
        return AnyValue(bool_value=plain)
    if isinstance(plain, str):
        return AnyValue(string_value=plain)
    if isinstance(plain, int):
        return AnyValue(int_value=plain)
    if isinstance(plain, float):
        return AnyValue(double_value=plain)
    if isinstance(plain, bytes):
        return AnyValue(bytes_value=plain)
    if isinstance(plain, dict):
        return AnyValue(kvlist_value=KeyValueList(values=attributes(plain)))
    return AnyValue(array_value=ArrayValue(values=[value(item) for item in plain]))


def attributes(plain):
    return [KeyValue(key=key, value=value(item)) for key, item in plain.items()]


def scope(plain):
    return InstrumentationScope(name=plain.name, version=plain.version, attributes=attributes(plain.attributes))


def span(record):
    return Span(
        trace_id=record.trace_id.to_bytes(16, "big"),
        span_id=record.span_id.to_bytes(8, "big"),
        trace_state=record.trace_state,
        parent_span_id=record.parent_span_id.to_bytes(8, "big") if record.parent_span_id else b"",
        flags=record.flags,
        name=record.name,
        kind=record.kind + 1,
        start_time_unix_nano=record.start_ns,
        end_time_unix_nano=record.end_ns,
        attributes=attributes(record.attributes),
        dropped_attributes_count=record.dropped_attributes,
        events=[
            Span.Event(
                time_unix_nano=event.time_ns,
                name=event.name,
                attributes=attributes(event.attributes),
                dropped_attributes_count=event.dropped_attributes,
            )
            for event in record.events
        ],
        dropped_events_count=record.dropped_events,
        links=[
            Span.Link(
                trace_id=link.trace_id.to_bytes(16, "big"),
                span_id=link.span_id.to_bytes(8, "big"),
                trace_state=link.trace_state,
                attributes=attributes(link.attributes),
                dropped_attributes_count=link.dropped_attributes,
                flags=link.flags,
            )
            for link in record.links
        ],
        dropped_links_count=record.dropped_links,
        status=Status(code=record.status, message=record.status_description)
        if record.status or record.status_description
        else None,
    )


def log_record(record):
    return LogRecord(
        time_unix_nano=record.time_ns,
        observed_time_unix_nano=record.observed_ns,
        severity_number=record.severity_number,
        severity_text=record.severity_text,
        body=None if record.body is None else value(record.body),
        attributes=attributes(record.attributes),
        dropped_attributes_count=record.dropped_attributes,
        flags=record.flags,
        trace_id=record.trace_id.to_bytes(16, "big") if record.trace_id else b"",
        span_id=record.span_id.to_bytes(8, "big") if record.span_id else b"",
        event_name=record.event_name,
    )


def trace_request(resource, schema_url, scopes, records):
    return ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(attributes=attributes(resource)),
                scope_spans=[
                    ScopeSpans(
                        scope=scope(plain),
                        spans=[span(record) for record in records if record.scope == scope_id],
                        schema_url=plain.schema_url,
                    )
                    for scope_id, plain in scopes.items()
                ],
                schema_url=schema_url,
            )
        ]
    ).SerializeToString()


def logs_request(resource, schema_url, scopes, records):
    return ExportLogsServiceRequest(
        resource_logs=[
            ResourceLogs(
                resource=Resource(attributes=attributes(resource)),
                scope_logs=[
                    ScopeLogs(
                        scope=scope(plain),
                        log_records=[log_record(record) for record in records if record.scope == scope_id],
                        schema_url=plain.schema_url,
                    )
                    for scope_id, plain in scopes.items()
                ],
                schema_url=schema_url,
            )
        ]
    ).SerializeToString()


def metrics_request(resource, scope_plain, metrics):
    return ExportMetricsServiceRequest(
        resource_metrics=[
            ResourceMetrics(
                resource=Resource(attributes=attributes(resource)),
                scope_metrics=[
                    ScopeMetrics(scope=scope(scope_plain), metrics=metrics, schema_url=scope_plain.schema_url)
                ],
            )
        ]
    ).SerializeToString()
