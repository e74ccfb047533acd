"""What is new in a store since it was last looked at, and the few columns of spans that analysis needs. Read-only.

A record's key is ``process * 2^43 + place in the ring``: so what is new of one process lies behind the highest key seen of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.store.encoding import PROCESS_SHIFT, attributes_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from otelrun.store.queries import StoreReader
    from otelrun.store.rows import Attributes

_AT_ONCE = 400  # below SQLite's oldest limit of variables

_SPANS = """
SELECT s.id, s.process, s.trace_id, s.span_id, coalesce(s.parent_span_id, ''), coalesce(s.name, ''), coalesce(s.kind, ''),
       coalesce(s.start_ns, 0), coalesce(s.end_ns, 0), coalesce(s.status, ''), coalesce(s.status_message, ''),
       coalesce(s.flags, 0), s.attributes
FROM span s WHERE s.trace_id IN (%s) ORDER BY s.trace_id, s.start_ns, s.id"""

_LOG_COUNTS = """
SELECT trace_id, coalesce(span_id, ''), count(*) FROM log WHERE trace_id IN (%s) GROUP BY 1, 2"""

_EXCEPTIONS = """
SELECT e.span, coalesce(e.time_ns, 0), e.attributes FROM span_event e
WHERE e.name = 'exception' AND e.span IN (%s) ORDER BY e.span, e.position"""

_LOGGED_EXCEPTIONS = """
SELECT trace_id, coalesce(span_id, ''), coalesce(time_ns, 0), attributes FROM log
WHERE trace_id IN (%s) AND attributes LIKE '%%"exception.type"%%' ORDER BY time_ns"""


class SpanFacts(NamedTuple):
    """A span as analysis sees it. ``parent_span_id`` is empty for the first span of a trace; ``flags`` are OTLP's."""

    id: int
    process: int
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    status: str
    status_message: str
    flags: int
    attributes: Attributes

    @property
    def is_error(self) -> bool:
        """Whether it ended in an error."""
        return self.status == "error"


class ExceptionFacts(NamedTuple):
    """An exception that was recorded on a span, or logged in it."""

    time_ns: int
    attributes: Attributes
    is_log: bool = False


class Cursor:
    """How far one table of records was read, process by process."""

    def __init__(self, table: str) -> None:
        """Begin at the beginning.

        Args:
            table: ``span`` or ``log``.
        """
        self._table = table
        self._highest: dict[int, int] = {}

    def new_trace_ids(self, reader: StoreReader) -> Iterator[str]:
        """Give the trace of each record that was not there at the last call, a trace as often as it has such records."""
        query = f"SELECT id, trace_id FROM {self._table} WHERE id > ? AND id < ? ORDER BY id"  # noqa: S608 - a name of ours
        for (process,) in reader.rows("SELECT id FROM process ORDER BY id"):
            first = process << PROCESS_SHIFT
            found = reader.rows(query, (self._highest.get(process, first - 1), first + (1 << PROCESS_SHIFT)))
            if found:
                self._highest[process] = found[-1][0]
            yield from (trace_id for _, trace_id in found if trace_id)


def spans_of(reader: StoreReader, trace_ids: Sequence[str]) -> Iterator[list[SpanFacts]]:
    """Read the spans of traces, one list for each trace that has any."""
    for some in _portions(trace_ids):
        spans: list[SpanFacts] = []
        for row in reader.rows(_SPANS % _marks(some), some):
            if spans and spans[-1].trace_id != row[2]:
                yield spans
                spans = []
            spans.append(SpanFacts._make((*row[:-1], attributes_from(row[-1]))))
        if spans:
            yield spans


def log_counts(reader: StoreReader, trace_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the log records of traces: trace id → span id → number."""
    counts: dict[str, dict[str, int]] = {}
    for some in _portions(trace_ids):
        for trace_id, span_id, number in reader.rows(_LOG_COUNTS % _marks(some), some):
            counts.setdefault(trace_id, {})[span_id] = number
    return counts


def exceptions_of(reader: StoreReader, spans: Sequence[SpanFacts]) -> dict[int, ExceptionFacts]:
    """Find the exception of each of these spans: the last one recorded on it, else the last that was logged in it.

    Args:
        reader: the store.
        spans: those in question, of any traces.

    Returns:
        By the row id of the span.
    """
    found: dict[int, ExceptionFacts] = {}
    by_ids = {(span.trace_id, span.span_id): span.id for span in spans}
    for some in _portions(list(dict.fromkeys(span.trace_id for span in spans))):
        for trace_id, span_id, time_ns, attributes in reader.rows(_LOGGED_EXCEPTIONS % _marks(some), some):
            if (trace_id, span_id) in by_ids:
                found[by_ids[trace_id, span_id]] = ExceptionFacts(time_ns, attributes_from(attributes), is_log=True)
    for some in _portions([span.id for span in spans]):
        for span_row, time_ns, attributes in reader.rows(_EXCEPTIONS % _marks(some), some):
            found[span_row] = ExceptionFacts(time_ns, attributes_from(attributes))
    return found


def _portions(values: Sequence[str] | Sequence[int]) -> Iterator[Sequence[str] | Sequence[int]]:
    for first in range(0, len(values), _AT_ONCE):
        yield values[first : first + _AT_ONCE]


def _marks(values: Iterable[object]) -> str:
    return ",".join("?" for _ in values)
