"""What the page asks of a store beyond single traces: log records as they came, metrics with points, a search. Read-only."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.store.encoding import PROCESS_SHIFT, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otelrun.store.queries import StoreReader

_AT_ONCE = 400  # below SQLite's oldest limit of variables
_CUT = 2_000

_LINES = """
SELECT l.id, coalesce(l.time_ns, 0), coalesce(l.severity_number, 0), coalesce(l.severity_text, ''), coalesce(c.name, ''),
       coalesce(p.service_name, ''), coalesce(p.pid, 0), substr(l.body, 1, 2001), coalesce(l.trace_id, ''),
       coalesce(l.span_id, ''), length(l.body) > 2000 OR l.body_is_json OR length(l.attributes) > 2 OR l.event_name IS NOT NULL
FROM log l LEFT JOIN process p ON p.id = l.process LEFT JOIN scope c ON c.id = l.scope WHERE l.id IN (%s)"""

_METRICS = """
SELECT m.id, m.name, coalesce(m.unit, ''), coalesce(m.description, ''), coalesce(m.instrument, ''), m.attributes, m.boundaries,
       coalesce(p.service_name, ''), coalesce(p.pid, 0)
FROM metric m LEFT JOIN process p ON p.id = m.process ORDER BY m.name, m.id"""

_OF_PROCESSES = f"SELECT id >> {PROCESS_SHIFT}, count(*), max({{}}) FROM {{}} GROUP BY 1"  # noqa: S608 - names of ours

_KNOWN = "SELECT DISTINCT trace_id FROM span WHERE trace_id IN (%s)"

_POINTS = """
SELECT metric, time_ns, value, count, min, max, counts FROM metric_point WHERE metric = ? ORDER BY time_ns"""

_WORD = """
SELECT trace_id FROM span WHERE trace_id IS NOT NULL
       AND (name LIKE :text ESCAPE '\\' OR status_message LIKE :text ESCAPE '\\' OR attributes LIKE :json ESCAPE '\\')
UNION SELECT s.trace_id FROM span_event e JOIN span s ON s.id = e.span
      WHERE e.name LIKE :text ESCAPE '\\' OR e.attributes LIKE :json ESCAPE '\\'
UNION SELECT trace_id FROM log WHERE trace_id IS NOT NULL
      AND (body LIKE :text ESCAPE '\\' OR attributes LIKE :json ESCAPE '\\')"""

_PAIR = """
SELECT trace_id, attributes FROM span WHERE attributes LIKE :json ESCAPE '\\'
UNION ALL SELECT s.trace_id, e.attributes FROM span_event e JOIN span s ON s.id = e.span WHERE e.attributes LIKE :json ESCAPE '\\'
UNION ALL SELECT trace_id, attributes FROM log WHERE trace_id IS NOT NULL AND attributes LIKE :json ESCAPE '\\'"""


_LOG_PAIR = "SELECT id, attributes FROM log WHERE attributes LIKE :json ESCAPE '\\'"


class LogLine(NamedTuple):
    """A log record as a list shows it; ``has_more``: it has attributes, or a body that is longer than ``body``, or JSON."""

    id: int
    time_ns: int
    severity_number: int
    severity_text: str
    logger: str
    service_name: str
    pid: int
    body: str
    trace_id: str
    span_id: str
    has_more: bool


class Point(NamedTuple):
    """How a metric series stood; the fields after ``value`` are those of histograms."""

    time_ns: int
    value: float | None
    measurements: int | None
    min: float | None
    max: float | None
    counts: list[int]


class SeriesRow(NamedTuple):
    """A metric with one set of attributes in one process."""

    id: int
    name: str
    unit: str
    description: str
    instrument: str
    attributes: dict[str, Any]
    boundaries: list[float]
    service_name: str
    pid: int


class LogOrder:
    """The log records of a run in the order in which a reader came to know them; of those that came together by time."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.ids: list[int] = []
        self._highest: dict[int, int] = {}

    def update(self, reader: StoreReader) -> None:
        """Take in what is new."""
        new: list[tuple[int, int]] = []
        query = "SELECT coalesce(time_ns, 0), id FROM log WHERE id > ? AND id < ?"
        for (process,) in reader.rows("SELECT id FROM process"):
            first = process << PROCESS_SHIFT
            found = reader.rows(query, (self._highest.get(process, first - 1), first + (1 << PROCESS_SHIFT)))
            if found:
                self._highest[process] = max(number for _, number in found)
                new += found
        self.ids += [number for _, number in sorted(new)]


def log_lines(reader: StoreReader, ids: Sequence[int]) -> Iterator[LogLine]:
    """Read log records in the order of their ids given here; those that are gone are left out."""
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        rows = {row[0]: row for row in reader.rows(_LINES % ",".join("?" * len(some)), some)}
        for number in some:
            if number in rows:
                *about, body, trace_id, span_id, has_more = rows[number]
                text = "" if body is None else str(body)[:_CUT]
                yield LogLine._make((*about, text, trace_id, span_id, bool(has_more)))


