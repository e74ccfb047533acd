"""A run's store read back as the records it was written from, to be sent once more. Reads only; sends nothing.

The opposite of ``encoding``: ids, times, attributes with their types, events, links, scopes and resources come out as they
went in. What has no form in the store comes out as what stands there: a float that is no number as its text.

Each query is short, and rows are read by the order of their ids: the agent may go on writing meanwhile.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.ring.reader import SeriesState
from otelrun.ring.record import EventRecord, LinkRecord, LogRecord, Scope, Series, SpanRecord
from otelrun.store import encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from otelrun.store.queries import StoreReader

_AT_ONCE = 500
_NO_SCOPE = Scope("", "", "", {})

_SPANS = """
SELECT id, trace_id, span_id, parent_span_id, flags, name, kind, start_ns, end_ns, attributes, scope, trace_state, status,
       status_message, dropped_attributes, dropped_events, dropped_links
FROM span WHERE id > ? AND id < ? ORDER BY id LIMIT ?"""
_EVENTS = """
SELECT span, name, time_ns, attributes, dropped_attributes FROM span_event WHERE span BETWEEN ? AND ?
ORDER BY span, position"""
_LINKS = """
SELECT span, trace_id, span_id, trace_state, flags, attributes, dropped_attributes FROM span_link
WHERE span BETWEEN ? AND ? ORDER BY span, position"""
_LOGS = """
SELECT id, time_ns, observed_ns, trace_id, span_id, flags, severity_number, severity_text, body, body_is_json, attributes,
       event_name, scope, dropped_attributes
FROM log WHERE id > ? AND id < ? ORDER BY id LIMIT ?"""
_METRICS = """
SELECT id, instrument, name, unit, description, scope, attributes, boundaries, start_ns FROM metric WHERE process = ?"""
_POINTS = """
SELECT metric, time_ns, measured_ns, value, min, max, counts FROM metric_point WHERE metric = ? ORDER BY time_ns"""


class Source(NamedTuple):
    """A process of the run: its number in the store and its resource attributes."""

    process: int
    resource: dict[str, Any]


class MeasuredPoint(NamedTuple):
    """How a metric series stood at a time, ns since the epoch."""

    time_ns: int
    state: SeriesState


class Replay:
    """What a store holds, as records. Every method raises ``StoreError`` where the file turns out to be unreadable."""

    def __init__(self, store: StoreReader) -> None:
        """Read what is small: the processes and the scopes."""
        self._store = store
        self._scopes = {
            number: Scope(name or "", version or "", schema_url or "", attributes_of(attributes))
            for number, name, version, schema_url, attributes in store.rows(
                "SELECT id, name, version, schema_url, attributes FROM scope"
            )
        }
        query = "SELECT id, resource FROM process ORDER BY id"
        self.sources = [Source(number, attributes_of(resource)) for number, resource in store.rows(query)]

    def scope_of(self, number: int) -> Scope:
        """Give the instrumentation scope that a record or series names; an empty one where it is not known."""
        return self._scopes.get(number, _NO_SCOPE)

    def spans(self, process: int) -> Iterator[list[SpanRecord]]:
        """Read the spans of a process, some at once, in the order they were recorded."""
        for rows in self._in_parts(_SPANS, process):
            ends = rows[0][0], rows[-1][0]
            events = _by_span(self._store.rows(_EVENTS, ends), _event)
            links = _by_span(self._store.rows(_LINKS, ends), _link)
            yield [_span(row, events.get(row[0], ()), links.get(row[0], ())) for row in rows]

    def logs(self, process: int) -> Iterator[list[LogRecord]]:
        """Read the log records of a process, some at once, in the order they were recorded."""
        for rows in self._in_parts(_LOGS, process):
            yield [_log(row) for row in rows]

    def points(self, process: int) -> Iterator[list[MeasuredPoint]]:
        """Read the metric points of a process, one series at once, in the order of time; values are cumulative."""
        for metric, *definition in self._store.rows(_METRICS, (process,)):
            series = _series(definition)
            points = [_point(metric, series, row[1:]) for row in self._store.rows(_POINTS, (metric,))]
            if points:
                yield points

    def _in_parts(self, query: str, process: int) -> Iterator[list[tuple[Any, ...]]]:
        after, end = encoding.key(process, 0) - 1, encoding.key(process + 1, 0)
        while rows := self._store.rows(query, (after, end, _AT_ONCE)):
            yield rows
            after = rows[-1][0]


def attributes_of(text: str | None) -> dict[str, Any]:
    """Read attributes as the store keeps them; empty where that is no JSON object."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: _value(value) for name, value in found.items()} if '"base64"' in (text or "") else found


