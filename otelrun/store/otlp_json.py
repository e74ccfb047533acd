"""OTLP/JSON documents → the records a store is written from. Pure, and of foreign text: one bad item hides no other.

A document is what one request holds: ``resourceSpans``, ``resourceLogs`` or ``resourceMetrics``, or several of these.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.ring.record import EventRecord, LinkRecord, LogRecord, Scope, SpanRecord
from otelrun.store import otlp_values as values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEYS = ("resourceSpans", "resourceLogs", "resourceMetrics")
DELTA = 1

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")
_TEMPORALITIES = ("unspecified", "delta", "cumulative")
_ERRORS = (ValueError, AttributeError, TypeError, RecursionError)
_HIGHEST_FLAGS = 0xFFFF_FFFF


class Stream(NamedTuple):
    """What the points of a metric have in common; ``is_delta``: each is relative to the one before."""

    instrument: str
    name: str
    unit: str
    description: str
    is_delta: bool


class Point(NamedTuple):
    """One point of a metric. ``value`` is the sum of a histogram, to which alone the last four belong."""

    stream: Stream
    attributes: dict[str, Any]
    start_ns: int
    time_ns: int
    value: float
    boundaries: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    minimum: float = math.nan
    maximum: float = math.nan


class Problem(NamedTuple):
    """An item that could not be read, and why."""

    text: str


class LeftOut(NamedTuple):
    """So many points of a kind of metric that the store has no form for."""

    kind: str
    points: int


Item = SpanRecord | LogRecord | Point | Problem | LeftOut


class Part(NamedTuple):
    """The items of one scope of one resource; the records' ``scope`` is 0."""

    resource: dict[str, Any]
    schema_url: str
    scope: Scope
    items: list[Item]


def parts_of(document: Any) -> Iterator[Part]:
    """Read a document.

    Raises:
        ValueError: it holds none of the three lists.
    """
    if not isinstance(document, dict) or not any(key in document for key in KEYS):
        message = f"not OTLP: an object with {', '.join(KEYS[:-1])} or {KEYS[-1]} was expected"
        raise ValueError(message)
    for key, *names in _SIGNALS:
        yield from _guarded(document, key, partial(_resource, *names))


def _guarded(holder: Mapping[str, Any], name: str, read: Callable[[dict[str, Any]], Iterator[Part]]) -> Iterator[Part]:
    """Read each object of a list; what is none becomes a part with a problem."""
    found = holder.get(name)
    for one in found if isinstance(found, list) else [] if found is None else [found]:
        try:
            yield from read(values.mapping(one))
        except _ERRORS as error:  # noqa: PERF203 - one bad item hides no other
            yield Part({}, "", _NO_SCOPE, [Problem(f"{name}: {error}")])


def _resource(scoped: str, listed: str, read: _Read, resource: dict[str, Any]) -> Iterator[Part]:
    attributes = values.attributes(values.part(resource, "resource").get("attributes"))
    about = attributes, values.text(resource, "schemaUrl")

    def scope_part(scope: dict[str, Any]) -> Iterator[Part]:
        yield Part(*about, _scope(scope), list(_items(scope, listed, read)))

    yield from _guarded(resource, scoped, scope_part)


def _scope(scoped: dict[str, Any]) -> Scope:
    scope = values.part(scoped, "scope")
    return Scope(
        values.text(scope, "name"),
        values.text(scope, "version"),
        values.text(scoped, "schemaUrl"),
        values.attributes(scope.get("attributes")),
    )


def _items(scoped: dict[str, Any], listed: str, read: _Read) -> Iterator[Item]:
    found = scoped.get(listed)
    if found is not None and not isinstance(found, list):
        yield Problem(f"{listed} is no list")
        return
    for one in found or ():
        try:
            yield from read(values.mapping(one))
        except _ERRORS as error:  # noqa: PERF203 - as above
            yield Problem(f"{listed}: {error}")


def _span(span: dict[str, Any]) -> Iterator[Item]:
    status = values.part(span, "status")
    trace_id, span_id = values.identifier(span, "traceId", 16), values.identifier(span, "spanId", 8)
    if not trace_id or not span_id:
        message = "a span without traceId or spanId"
        raise ValueError(message)
    start_ns = values.number(span, "startTimeUnixNano")
    yield SpanRecord(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=values.identifier(span, "parentSpanId", 8),
        flags=_flags(span),
        name=values.text(span, "name"),
        kind=max(0, values.choice(span, "kind", "SPAN_KIND_", _KINDS) - 1),
        start_ns=start_ns,
        end_ns=values.number(span, "endTimeUnixNano") or start_ns,
        attributes=values.attributes(span.get("attributes")),
        scope=0,
        trace_state=values.text(span, "traceState"),
        events=tuple(_event(event) for event in values.items(span.get("events"))),
        links=tuple(_link(link) for link in values.items(span.get("links"))),
        status=values.choice(status, "code", "STATUS_CODE_", _STATUSES),
        status_description=values.text(status, "message"),
        dropped_attributes=values.number(span, "droppedAttributesCount"),
        dropped_events=values.number(span, "droppedEventsCount"),
        dropped_links=values.number(span, "droppedLinksCount"),
    )


