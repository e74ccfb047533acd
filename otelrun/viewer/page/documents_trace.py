"""Documents on one trace and on log records. Pure: rows in, plain data out; times are ns after the start of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otelrun.store.encoding import json_text
from otelrun.viewer.analysis.naming import library_of
from otelrun.viewer.page.values import Interned, attribute_values, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from otelrun.store.browsing import LogLine
    from otelrun.store.rows import EventRow, LinkRow, LogRow, SpanRow, Trace

LOG_COLUMNS = (
    "id",
    "time",
    "level",
    "severity",
    "logger",
    "service",
    "pid",
    "body",
    "trace",
    "span",
    "has_more",
)


def trace_document(trace: Trace, here: AbstractSet[str], started_ns: int) -> dict[str, Any]:
    """Describe a trace.

    Args:
        trace: with its spans and log records.
        here: which of the traces that it links to are in the store.
        started_ns: when the run began, since the epoch.
    """
    summary = trace.summary
    return {
        "trace": summary.trace_id,
        "start": summary.start_ns - started_ns,
        "duration": summary.duration_ns,
        "spans": [span_object(span, here, started_ns) for span in trace.spans],
        "logs": [log_object(log, started_ns) for log in trace.logs],
    }


def span_object(span: SpanRow, here: AbstractSet[str], started_ns: int) -> dict[str, Any]:
    """Describe a span."""
    return {
        "id": span.span_id,
        "parent": span.parent_span_id,
        "name": span.name,
        "kind": span.kind,
        "start": span.start_ns - started_ns,
        "duration": span.duration_ns,
        "status": span.status,
        "message": span.status_message,
        "service": span.service_name,
        "pid": span.pid,
        "scope": span.scope,
        "category": library_of(span.kind, span.attributes),
        "attributes": attribute_values(span.attributes),
        "events": [_event(event, started_ns) for event in span.events],
        "links": [_link(link, here) for link in span.links],
    }


def _event(event: EventRow, started_ns: int) -> dict[str, Any]:
    return {
        "time": event.time_ns - started_ns,
        "name": event.name,
        "attributes": attribute_values(event.attributes),
    }


def _link(link: LinkRow, here: AbstractSet[str]) -> dict[str, Any]:
    return {
        "trace": link.trace_id,
        "span": link.span_id,
        "attributes": attribute_values(link.attributes),
        "is_here": link.trace_id in here,
    }


def log_object(log: LogRow, started_ns: int) -> dict[str, Any]:
    """Describe a log record."""
    return {
        "id": str(log.id),
        "time": log.time_ns - started_ns,
        "trace": log.trace_id,
        "span": log.span_id,
        "severity": log.severity_text,
        "level": log.severity_number,
        "logger": log.logger,
        "body": value_of(log.body if isinstance(log.body, str) else json_text(log.body)),
        "attributes": attribute_values(log.attributes),
        "service": log.service_name,
        "pid": log.pid,
        "event": log.event_name,
    }


def logs_document(lines: Iterable[LogLine], started_ns: int, *, cursor: int, is_complete: bool) -> dict[str, Any]:
    """Give log records as a list shows them.

    Args:
        lines: the records.
        started_ns: when the run began, since the epoch.
        cursor: what to ask after the next time.
        is_complete: whether that would give nothing by now.
    """
    strings = Interned()
    rows = [
        (
            str(line.id),
            line.time_ns - started_ns,
            line.severity_number,
            strings.number(line.severity_text),
            strings.number(line.logger),
            strings.number(line.service_name),
            line.pid,
            line.body,
            line.trace_id,
            line.span_id,
            int(line.has_more),
        )
        for line in lines
    ]
    columns = (
        dict(zip(LOG_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
        if rows
        else {n: [] for n in LOG_COLUMNS}
    )
    return {"cursor": str(cursor), "is_complete": is_complete, "strings": strings.texts(), "columns": columns}
