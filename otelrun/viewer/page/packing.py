"""A run as one JSON object of tables, small enough to be sent to somebody: what a report embeds. Pure: rows in, plain data out.

``static/report_data.js`` makes of it the documents that the server would give. A large run is coarse: its times are whole
microseconds, and only spans that failed or are pointed to keep their ids (8 random bytes each, which nothing makes smaller).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.store.encoding import json_text
from otelrun.viewer.analysis.naming import APP, library_of
from otelrun.viewer.page.columns import ObjectColumn, column, steps, table
from otelrun.viewer.page.values import attribute_values, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otelrun.store.rows import LogRow, SpanRow
    from otelrun.viewer.analysis.entries import Entry
    from otelrun.viewer.page.masking import Masking

FORMAT = 1
FINE = 2_000
"""A run of at most so many spans keeps all ids and nanoseconds."""

_US = 1_000
_SPAN_COLUMNS = ("name", "kind", "status", "message", "service", "pid", "scope", "category")
_LOG_COLUMNS = ("level", "severity", "logger", "service", "pid", "body", "event")


class Content(NamedTuple):
    """What is packed.

    Attributes:
        run_id: the run.
        started_ns: when it began; times count from there.
        traces: the spans of each trace, traces and spans by their start.
        logs: by their time.
        entries: the requests.
        documents: address → document, of all that is given as it is.
        pointed_to: ids of spans that documents name.
    """

    run_id: str
    started_ns: int
    traces: Sequence[Sequence[SpanRow]]
    logs: Sequence[LogRow]
    entries: Sequence[Entry]
    documents: Mapping[str, Any]
    pointed_to: frozenset[str] = frozenset()


class _Places:
    """Where each span stands among all spans, and each trace among all traces."""

    def __init__(self, traces: Sequence[Sequence[SpanRow]]) -> None:
        self.spans: dict[tuple[str, str], int] = {}
        self.traces: dict[str, int] = {}
        self.first: list[int] = []
        place = 0
        for number, spans in enumerate(traces):
            self.traces[spans[0].trace_id] = number
            self.first.append(place)
            for span in spans:
                self.spans.setdefault((span.trace_id, span.span_id), place)
                place += 1

    def inside(self, trace_id: str, span_id: str) -> int:
        """Give the place of a span in its trace; -1 where it is not there."""
        place = self.spans.get((trace_id, span_id), -1)
        return place if place < 0 else place - self.first[self.traces[trace_id]]


def is_coarse(content: Content) -> bool:
    """Say whether a run is so large that it is written coarsely."""
    return sum(map(len, content.traces)) > FINE


def packed(content: Content, masking: Masking) -> dict[str, Any]:
    """Pack a run.

    Args:
        content: what to pack; its documents are masked already.
        masking: for attributes and texts of spans and log records.
    """
    unit = _US if is_coarse(content) else 1
    places = _Places(content.traces)
    return {
        "format": FORMAT,
        "run": content.run_id,
        "unit": unit,
        "documents": content.documents,
        "traces": {
            "ids": "".join(spans[0].trace_id for spans in content.traces),
            "sizes": column([len(spans) for spans in content.traces]),
        },
        "spans": _spans(content, places, unit, masking),
        "logs": _logs(content, places, unit, masking),
        "requests": _requests(content.entries, places, unit, masking),
    }


def _spans(content: Content, places: _Places, unit: int, masking: Masking) -> dict[str, Any]:
    spans = [span for trace in content.traces for span in trace]
    starts = [(span.start_ns - content.started_ns) // unit for span in spans]
    ends = [(span.start_ns + span.duration_ns - content.started_ns) // unit for span in spans]
    attributes = ObjectColumn()
    rows = []
    for span in spans:
        attributes.append(attribute_values(masking.attributes(span.attributes)))
        rows.append(
            (
                masking.text(span.name),
                span.kind,
                span.status,
                masking.text(span.status_message),
                span.service_name,
                span.pid,
                span.scope,
                library_of(span.kind, span.attributes),
            )
        )
    return {
        **table(rows, _SPAN_COLUMNS),
        **_ids(content, spans, places, unit),
        "start": steps(starts),
        "duration": column([end - start for start, end in zip(starts, ends, strict=True)]),
        "attributes": attributes.written(),
        "events": _events(content, spans, unit, masking),
        "links": _links(spans, places, masking),
    }


def _ids(content: Content, spans: Sequence[SpanRow], places: _Places, unit: int) -> dict[str, Any]:
    """Write ids and parents: a parent that is there by its place in the trace, another by its id."""
    missing = {}
    parents = []
    for place, span in enumerate(spans):
        parent = places.inside(span.trace_id, span.parent_span_id) if span.parent_span_id else -1
        if parent < 0 and span.parent_span_id:
            missing[place] = span.parent_span_id
        parents.append(parent)
    found: dict[str, Any] = {"parent": column(parents), "missing_parents": missing}
    if unit == 1:
        return {**found, "ids": "".join(span.span_id for span in spans)}
    linked = {link.span_id for span in spans for link in span.links} | content.pointed_to
    kept = {place: span.span_id for place, span in enumerate(spans) if span.is_error or span.span_id in linked}
    return {**found, "ids": "".join(kept.values()), "with_ids": steps(list(kept))}


def _events(content: Content, spans: Sequence[SpanRow], unit: int, masking: Masking) -> dict[str, Any]:
    attributes = ObjectColumn()
    rows = []
    for place, span in enumerate(spans):
        for event in span.events:
            rows.append((place, (event.time_ns - content.started_ns) // unit, masking.text(event.name)))
            attributes.append(attribute_values(masking.attributes(event.attributes)))
    of, times, names = zip(*rows, strict=True) if rows else ((), (), ())
    return {"span": steps(of), "time": steps(times), "name": column(names), "attributes": attributes.written()}


def _links(spans: Sequence[SpanRow], places: _Places, masking: Masking) -> dict[str, Any]:
    attributes = ObjectColumn()
    rows = []
    for place, span in enumerate(spans):
        for link in span.links:
            rows.append((place, link.trace_id, link.span_id, link.trace_id in places.traces))
            attributes.append(attribute_values(masking.attributes(link.attributes)))
    of, traces, ids, here = zip(*rows, strict=True) if rows else ((), (), (), ())
    return {
        "span": steps(of),
        "trace": list(traces),
        "id": list(ids),
        "is_here": list(here),
        "attributes": attributes.written(),
    }


def _logs(content: Content, places: _Places, unit: int, masking: Masking) -> dict[str, Any]:
    attributes = ObjectColumn()
    rows, traces, spans, elsewhere = [], [], [], {}
    for number, log in enumerate(content.logs):
        attributes.append(attribute_values(masking.attributes(log.attributes)))
        body = value_of(masking.text(log.body if isinstance(log.body, str) else json_text(log.body)))
        about = (log.severity_number, log.severity_text, log.logger, log.service_name, log.pid)
        rows.append((*about, body, log.event_name))
        trace = places.traces.get(log.trace_id, -1)
        span = places.inside(log.trace_id, log.span_id) if trace >= 0 else -1
        traces.append(trace)
        spans.append(span)
        if span < 0 and log.trace_id:
            elsewhere[number] = [log.trace_id, log.span_id]
    return {
        **table(rows, _LOG_COLUMNS),
        "time": steps([(log.time_ns - content.started_ns) // unit for log in content.logs]),
        "trace": steps(traces),
        "span": column(spans),
        "elsewhere": elsewhere,
        "attributes": attributes.written(),
    }


def _requests(entries: Iterable[Entry], places: _Places, unit: int, masking: Masking) -> dict[str, Any]:
    """Write the requests; what the span of each says already is not said again."""
    rows, times, at = [], ObjectColumn(), []
    for entry in entries:
        place = places.spans.get((entry.trace_id, entry.span_id))
        if place is not None:
            at.append(place)
            flags = entry.is_failed + 2 * entry.is_interrupted
            counts = (entry.spans, entry.logs)
            rows.append((masking.text(entry.endpoint), entry.status_code, flags, *counts, masking.text(entry.failure)))
            times.append({name: ns // unit for name, ns in entry.time_in.items() if name != APP})  # app has the rest
    return {
        **table(rows, ("endpoint", "status", "flags", "spans", "logs", "failure")),
        "span": steps(at),
        "time_in": times.written(),
    }