def _value(value: Any) -> Any:
    """Give bytes for what stands for bytes, at any depth."""
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(value.get("base64"), str):
        try:
            return base64.b64decode(value["base64"], validate=True)
        except (binascii.Error, ValueError):
            return value
    return {name: _value(item) for name, item in value.items()}


def _number(text: str | None) -> int:
    return int(text, 16) if text else 0


def _place(names: tuple[str, ...], name: str | None) -> int:
    """Give the number of a kind or a status; an unknown one was stored as its number."""
    if name in names:
        return names.index(name)
    return int(name) if name and name.isdecimal() else 0


def _by_span(rows: Iterable[tuple[Any, ...]], make: Callable[[tuple[Any, ...]], Any]) -> dict[int, tuple[Any, ...]]:
    return {span: tuple(make(row[1:]) for row in group) for span, group in groupby(rows, key=lambda row: row[0])}


def _event(row: tuple[Any, ...]) -> EventRecord:
    name, time_ns, attributes, dropped = row
    return EventRecord(name or "", time_ns or 0, attributes_of(attributes), dropped or 0)


def _link(row: tuple[Any, ...]) -> LinkRecord:
    trace_id, span_id, trace_state, flags, attributes, dropped = row
    numbers = _number(trace_id), _number(span_id)
    return LinkRecord(*numbers, trace_state or "", flags or 0, attributes_of(attributes), dropped or 0)


def _span(row: tuple[Any, ...], events: tuple[EventRecord, ...], links: tuple[LinkRecord, ...]) -> SpanRecord:
    _, trace_id, span_id, parent, flags, name, kind, start_ns, end_ns, attributes, scope, trace_state, status, *rest = (
        row
    )
    message, dropped_attributes, dropped_events, dropped_links = rest
    return SpanRecord(
        trace_id=_number(trace_id),
        span_id=_number(span_id),
        parent_span_id=_number(parent),
        flags=flags or 0,
        name=name or "",
        kind=_place(encoding.KINDS, kind),
        start_ns=start_ns or 0,
        end_ns=end_ns or 0,
        attributes=attributes_of(attributes),
        scope=scope or 0,
        trace_state=trace_state or "",
        events=events,
        links=links,
        status=_place(encoding.STATUSES, status),
        status_description=message or "",
        dropped_attributes=dropped_attributes or 0,
        dropped_events=dropped_events or 0,
        dropped_links=dropped_links or 0,
    )


def _log(row: tuple[Any, ...]) -> LogRecord:
    _, time_ns, observed_ns, trace_id, span_id, flags, number, severity, body, is_json, attributes, *rest = row
    event_name, scope, dropped = rest
    # A record without a time of its own is stored with the time at which it was observed.
    time_ns = 0 if time_ns == observed_ns else time_ns
    return LogRecord(
        time_ns=time_ns or 0,
        observed_ns=observed_ns or 0,
        trace_id=_number(trace_id),
        span_id=_number(span_id),
        flags=flags or 0,
        severity_number=number or 0,
        severity_text=severity or "",
        body=_body(body, is_json),
        attributes=attributes_of(attributes),
        event_name=event_name or "",
        scope=scope or 0,
        dropped_attributes=dropped or 0,
    )


def _body(text: Any, is_json: Any) -> Any:
    if not is_json:
        return text or ""
    try:
        return _value(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return text


def _series(definition: list[Any]) -> Series:
    instrument, name, unit, description, scope, attributes, boundaries, start_ns = definition
    return Series(
        instrument=instrument or "",
        name=name or "",
        unit=unit or "",
        description=description or "",
        scope=scope or 0,
        attributes=attributes_of(attributes),
        boundaries=tuple(map(float, _numbers(boundaries))),
        start_ns=start_ns or 0,
    )


def _point(metric: int, series: Series, row: tuple[Any, ...]) -> MeasuredPoint:
    time_ns, measured_ns, value, minimum, maximum, counts = row
    numbers = [math.nan if number is None else number for number in (value, minimum, maximum)]
    state = SeriesState(
        id=metric,
        series=series,
        value=numbers[0],
        is_float=isinstance(numbers[0], float),
        time_ns=measured_ns or 0,
        minimum=numbers[1],
        maximum=numbers[2],
        counts=tuple(map(int, _numbers(counts))),
    )
    return MeasuredPoint(time_ns, state)


def _numbers(text: str | None) -> list[float]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    return [number for number in found if isinstance(number, int | float)] if isinstance(found, list) else []
