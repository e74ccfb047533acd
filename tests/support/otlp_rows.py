"""What an OTLP request holds, as frozen rows of plain Python values. Decoding only: no sockets, no threads.

Identifiers are lower-case hex; the empty string where OTLP has none. Names of kinds, states and types are the
specification's without their prefix (``SERVER``, ``ERROR``, ``CUMULATIVE``).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REQUESTS = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
}
RESPONSES = {
    "traces": trace_service_pb2.ExportTraceServiceResponse,
    "logs": logs_service_pb2.ExportLogsServiceResponse,
    "metrics": metrics_service_pb2.ExportMetricsServiceResponse,
}
_GROUPS = {
    "traces": ("scope_spans", "spans"),
    "logs": ("scope_logs", "log_records"),
    "metrics": ("scope_metrics", "metrics"),
}
_HEX_FIELDS = ("traceId", "spanId", "parentSpanId")


@dataclass(frozen=True)
class ScopeRow:
    """An instrumentation scope."""

    name: str
    version: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    schema_url: str = ""


@dataclass(frozen=True)
class ResourceRow:
    """The resource of one request's part, with the signal it came with (``traces``, ``logs``, ``metrics``)."""

    signal: str
    attributes: dict[str, Any]
    schema_url: str = ""


@dataclass(frozen=True)
class EventRow:
    """A span event."""

    name: str
    attributes: dict[str, Any]
    time_ns: int


@dataclass(frozen=True)
class LinkRow:
    """A span link."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class SpanRow:
    """A span. ``flags`` are OTLP's (trace flags in the low byte, 0x100 and 0x200 say whether the parent is remote)."""

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: str
    attributes: dict[str, Any]
    events: tuple[EventRow, ...]
    links: tuple[LinkRow, ...]
    status: str
    status_description: str
    start_ns: int
    end_ns: int
    scope: ScopeRow
    resource: dict[str, Any]
    flags: int
    trace_state: str


@dataclass(frozen=True)
class LogRow:
    """A log record."""

    trace_id: str
    span_id: str
    body: Any
    severity_number: int
    severity_text: str
    event_name: str
    attributes: dict[str, Any]
    time_ns: int
    observed_ns: int
    scope: ScopeRow
    resource: dict[str, Any]
    flags: int


@dataclass(frozen=True)
class PointRow:
    """A data point: ``value`` of a sum or gauge, the other numbers of a histogram."""

    attributes: dict[str, Any]
    start_ns: int
    time_ns: int
    value: float | None = None
    count: int | None = None
    sum: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    bounds: tuple[float, ...] = ()
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True)
class MetricRow:
    """A metric with its points. ``type`` is OTLP's field name: ``sum``, ``gauge``, ``histogram`` …"""

    name: str
    unit: str
    description: str
    type: str
    points: tuple[PointRow, ...]
    temporality: str
    is_monotonic: bool
    scope: ScopeRow
    resource: dict[str, Any]


def parse(signal: str, content_type: str, body: bytes) -> Any:
    """Parse the body of a request.

    Args:
        signal: ``traces``, ``logs`` or ``metrics``.
        content_type: ``application/x-protobuf`` or ``application/json``, parameters allowed.
        body: uncompressed.

    Raises:
        ValueError: the content type is neither, or the body is not such a message.
    """
    message = REQUESTS[signal]()
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/x-protobuf":
            message.ParseFromString(body)
        elif kind == "application/json":
            json_format.ParseDict(_with_base64_ids(json.loads(body)), message)
        else:
            raise ValueError(f"content type {content_type!r}")
    except Exception as error:
        raise ValueError(f"{signal}: {error}") from error
    return message


def _with_base64_ids(value: Any) -> Any:
    """OTLP/JSON writes identifiers in hex where protobuf's own JSON mapping wants base64."""
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode() if key in _HEX_FIELDS else _with_base64_ids(item)
        for key, item in value.items()
    }


def resource_rows(signal: str, request: Any) -> Iterator[ResourceRow]:
    """Give the resource of each part of a request."""
    for part in _parts(signal, request):
        yield ResourceRow(signal, _attributes(part.resource.attributes), part.schema_url)


def count(signal: str, request: Any) -> int:
    """Count the spans, log records or metrics of a request without making rows."""
    groups, records = _GROUPS[signal]
    return sum(len(getattr(group, records)) for part in _parts(signal, request) for group in getattr(part, groups))