def _flags(holder: dict[str, Any]) -> int:
    return values.number(holder, "flags") & _HIGHEST_FLAGS


def _event(event: dict[str, Any]) -> EventRecord:
    return EventRecord(
        values.text(event, "name"),
        values.number(event, "timeUnixNano"),
        values.attributes(event.get("attributes")),
        values.number(event, "droppedAttributesCount"),
    )


def _link(link: dict[str, Any]) -> LinkRecord:
    return LinkRecord(
        values.identifier(link, "traceId", 16),
        values.identifier(link, "spanId", 8),
        values.text(link, "traceState"),
        _flags(link),
        values.attributes(link.get("attributes")),
        values.number(link, "droppedAttributesCount"),
    )


def _log(record: dict[str, Any]) -> Iterator[Item]:
    time_ns = values.number(record, "timeUnixNano")
    yield LogRecord(
        time_ns=time_ns,
        observed_ns=values.number(record, "observedTimeUnixNano"),
        trace_id=values.identifier(record, "traceId", 16),
        span_id=values.identifier(record, "spanId", 8),
        flags=_flags(record),
        severity_number=_severity(record),
        severity_text=values.text(record, "severityText"),
        body=values.any_value(record.get("body") or {}),
        attributes=values.attributes(record.get("attributes")),
        event_name=values.text(record, "eventName"),
        scope=0,
        dropped_attributes=values.number(record, "droppedAttributesCount"),
    )


def _severity(record: dict[str, Any]) -> int:
    names = ("unspecified", *(name + digit for name in _SEVERITIES for digit in ("", "2", "3", "4")))
    return values.choice(record, "severityNumber", "SEVERITY_NUMBER_", names)


_SEVERITIES = ("trace", "debug", "info", "warn", "error", "fatal")


def _metric(metric: dict[str, Any]) -> Iterator[Item]:
    for kind in ("exponentialHistogram", "summary"):
        if kind in metric:
            yield LeftOut(kind, len(values.items(values.part(metric, kind).get("dataPoints"))))
    for kind, read in (("sum", _number_point), ("gauge", _number_point), ("histogram", _histogram_point)):
        if kind not in metric:
            continue
        data = values.part(metric, kind)
        is_delta = values.choice(data, "aggregationTemporality", "AGGREGATION_TEMPORALITY_", _TEMPORALITIES) == DELTA
        instrument = ("counter" if data.get("isMonotonic") else "up_down_counter") if kind == "sum" else kind
        name, unit, description = (values.text(metric, field) for field in ("name", "unit", "description"))
        stream = Stream(instrument, name, unit, description, is_delta)
        for point in values.items(data.get("dataPoints")):
            try:
                yield read(stream, point)
            except _ERRORS as error:  # noqa: PERF203 - as above
                yield Problem(f"{kind} {stream.name}: {error}")


def _number_point(stream: Stream, point: dict[str, Any]) -> Point:
    value = values.integer(point["asInt"]) if "asInt" in point else values.double(point.get("asDouble", 0.0))
    return Point(
        stream,
        values.attributes(point.get("attributes")),
        values.number(point, "startTimeUnixNano"),
        values.number(point, "timeUnixNano"),
        value,
    )


def _histogram_point(stream: Stream, point: dict[str, Any]) -> Point:
    counts = tuple(map(values.integer, point.get("bucketCounts") or ()))
    boundaries = tuple(map(values.double, point.get("explicitBounds") or ()))
    if not counts:
        counts, boundaries = (values.number(point, "count"),), ()
    if len(counts) != len(boundaries) + 1 or min(counts) < 0:
        message = "bucketCounts and explicitBounds do not belong together"
        raise ValueError(message)
    return Point(
        stream,
        values.attributes(point.get("attributes")),
        values.number(point, "startTimeUnixNano"),
        values.number(point, "timeUnixNano"),
        values.double(point.get("sum", math.nan)),
        boundaries,
        counts,
        values.double(point.get("min", math.nan)),
        values.double(point.get("max", math.nan)),
    )


_NO_SCOPE = Scope("", "", "", {})

if TYPE_CHECKING:
    _Read = Callable[[dict[str, Any]], Iterator[Item]]

_SIGNALS: tuple[tuple[str, str, str, Any], ...] = (
    ("resourceSpans", "scopeSpans", "spans", _span),
    ("resourceLogs", "scopeLogs", "logRecords", _log),
    ("resourceMetrics", "scopeMetrics", "metrics", _metric),
)
