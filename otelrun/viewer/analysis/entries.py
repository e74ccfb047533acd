"""Requests, messages and jobs: what users count, made of the spans of a trace. Pure.

An entry is a span of kind server or consumer, or the first span of a trace, unless that is just the client's side of one.
"""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from otelrun.ring.record import INTERRUPTED
from otelrun.viewer.analysis import naming

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from otelrun.store.changes import ExceptionFacts, SpanFacts

_SERVING = frozenset({"server", "consumer"})
_CALLING = frozenset({"client", "producer"})
_PARENT_IS_REMOTE = 0x300  # OTLP's flags: it is known whether the parent is remote, and it is


class Entry(NamedTuple):
    """A request, a message or a job.

    Attributes:
        span: row id of its span.
        process: row id of its process.
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        name: of its span.
        endpoint: what it is grouped by: ``GET /items/{id}``, else the name.
        route: ``/items/{id}``, else the name.
        kind: of its span.
        start_ns: since the epoch.
        duration_ns: never negative.
        status_code: HTTP's or RPC's, empty where there is none.
        is_failed: it ended in an error, or with an HTTP status of 500 or above.
        is_interrupted: it had not ended when its process did.
        failure: ``Type: message`` on one line; empty where nothing failed, or nothing is known.
        spans: how many lie below it, itself included.
        logs: log records of these.
        time_in: nanoseconds by library, ``app`` first; parallel work counts once, so they add up to the duration at most.
        calls: how many calls to which library it made itself.
    """

    span: int
    process: int
    trace_id: str
    span_id: str
    name: str
    endpoint: str
    route: str
    kind: str
    start_ns: int
    duration_ns: int
    status_code: str
    is_failed: bool
    is_interrupted: bool
    failure: str
    spans: int
    logs: int
    time_in: dict[str, int]
    calls: dict[str, int]


class TraceSpans:
    """The spans of one trace, linked."""

    def __init__(self, spans: Sequence[SpanFacts], *, is_over: bool = True) -> None:
        """Link the spans.

        Args:
            spans: all of the trace that are known.
            is_over: none will come any more: a span whose parent is missing is then a first span, too.
        """
        self.spans = spans
        self._is_over = is_over
        self._by_id = {span.span_id: span for span in spans}
        self._children: dict[str, list[SpanFacts]] = {}
        for span in spans:
            if span.parent_span_id in self._by_id and span.parent_span_id != span.span_id:
                self._children.setdefault(span.parent_span_id, []).append(span)

    def children(self, span: SpanFacts) -> Sequence[SpanFacts]:
        """Give the spans right below one."""
        return self._children.get(span.span_id, ())

    def is_entry(self, span: SpanFacts) -> bool:
        """Say whether a span is a request, a message or a job of its own."""
        if span.kind in _SERVING:
            return True
        if span.parent_span_id in self._by_id:
            return False
        is_first = not span.parent_span_id or span.flags & _PARENT_IS_REMOTE == _PARENT_IS_REMOTE or self._is_over
        is_other_side = span.kind in _CALLING and any(child.kind in _SERVING for child in self.children(span))
        return is_first and not is_other_side

    def entries(self) -> list[SpanFacts]:
        """Give the entries, by their start."""
        return [span for span in self.spans if self.is_entry(span)]

    def has_orphans(self) -> bool:
        """Say whether a span waits for its parent, which has not ended yet or is lost."""
        return any(span.parent_span_id and span.parent_span_id not in self._by_id for span in self.spans)

    def entry_above(self, span: SpanFacts) -> SpanFacts | None:
        """Give the entry that a span belongs to, maybe itself; None where there is none."""
        seen: set[str] = set()
        at: SpanFacts | None = span
        while at is not None and at.span_id not in seen:
            if self.is_entry(at):
                return at
            seen.add(at.span_id)
            at = self._by_id.get(at.parent_span_id)
        return None

    def below(self, span: SpanFacts) -> Iterator[SpanFacts]:
        """Give a span and all below it, each once, whatever circles the parents make."""
        waiting, seen = [span], {span.span_id}
        while waiting:
            at = waiting.pop()
            yield at
            for child in self.children(at):
                if child.span_id not in seen:
                    seen.add(child.span_id)
                    waiting.append(child)

    def calls_of(self, entry: SpanFacts) -> Iterator[SpanFacts]:
        """Give the calls that an entry's own code makes: the nearest client and producer spans below it."""
        waiting, seen = list(self.children(entry)), {entry.span_id}
        while waiting:
            at = waiting.pop()
            if at.span_id in seen or at.kind in _SERVING:
                continue
            seen.add(at.span_id)
            if at.kind in _CALLING:
                yield at
            else:
                waiting.extend(self.children(at))