def series_of(reader: StoreReader) -> list[SeriesRow]:
    """List the metric series, those of one metric together."""
    return [
        SeriesRow(number, name or "", unit, text, instrument, _object(attributes), _list(boundaries), service, pid)
        for number, name, unit, text, instrument, attributes, boundaries, service, pid in reader.rows(_METRICS)
    ]


def points_of(reader: StoreReader, series: int) -> list[Point]:
    """Read the points of a series, oldest first."""
    return [
        Point(time_ns or 0, _number(value), count, _number(low), _number(high), _list(counts))
        for _, time_ns, value, count, low, high, counts in reader.rows(_POINTS, (series,))
    ]


def traces_with_word(reader: StoreReader, word: str) -> set[str]:
    """Find the traces that have a word, whatever its case, in a name, a message, a log's text or among attributes."""
    pattern, quoted = f"%{_escaped(word)}%", f"%{_escaped(json_text(word)[1:-1])}%"
    return {trace_id for (trace_id,) in reader.rows(_WORD, {"text": pattern, "json": quoted}) if trace_id}


def traces_with_pair(reader: StoreReader, name: str, value: str) -> set[str]:
    """Find the traces in which an attribute of that name has the value, as text, in it, whatever its case."""
    return {trace_id for trace_id in _with_pair(reader, _PAIR, name, value) if trace_id}


def logs_with_pair(reader: StoreReader, name: str, value: str) -> set[int]:
    """Find the log records of which an attribute of that name has the value, as text, in it, whatever its case: row ids."""
    return set(_with_pair(reader, _LOG_PAIR, name, value))


def _with_pair(reader: StoreReader, query: str, name: str, value: str) -> Iterator[Any]:
    wanted = value.casefold()
    for key, text in reader.rows(query, {"json": f"%{_escaped(json_text(name))}:%"}):
        attributes = _object(text)
        if name in attributes:
            given = attributes[name]
            if wanted in (given if isinstance(given, str) else json_text(given)).casefold():
                yield key


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _object(text: Any) -> dict[str, Any]:
    value = _parsed(text)
    return value if isinstance(value, dict) else {}


def _list(text: Any) -> list[Any]:
    value = _parsed(text)
    return value if isinstance(value, list) else []


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text or "null")
    except (ValueError, TypeError, RecursionError):
        return None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)) else None


class ProcessCounts(NamedTuple):
    """What a process left in the store; times in ns since the epoch, 0 where not known."""

    spans: int = 0
    logs: int = 0
    created_ns: int = 0
    last_ns: int = 0


def process_counts(reader: StoreReader) -> dict[int, ProcessCounts]:
    """Count spans and log records of each process, by its row id, and say when it began and when the last of them was."""
    spans = {number: rest for number, *rest in reader.rows(_OF_PROCESSES.format("end_ns", "span"))}
    logs = {number: rest for number, *rest in reader.rows(_OF_PROCESSES.format("time_ns", "log"))}
    nothing = (0, 0)
    return {
        number: ProcessCounts(
            spans.get(number, nothing)[0],
            logs.get(number, nothing)[0],
            created_ns or 0,
            max(spans.get(number, nothing)[1] or 0, logs.get(number, nothing)[1] or 0),
        )
        for number, created_ns in reader.rows("SELECT id, created_ns FROM process")
    }


def view_columns(reader: StoreReader, views: Sequence[str]) -> dict[str, list[str]]:
    """Give the columns of views, as the file has them."""
    query = "SELECT name FROM pragma_table_info(?)"
    return {view: [name for (name,) in reader.rows(query, (view,))] for view in views}


def known_traces(reader: StoreReader, trace_ids: Sequence[str]) -> set[str]:
    """Say which of these traces have a span in the store."""
    found: set[str] = set()
    for first in range(0, len(trace_ids), _AT_ONCE):
        some = trace_ids[first : first + _AT_ONCE]
        found.update(row[0] for row in reader.rows(_KNOWN % ",".join("?" * len(some)), some))
    return found


class TraceSize(NamedTuple):
    """How much there is of a trace; ``text``: characters of its spans' attributes."""

    trace_id: str
    spans: int
    errors: int
    text: int


def trace_sizes(reader: StoreReader) -> list[TraceSize]:
    """Give the sizes of all traces, by their start."""
    query = (
        "SELECT trace_id, count(*), sum(status = 'error'), sum(length(attributes)) FROM span WHERE trace_id IS NOT NULL"
        " GROUP BY trace_id ORDER BY min(start_ns), trace_id"
    )
    return [TraceSize(trace_id, spans, errors or 0, text or 0) for trace_id, spans, errors, text in reader.rows(query)]
