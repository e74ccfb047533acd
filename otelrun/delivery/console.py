"""The transport for ``console``: each span, log record and metric point as one short JSON line for people to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from otelrun.delivery.file import write_text
from otelrun.delivery.otlp_json import to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.delivery.retry import Outcome

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")


class Console:
    """Prints records to an open descriptor."""

    def __init__(self, fd: int, signal: str) -> None:
        """Write to an open descriptor."""
        self._fd = fd
        self._signal = signal

    def send(self, data: bytes) -> Outcome:
        """Write one line a record; see ``channel.Transport``."""
        rows = _ROWS[self._signal](to_plain(self._signal, data))
        return write_text(self._fd, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))

    def forget(self) -> None:
        """Nothing to let go of; see ``channel.Transport``."""


def _spans(plain: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in plain.get("resourceSpans", ()):
        service = _service(resource)
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                duration_ns = int(span.get("endTimeUnixNano", 0)) - int(span.get("startTimeUnixNano", 0))
                status = span.get("status", {})
                yield _without_empty(
                    {
                        "span": span.get("name", ""),
                        "service": service,
                        "kind": _KINDS[span.get("kind", 0)],
                        "duration_ms": round(duration_ns / 1e6, 3),
                        "status": _STATUSES[status.get("code", 0)] if status.get("code") else None,
                        "error": status.get("message"),
                        "trace_id": span["traceId"],
                        "span_id": span["spanId"],
                        "parent_span_id": span.get("parentSpanId"),
                        "attributes": _attributes(span),
                        "events": [
                            {"name": event.get("name", ""), **_attributes(event)} for event in span.get("events", ())
                        ],
                    }
                )


def _logs(plain: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in plain.get("resourceLogs", ()):
        service = _service(resource)
        for scope in resource["scopeLogs"]:
            for record in scope["logRecords"]:
                yield _without_empty(
                    {
                        "log": _value(record.get("body", {})),
                        "service": service,
                        "severity": record.get("severityText"),
                        "trace_id": record.get("traceId"),
                        "span_id": record.get("spanId"),
                        "attributes": _attributes(record),
                    }
                )


def _metrics(plain: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in plain.get("resourceMetrics", ()):
        service = _service(resource)
        for scope in resource["scopeMetrics"]:
            for metric in scope["metrics"]:
                kind = next(kind for kind in ("sum", "gauge", "histogram") if kind in metric)
                for point in metric[kind]["dataPoints"]:
                    yield _without_empty(
                        {
                            "metric": metric["name"],
                            "service": service,
                            "kind": kind,
                            "unit": metric.get("unit"),
                            "value": point.get("asDouble", int(point["asInt"]) if "asInt" in point else None),
                            "count": int(point["count"]) if "count" in point else None,
                            "sum": point.get("sum"),
                            "min": point.get("min"),
                            "max": point.get("max"),
                            "attributes": _attributes(point),
                        }
                    )


_ROWS = {"spans": _spans, "logs": _logs, "metrics": _metrics}


def _service(resource: dict[str, Any]) -> Any:
    return _attributes(resource.get("resource", {})).get("service.name")


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: _value(pair.get("value", {})) for pair in holder.get("attributes", ())}


def _value(value: dict[str, Any]) -> Any:
    for kind, content in value.items():
        if kind == "intValue":
            return int(content)
        if kind == "arrayValue":
            return [_value(item) for item in content.get("values", ())]
        if kind == "kvlistValue":
            return {pair["key"]: _value(pair.get("value", {})) for pair in content.get("values", ())}
        return content
    return None


def _without_empty(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in (None, {}, [])}