def entries_of(
    trace: TraceSpans, logs: Mapping[str, int] | None = None, exceptions: Mapping[int, ExceptionFacts] | None = None
) -> list[Entry]:
    """Make the entries of one trace, by their start.

    Args:
        trace: its spans.
        logs: how many log records each span has, by span id.
        exceptions: the exceptions of its spans, by row id.
    """
    return [_entry(trace, span, logs or {}, exceptions or {}) for span in trace.entries()]


def _entry(
    trace: TraceSpans, span: SpanFacts, logs: Mapping[str, int], exceptions: Mapping[int, ExceptionFacts]
) -> Entry:
    below = list(trace.below(span))
    is_failed = span.is_error or naming.is_server_error(span.attributes)
    calls = [(naming.library_of(call.kind, call.attributes), call) for call in trace.calls_of(span)]
    numbers: dict[str, int] = {}
    for library, _ in calls:
        numbers[library] = numbers.get(library, 0) + 1
    return Entry(
        span=span.id,
        process=span.process,
        trace_id=span.trace_id,
        span_id=span.span_id,
        name=intern(span.name),
        endpoint=intern(naming.endpoint_of(span.name, span.kind, span.attributes)),
        route=intern(naming.route_of(span.name, span.attributes)),
        kind=intern(span.kind),
        start_ns=span.start_ns,
        duration_ns=max(0, span.end_ns - span.start_ns),
        status_code=intern(naming.status_of(span.attributes)),
        is_failed=is_failed,
        is_interrupted=span.attributes.get(INTERRUPTED) is True,
        failure=_failure(below, exceptions) if is_failed else "",
        spans=len(below),
        logs=sum(logs.get(one.span_id, 0) for one in below) if logs else 0,
        time_in=_time_in(span, calls),
        calls=_shared(tuple(numbers.items())),
    )


@lru_cache(1_000)
def _shared(numbers: tuple[tuple[str, int], ...]) -> dict[str, int]:
    """Give one dictionary to all entries that have the same numbers: there may be hundreds of thousands. Nobody changes it."""
    return dict(numbers)


def _time_in(span: SpanFacts, calls: Sequence[tuple[str, SpanFacts]]) -> dict[str, int]:
    """Share a span's time among the libraries it called and its own code; of calls at the same time the first has it."""
    spent: dict[str, int] = {}
    at = span.start_ns
    for library, call in sorted(calls, key=lambda pair: pair[1].start_ns):
        start_ns, end_ns = max(at, call.start_ns), min(call.end_ns, span.end_ns)
        if end_ns > start_ns:
            spent[library] = spent.get(library, 0) + end_ns - start_ns
            at = end_ns
    own = max(0, span.end_ns - span.start_ns) - sum(spent.values())
    return {naming.APP: own, **spent}


def _failure(below: Sequence[SpanFacts], exceptions: Mapping[int, ExceptionFacts]) -> str:
    """Say in a line what went wrong in an entry: the deepest exception, which came first; else what a span says of itself."""
    found = [exceptions[span.id] for span in below if span.id in exceptions]
    if found:
        attributes = min(found, key=lambda exception: exception.time_ns).attributes
        return one_line(attributes.get("exception.type"), attributes.get("exception.message"))
    for span in reversed(below):
        if span.is_error:
            kind = span.attributes.get("error.type")
            text = one_line("" if kind == naming.status_of(span.attributes) else kind, span.status_message)
            if text:
                return text
    return ""


def one_line(kind: object, message: object) -> str:
    """Put the type and the message of a failure on one line of at most 300 characters."""
    parts = [str(part).split("\n")[0].strip() for part in (kind, message) if part]
    if len(parts) > 1 and parts[1].startswith(f"{parts[0]}:"):
        parts = parts[1:]
    return ": ".join(part for part in parts if part)[:300]
