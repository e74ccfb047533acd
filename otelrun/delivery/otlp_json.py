"""Serialised OTLP requests → OTLP/JSON text, by the specification: ids in hex, enums as numbers, 64-bit integers as text.

Loads opentelemetry-proto; for the transports that need JSON alone.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_REQUESTS: dict[str, Any] = {
    "spans": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
_REJECTED = ("rejectedSpans", "rejectedLogRecords", "rejectedDataPoints")
_IDS = ("traceId", "spanId", "parentSpanId")


def to_plain(signal: str, data: bytes) -> dict[str, Any]:
    """Give a serialised ``Export*ServiceRequest`` of ``spans``, ``logs`` or ``metrics`` as the plain data of OTLP/JSON."""
    plain: dict[str, Any] = MessageToDict(_REQUESTS[signal].FromString(data), use_integers_for_enums=True)
    for resource in plain.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                _to_hex(span)
                for link in span.get("links", ()):
                    _to_hex(link)
    for resource in plain.get("resourceLogs", ()):
        for scope in resource.get("scopeLogs", ()):
            for record in scope.get("logRecords", ()):
                _to_hex(record)
    return plain


def to_json(signal: str, data: bytes) -> str:
    """Give a serialised ``Export*ServiceRequest`` as one line of OTLP/JSON."""
    return json.dumps(to_plain(signal, data), separators=(",", ":"), ensure_ascii=False)


def partial_success(answer: bytes) -> tuple[int, str]:
    """Read ``partialSuccess`` of an answer in OTLP/JSON: how many were rejected, and why. Any other answer rejects nothing."""
    try:
        partial = json.loads(answer)["partialSuccess"]
        return max(0, *(int(partial.get(name) or 0) for name in _REJECTED)), str(partial.get("errorMessage") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, ""


def _to_hex(holder: dict[str, Any]) -> None:
    for name in _IDS:
        if name in holder:
            holder[name] = b64decode(holder[name]).hex()
