"""What went wrong in a run, grouped by the kind of failure and the place in the user's own code.

An exception that several spans of a trace saw is one, and so is what a server logs of it when the trace is over. A request that
failed without an exception counts by its status.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from otelrun.store.changes import exceptions_of, spans_of
from otelrun.viewer import stack
from otelrun.viewer.analysis import naming
from otelrun.viewer.analysis.entries import TraceSpans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from otelrun.store.changes import ExceptionFacts, SpanFacts
    from otelrun.store.queries import StoreReader
    from otelrun.store.rows import Attributes
    from otelrun.viewer.stack import Frame

NEWEST = 5_000
"""So many failing traces and so many logged exceptions are looked at where nobody says otherwise."""

MOMENTS = 500
"""Of a group of failures it is told when so many of them were, the newest."""

_LONGEST_MESSAGE = 2_000

_ECHO_NS = 1_000_000_000
"""A log record outside of traces that comes so soon after an exception, and tells of the same, is of this one."""

_FAILING = """
SELECT trace_id FROM span WHERE status = 'error' AND trace_id IS NOT NULL GROUP BY trace_id ORDER BY max(start_ns) DESC LIMIT ?"""

_LOGGED = """
SELECT coalesce(time_ns, 0), coalesce(trace_id, ''), coalesce(span_id, ''), process, attributes FROM log
WHERE attributes LIKE '%"exception.type"%' ORDER BY time_ns DESC LIMIT ?"""

_LOG_BEFORE = """
SELECT coalesce(l.severity_text, ''), coalesce(c.name, ''), l.body FROM log l LEFT JOIN scope c ON c.id = l.scope
WHERE l.trace_id = :trace AND l.time_ns <= :time_ns AND l.attributes NOT LIKE '%"exception.type"%'
ORDER BY coalesce(l.severity_number, 0) >= 13 DESC, l.process = :process DESC, l.time_ns DESC LIMIT 1"""

_LOG_BEFORE_OUTSIDE = """
SELECT coalesce(l.severity_text, ''), coalesce(c.name, ''), l.body FROM log l LEFT JOIN scope c ON c.id = l.scope
WHERE l.process = :process AND l.trace_id IS NULL AND l.time_ns <= :time_ns AND l.attributes NOT LIKE '%"exception.type"%'
ORDER BY l.time_ns DESC LIMIT 1"""


class Failure(NamedTuple):
    """A group of failures.

    Attributes:
        type: of the exception, or the status: ``ValueError``, ``HTTP 500``.
        message: of the newest, on as many lines as it has, cut.
        frame: the innermost frame of the user's own code; None where no stack trace shows one.
        times: how often.
        first_ns: when first, since the epoch.
        last_ns: when last.
        endpoints: the requests it happened in.
        trace_id: of the newest; empty outside of traces.
        span_id: of the newest.
        stack: the stack trace of the newest, as Python prints it; empty where there is none.
        frames: its frames, outermost first.
        is_log: it was logged, and no span has it.
        log_before: the log line before the newest, ``ERROR shop: unlucky item 13``, in its trace, or else in its process; empty
            where there is none.
        moments_ns: when each was, since the epoch, ascending; the newest ``MOMENTS`` of them.
        process: of the newest, the row id.
    """

    type: str
    message: str
    frame: Frame | None
    times: int
    first_ns: int
    last_ns: int
    endpoints: tuple[str, ...]
    trace_id: str
    span_id: str
    stack: str
    frames: Sequence[Frame]
    is_log: bool
    log_before: str = ""
    moments_ns: Sequence[int] = ()
    process: int = 0


class _Seen(NamedTuple):
    """One failure as it was seen, before grouping."""

    type: str
    message: str
    stack: str
    time_ns: int
    trace_id: str
    span_id: str
    endpoint: str
    process: int
    is_log: bool = False


def failures_of(reader: StoreReader, *, newest: int = NEWEST) -> list[Failure]:
    """Group what went wrong in a run: what happened most often first, then the newest.

    Args:
        reader: the run's store.
        newest: so many failing traces are looked at, and so many logged exceptions.
    """
    trace_ids = [row[0] for row in reader.rows(_FAILING, (newest,))]
    traces = [TraceSpans(spans) for spans in spans_of(reader, trace_ids)]
    exceptions = exceptions_of(reader, [span for trace in traces for span in trace.spans if span.is_error])
    seen = [one for trace in traces for one in _in_trace(trace, exceptions)]
    known = {(one.trace_id, one.type, one.message) for one in seen}
    logged = [
        one
        for one in _in_logs(reader, newest)
        if not one.trace_id or (one.trace_id, one.type, one.message) not in known
    ]
    more = _without_echoes(seen, _once_a_trace(logged))
    groups = [_with_log_before(reader, group) for group in _grouped([*seen, *more])]
    return sorted(groups, key=lambda group: (-group.times, -group.last_ns, group.type))


def _in_trace(trace: TraceSpans, exceptions: Mapping[int, ExceptionFacts]) -> Iterator[_Seen]:
    """Give the failures of a trace: its exceptions, each once; without any, the statuses of its deepest failing spans."""
    failing = [span for span in trace.spans if span.is_error]
    thrown = [_thrown(trace, span, exceptions[span.id]) for span in failing if span.id in exceptions]
    if thrown:
        yield from _once_a_trace(thrown)
        return
    ids = {span.span_id for span in failing}
    for span in failing:
        if not any(child.span_id in ids for child in trace.below(span) if child is not span):
            kind, message = _named(span)
            where = (span.trace_id, span.span_id, _endpoint(trace, span), span.process)
            yield _Seen(kind, message, "", span.end_ns, *where)


def _once_a_trace(seen: Iterable[_Seen]) -> Iterator[_Seen]:
    """Give what was seen first of each failure of a trace: the span nearest to it ends first, and saw it first."""
    known: set[tuple[str, str, str]] = set()
    for one in sorted(seen, key=lambda one: one.time_ns):
        key = (one.trace_id, one.type, one.message)
        if not one.trace_id or key not in known:
            known.add(key)
            yield one


def _without_echoes(seen: Sequence[_Seen], logged: Iterable[_Seen]) -> Iterator[_Seen]:
    """Leave out what servers log of a request's exception when its span is over, once for each.

    Args:
        seen: in traces.
        logged: what else there is, ascending in time.
    """
    times: dict[tuple[int, str, str], list[int]] = {}
    for one in sorted(seen, key=lambda one: -one.time_ns):
        times.setdefault((one.process, one.type, one.message), []).append(one.time_ns)
    for one in logged:
        earlier = [] if one.trace_id else times.get((one.process, one.type, one.message), [])
        while earlier and earlier[-1] < one.time_ns - _ECHO_NS:
            earlier.pop()
        if earlier and earlier[-1] <= one.time_ns:
            earlier.pop()
        else:
            yield one


def _thrown(trace: TraceSpans, span: SpanFacts, exception: ExceptionFacts) -> _Seen:
    kind, message, text = _described(exception.attributes)
    where = (span.trace_id, span.span_id, _endpoint(trace, span), span.process)
    return _Seen(kind, message, text, exception.time_ns, *where, is_log=exception.is_log)


def _described(attributes: Attributes) -> tuple[str, str, str]:
    values = [attributes.get(f"exception.{name}") for name in ("type", "message", "stacktrace")]
    kind, message, text = (str(value) if value else "" for value in values)
    return kind[:200] or "exception", message[:_LONGEST_MESSAGE], text


def _named(span: SpanFacts) -> tuple[str, str]:
    """Name a failure that left no exception."""
    status = naming.status_of(span.attributes)
    kind = span.attributes.get("error.type")
    if isinstance(kind, str) and kind and kind != status:
        return kind[:200], span.status_message[:_LONGEST_MESSAGE]
    if status:
        return (f"HTTP {status}" if status.isdecimal() else status), span.status_message[:_LONGEST_MESSAGE]
    return "failed", span.status_message[:_LONGEST_MESSAGE]


def _endpoint(trace: TraceSpans, span: SpanFacts) -> str:
    entry = trace.entry_above(span) or span
    return naming.endpoint_of(entry.name, entry.kind, entry.attributes)


def _in_logs(reader: StoreReader, newest: int) -> Iterator[_Seen]:
    """Give the exceptions that were logged, or that nobody caught."""
    for time_ns, trace_id, span_id, process, written in reader.rows(_LOGGED, (newest,)):
        try:
            attributes = json.loads(written)
        except (ValueError, RecursionError):
            continue
        if isinstance(attributes, dict) and attributes.get("exception.type"):
            kind, message, text = _described(attributes)
            yield _Seen(kind, message, text, time_ns, trace_id, span_id, "", process, is_log=True)


def _grouped(seen: Iterable[_Seen]) -> list[Failure]:
    groups: dict[tuple[object, ...], list[_Seen]] = {}
    frames: dict[str, list[Frame]] = {}
    for one in seen:
        if one.stack not in frames:
            frames[one.stack] = stack.frames_of(one.stack)
        own = stack.innermost_own(frames[one.stack])
        place = (own.file, own.line) if own else (one.endpoint, one.message if not one.endpoint else "")
        groups.setdefault((one.type, *place), []).append(one)
    return [_failure(group, frames) for group in groups.values()]


def _failure(group: Sequence[_Seen], frames: dict[str, list[Frame]]) -> Failure:
    newest = max(group, key=lambda one: one.time_ns)
    return Failure(
        newest.type,
        newest.message,
        stack.innermost_own(frames[newest.stack]),
        times=len(group),
        first_ns=min(one.time_ns for one in group),
        last_ns=newest.time_ns,
        endpoints=tuple(dict.fromkeys(one.endpoint for one in group if one.endpoint)),
        trace_id=newest.trace_id,
        span_id=newest.span_id,
        stack=newest.stack,
        frames=tuple(frames[newest.stack]),
        is_log=all(one.is_log for one in group),
        moments_ns=tuple(sorted(one.time_ns for one in group)[-MOMENTS:]),
        process=newest.process,
    )


def _with_log_before(reader: StoreReader, failure: Failure) -> Failure:
    query = _LOG_BEFORE if failure.trace_id else _LOG_BEFORE_OUTSIDE
    values = {"trace": failure.trace_id, "time_ns": failure.last_ns, "process": failure.process}
    for severity, logger, body in reader.rows(query, values):
        return failure._replace(log_before=f"{severity} {logger}: {body}"[:_LONGEST_MESSAGE].strip())
    return failure