def span_ids(request: Any) -> list[bytes]:
    """Give the ids of the spans of an ExportTraceServiceRequest without making rows."""
    return [span.span_id for part in request.resource_spans for group in part.scope_spans for span in group.spans]


def span_rows(request: Any) -> Iterator[SpanRow]:
    """Give the spans of an ExportTraceServiceRequest in their order."""
    for part in request.resource_spans:
        resource = _attributes(part.resource.attributes)
        for scoped in part.scope_spans:
            scope = _scope(scoped)
            for span in scoped.spans:
                yield SpanRow(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_span_id=span.parent_span_id.hex(),
                    name=span.name,
                    kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    attributes=_attributes(span.attributes),
                    events=tuple(EventRow(e.name, _attributes(e.attributes), e.time_unix_nano) for e in span.events),
                    links=tuple(
                        LinkRow(link.trace_id.hex(), link.span_id.hex(), _attributes(link.attributes))
                        for link in span.links
                    ),
                    status=trace_pb2.Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_"),
                    status_description=span.status.message,
                    start_ns=span.start_time_unix_nano,
                    end_ns=span.end_time_unix_nano,
                    scope=scope,
                    resource=resource,
                    flags=span.flags,
                    trace_state=span.trace_state,
                )


def log_rows(request: Any) -> Iterator[LogRow]:
    """Give the log records of an ExportLogsServiceRequest in their order."""
    for part in request.resource_logs:
        resource = _attributes(part.resource.attributes)
        for scoped in part.scope_logs:
            scope = _scope(scoped)
            for record in scoped.log_records:
                yield LogRow(
                    trace_id=record.trace_id.hex(),
                    span_id=record.span_id.hex(),
                    body=_value(record.body),
                    severity_number=record.severity_number,
                    severity_text=record.severity_text,
                    event_name=record.event_name,
                    attributes=_attributes(record.attributes),
                    time_ns=record.time_unix_nano,
                    observed_ns=record.observed_time_unix_nano,
                    scope=scope,
                    resource=resource,
                    flags=record.flags,
                )


def metric_rows(request: Any) -> Iterator[MetricRow]:
    """Give the metrics of an ExportMetricsServiceRequest in their order."""
    for part in request.resource_metrics:
        resource = _attributes(part.resource.attributes)
        for scoped in part.scope_metrics:
            scope = _scope(scoped)
            for metric in scoped.metrics:
                kind = metric.WhichOneof("data") or ""
                data = getattr(metric, kind) if kind else None
                temporality = getattr(data, "aggregation_temporality", None)
                yield MetricRow(
                    name=metric.name,
                    unit=metric.unit,
                    description=metric.description,
                    type=kind,
                    points=tuple(_point(point) for point in data.data_points) if data is not None else (),
                    temporality=""
                    if temporality is None
                    else metrics_pb2.AggregationTemporality.Name(temporality).removeprefix("AGGREGATION_TEMPORALITY_"),
                    is_monotonic=getattr(data, "is_monotonic", False),
                    scope=scope,
                    resource=resource,
                )


def _point(point: Any) -> PointRow:
    common = (_attributes(point.attributes), point.start_time_unix_nano, point.time_unix_nano)
    if isinstance(point, metrics_pb2.NumberDataPoint):
        kind = point.WhichOneof("value")
        return PointRow(*common, value=getattr(point, kind) if kind else None)
    is_explicit = isinstance(point, metrics_pb2.HistogramDataPoint)
    has_range = not isinstance(point, metrics_pb2.SummaryDataPoint)
    return PointRow(
        *common,
        count=point.count,
        sum=point.sum,
        minimum=point.min if has_range and point.HasField("min") else None,
        maximum=point.max if has_range and point.HasField("max") else None,
        bounds=tuple(point.explicit_bounds) if is_explicit else (),
        buckets=tuple(point.bucket_counts) if is_explicit else (),
    )


def _parts(signal: str, request: Any) -> Iterable[Any]:
    return getattr(
        request, {"traces": "resource_spans", "logs": "resource_logs", "metrics": "resource_metrics"}[signal]
    )


def _scope(scoped: Any) -> ScopeRow:
    scope = scoped.scope
    return ScopeRow(scope.name, scope.version, _attributes(scope.attributes), scoped.schema_url)


def _attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind)
