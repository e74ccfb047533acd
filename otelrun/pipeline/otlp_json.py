"""Exporters for the SDK that write OTLP/JSON, one line per export, by the specification's "OTLP File Exporter".

Ids are hex, 64-bit integers are strings, enumerations are numbers, bytes are base64.
"""

from __future__ import annotations

import json
import os
import sys
from _thread import allocate_lock
from binascii import b2a_base64
from collections.abc import Mapping, Sequence

from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import (
    ExponentialHistogram,
    Histogram,
    MetricExporter,
    MetricExportResult,
    Sum,
)
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILE_SCHEME = "file://"
_HAS_REMOTE = 0x100
_IS_REMOTE = 0x200


class JsonLines:
    """A file, or stdout, that lines of JSON are appended to."""

    def __init__(self, output_stream: str) -> None:
        """Open ``stdout`` or ``file:///absolute/path``, for this user only where it is new.

        Raises:
            OSError: the file cannot be opened.
        """
        self._lock = allocate_lock()
        path = output_stream.removeprefix(_FILE_SCHEME)
        self._file: Any = None
        if output_stream != "stdout":
            self._file = open(path, "a", encoding="utf-8", opener=_open_private)  # noqa: SIM115 - kept open

    def write(self, document: dict[str, Any]) -> None:
        """Append one line."""
        line = json.dumps(document, separators=(",", ":")) + "\n"
        with self._lock:
            file = self._file or sys.stdout
            file.write(line)
            file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o600)


class JsonSpanExporter(SpanExporter):
    """Writes spans."""

    def __init__(self, output_stream: str) -> None:
        """Open the stream; see ``JsonLines``."""
        self._lines = JsonLines(output_stream)

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        """Write one line with all ``spans``."""
        scopes = _by_scope(spans, lambda span: span.instrumentation_scope, encode_span)
        self._lines.write({"resourceSpans": _resources(scopes, "scopeSpans", "spans")})
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        self._lines.close()


class JsonLogRecordExporter(LogRecordExporter):
    """Writes log records."""

    def __init__(self, output_stream: str) -> None:
        """Open the stream; see ``JsonLines``."""
        self._lines = JsonLines(output_stream)

    def export(self, batch: Sequence[Any]) -> LogRecordExportResult:
        """Write one line with all records."""
        scopes = _by_scope(batch, lambda data: data.instrumentation_scope, encode_log)
        self._lines.write({"resourceLogs": _resources(scopes, "scopeLogs", "logRecords")})
        return LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        """Say that nothing waits."""
        return True

    def shutdown(self) -> None:
        """Close the file."""
        self._lines.close()


class JsonMetricExporter(MetricExporter):
    """Writes metrics."""

    def __init__(self, output_stream: str, **preferences: Any) -> None:
        """Open the stream; see ``JsonLines``."""
        super().__init__(**preferences)
        self._lines = JsonLines(output_stream)

    def export(self, metrics_data: Any, timeout_millis: float = 10_000, **_: Any) -> MetricExportResult:
        """Write one line with all metrics."""
        found = [
            {
                "resource": _resource(of_resource.resource),
                "scopeMetrics": [
                    {"scope": _scope(of_scope.scope), "metrics": [encode_metric(metric) for metric in of_scope.metrics]}
                    for of_scope in of_resource.scope_metrics
                ],
            }
            for of_resource in metrics_data.resource_metrics
        ]
        self._lines.write({"resourceMetrics": found})
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Say that nothing waits."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """Close the file."""
        self._lines.close()


def _by_scope(items: Sequence[Any], scope_of: Any, encode: Any) -> dict[tuple[Any, Any], list[Any]]:
    found: dict[tuple[Any, Any], list[Any]] = {}
    for item in items:
        found.setdefault((item.resource, scope_of(item)), []).append(encode(item))
    return found


def _resources(scopes: dict[tuple[Any, Any], list[Any]], scopes_name: str, items_name: str) -> list[dict[str, Any]]:
    found: dict[Any, list[Any]] = {}
    for (resource, scope), items in scopes.items():
        found.setdefault(resource, []).append({"scope": _scope(scope), items_name: items})
    return [{"resource": _resource(resource), scopes_name: scoped} for resource, scoped in found.items()]


def _resource(resource: Any) -> dict[str, Any]:
    return {"attributes": encode_attributes(resource.attributes)}


def _scope(scope: Any) -> dict[str, Any]:
    if scope is None:
        return {"name": ""}
    return {"name": scope.name, "version": scope.version or "", "attributes": encode_attributes(scope.attributes)}


def encode_span(span: Any) -> dict[str, Any]:
    """Give a span of the SDK as OTLP/JSON."""
    context, parent = span.context, span.parent
    return {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "parentSpanId": f"{parent.span_id:016x}" if parent else "",
        "traceState": context.trace_state.to_header(),
        "flags": int(context.trace_flags) | _HAS_REMOTE | (_IS_REMOTE if parent and parent.is_remote else 0),
        "name": span.name,
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": encode_attributes(span.attributes),
        "droppedAttributesCount": span.dropped_attributes,
        "events": [
            {
                "timeUnixNano": str(event.timestamp),
                "name": event.name,
                "attributes": encode_attributes(event.attributes),
            }
            for event in span.events
        ],
        "links": [
            {
                "traceId": f"{link.context.trace_id:032x}",
                "spanId": f"{link.context.span_id:016x}",
                "attributes": encode_attributes(link.attributes),
            }
            for link in span.links
        ],
        "status": {"code": span.status.status_code.value, "message": span.status.description or ""},
    }


def encode_log(data: Any) -> dict[str, Any]:
    """Give a log record of the SDK as OTLP/JSON."""
    record = data.log_record
    found = {
        "timeUnixNano": str(record.timestamp or 0),
        "observedTimeUnixNano": str(record.observed_timestamp or 0),
        "severityNumber": record.severity_number.value if record.severity_number else 0,
        "severityText": record.severity_text or "",
        "body": encode_value(record.body),
        "attributes": encode_attributes(record.attributes),
        "flags": int(record.trace_flags or 0),
        "eventName": record.event_name or "",
    }
    if record.trace_id:
        found["traceId"] = f"{record.trace_id:032x}"
        found["spanId"] = f"{record.span_id or 0:016x}"
    return found


def encode_metric(metric: Any) -> dict[str, Any]:
    """Give a metric of the SDK as OTLP/JSON."""
    data = metric.data
    points = [_point(point) for point in data.data_points]
    found: dict[str, Any] = {"name": metric.name, "unit": metric.unit or "", "description": metric.description or ""}
    if isinstance(data, Sum):
        temporality = int(data.aggregation_temporality)
        found["sum"] = {
            "dataPoints": points,
            "aggregationTemporality": temporality,
            "isMonotonic": data.is_monotonic,
        }
    elif isinstance(data, Histogram):
        found["histogram"] = {"dataPoints": points, "aggregationTemporality": int(data.aggregation_temporality)}
    elif isinstance(data, ExponentialHistogram):
        temporality = int(data.aggregation_temporality)
        found["exponentialHistogram"] = {"dataPoints": points, "aggregationTemporality": temporality}
    else:
        found["gauge"] = {"dataPoints": points}
    return found


def _point(point: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "attributes": encode_attributes(point.attributes),
        "startTimeUnixNano": str(point.start_time_unix_nano or 0),
        "timeUnixNano": str(point.time_unix_nano),
    }
    if hasattr(point, "value"):
        is_int = isinstance(point.value, int)
        found["asInt" if is_int else "asDouble"] = str(point.value) if is_int else point.value
        return found
    found.update({"count": str(point.count), "sum": point.sum, "min": point.min, "max": point.max})
    if hasattr(point, "explicit_bounds"):
        found["bucketCounts"] = [str(count) for count in point.bucket_counts]
        found["explicitBounds"] = list(point.explicit_bounds)
        return found
    found.update({"scale": point.scale, "zeroCount": str(point.zero_count)})
    for side in ("positive", "negative"):
        buckets = getattr(point, side)
        found[side] = {"offset": buckets.offset, "bucketCounts": [str(count) for count in buckets.bucket_counts]}
    return found


def encode_attributes(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Give attributes as a list of OTLP/JSON's KeyValue."""
    return [{"key": key, "value": encode_value(value)} for key, value in (attributes or {}).items()]


def encode_value(value: Any) -> dict[str, Any]:
    """Give a value as OTLP/JSON's AnyValue; None is the empty one."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"bytesValue": b2a_base64(value, newline=False).decode("ascii")}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": encode_attributes(value)}}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {"arrayValue": {"values": [encode_value(item) for item in value]}}
    return {"stringValue": str(value)}
