"""What happens in a run, in the order it happens: each request when it has ended, and what went wrong outside of requests.

For ``otelrun tail``: read from a store as it grows, not yet drawn. A request is told once.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.store.changes import exceptions_of, spans_of
from otelrun.store.encoding import PROCESS_SHIFT
from otelrun.viewer import stack
from otelrun.viewer.analysis.digest import Digest
from otelrun.viewer.analysis.entries import TraceSpans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otelrun.store.changes import SpanFacts
    from otelrun.store.queries import StoreReader
    from otelrun.store.rows import LogRow, ProcessRow
    from otelrun.viewer.analysis.entries import Entry

WARN = 13
"""Severity number from which log records are told."""

_FEWEST_CALLS = 10
_MOST_DURATIONS = 1_000
_OUTLIER_TIMES = 5
_OUTLIER_NS = 5_000_000
_LOG_WAITS_NS = 3_000_000_000
"""How long a log record waits for the request it belongs to to end; then it is told without."""

_NO_ATTRIBUTES: dict[str, Any] = {}


class Request(NamedTuple):
    """A request, message or job that has ended.

    Attributes:
        entry: what it was.
        service_name: of its process.
        pid: of its process.
        location: where in the user's own code it failed, ``app.py:15 in item``; empty where that is not known.
        logs: its warnings and errors, by time.
        times_median: how many times the median of its endpoint it took, where that is extraordinary; else 0.
        shown: those attributes of its span that were asked for.
    """

    entry: Entry
    service_name: str
    pid: int
    location: str = ""
    logs: tuple[LogRow, ...] = ()
    times_median: float = 0.0
    shown: dict[str, Any] = _NO_ATTRIBUTES

    @property
    def time_ns(self) -> int:
        """When it ended, ns since the epoch."""
        return self.entry.start_ns + self.entry.duration_ns


class Outside(NamedTuple):
    """A warning or an error that was logged outside of requests."""

    log: LogRow

    @property
    def time_ns(self) -> int:
        """When it was logged, ns since the epoch."""
        return self.log.time_ns


Happening = Request | Outside


class Wanted(NamedTuple):
    """What is to be told.

    Attributes:
        has_errors: only requests that failed or logged an error, and log records that are errors.
        slower_than_ns: only requests that took at least so long; then no log records outside of them.
        attributes: names of attributes to show.
    """

    has_errors: bool = False
    slower_than_ns: int = 0
    attributes: tuple[str, ...] = ()


class Tail:
    """What has happened in one run since it was last asked."""

    def __init__(self, wanted: Wanted) -> None:
        """Begin with nothing told."""
        self._wanted = wanted
        self._digest = Digest()
        self._told: set[tuple[str, str]] = set()
        self._sequence = 0
        self._processes: dict[int, ProcessRow] = {}
        self._last_log: dict[int, int] = {}
        self._waiting: dict[str, list[LogRow]] = {}  # by trace: until the request they belong to has ended
        self._durations: dict[str, list[int]] = {}

    @property
    def processes(self) -> Sequence[ProcessRow]:
        """The processes known so far."""
        return list(self._processes.values())

    def update(self, reader: StoreReader, now_ns: int, *, is_over: bool) -> list[Happening]:
        """Give what is new, by time.

        Args:
            reader: the run's store.
            now_ns: ns since the epoch.
            is_over: nothing more will come.
        """
        self._processes = {row.id: row for row in reader.processes()}
        logs = self._new_logs(reader)
        while not self._digest.update(reader, is_over=is_over):
            pass
        found: list[Happening] = [Outside(log) for log in logs]
        found += self._new_requests(reader)
        found += [Outside(log) for log in self._take_old_logs(now_ns if is_over else now_ns - _LOG_WAITS_NS)]
        return sorted(filter(self._is_wanted, found), key=lambda one: one.time_ns)

    def _new_logs(self, reader: StoreReader) -> list[LogRow]:
        """Read what was logged; gives what belongs to no request."""
        outside = []
        for process in self._processes:
            after = self._last_log.get(process, 0)
            for log in reader.logs_of_process(process, after=after, least_severity=WARN):
                self._last_log[process] = log.id
                if log.span_id:
                    self._waiting.setdefault(log.trace_id, []).append(log)
                else:
                    outside.append(log)
        return outside

    def _new_requests(self, reader: StoreReader) -> Iterable[Happening]:
        changes = self._digest.changed_after(self._sequence)
        self._sequence = self._digest.sequence
        entries = [change.entry for change in changes if not change.is_withdrawn]
        for entry in sorted(entries, key=lambda entry: entry.start_ns + entry.duration_ns):
            key = (entry.trace_id, entry.span_id)
            if key not in self._told:
                self._told.add(key)
                yield self._request(reader, entry)

    def _request(self, reader: StoreReader, entry: Entry) -> Request:
        process = self._processes.get(entry.span >> PROCESS_SHIFT)
        service_name, pid = (process.service_name, process.pid) if process else ("", 0)
        request = Request(entry, service_name, pid, times_median=self._times_median(entry))
        if entry.is_failed or entry.trace_id in self._waiting:
            below = _below(reader, entry)
            request = request._replace(location=_location(reader, below), logs=self._take_logs(entry.trace_id, below))
        if self._wanted.attributes:
            request = request._replace(shown=_shown(reader, entry, self._wanted.attributes))
        return request

    def _times_median(self, entry: Entry) -> float:
        durations = self._durations.setdefault(entry.endpoint, [])
        median_ns = durations[len(durations) // 2] if len(durations) >= _FEWEST_CALLS else 0
        insort(durations, entry.duration_ns)
        if len(durations) > _MOST_DURATIONS:
            del durations[::2]  # every other one: the median stays
        if not median_ns or entry.duration_ns < max(_OUTLIER_NS, median_ns * _OUTLIER_TIMES):
            return 0.0
        return entry.duration_ns / median_ns

    def _take_logs(self, trace_id: str, below: Sequence[SpanFacts]) -> tuple[LogRow, ...]:
        ids = {span.span_id for span in below}
        waiting = self._waiting.pop(trace_id, [])
        left = [log for log in waiting if log.span_id not in ids]
        if left:
            self._waiting[trace_id] = left
        taken = [log for log in waiting if log.span_id in ids]
        return tuple(sorted(taken, key=lambda log: log.time_ns))

    def _take_old_logs(self, before_ns: int) -> list[LogRow]:
        old = [log for logs in self._waiting.values() for log in logs if log.time_ns < before_ns]
        if old:
            left = ((name, [log for log in logs if log.time_ns >= before_ns]) for name, logs in self._waiting.items())
            self._waiting = {name: logs for name, logs in left if logs}
        return old

    def _is_wanted(self, one: Happening) -> bool:
        wanted = self._wanted
        if isinstance(one, Outside):
            return not wanted.slower_than_ns and (not wanted.has_errors or _is_error(one.log))
        if one.entry.duration_ns < wanted.slower_than_ns:
            return False
        return not wanted.has_errors or one.entry.is_failed or any(map(_is_error, one.logs))


def _is_error(log: LogRow) -> bool:
    return log.severity_number >= 17  # noqa: PLR2004 - ERROR, as in OTLP


def _below(reader: StoreReader, entry: Entry) -> list[SpanFacts]:
    """Give the spans of a request, its own first."""
    for spans in spans_of(reader, [entry.trace_id]):
        trace = TraceSpans(spans)
        for span in spans:
            if span.id == entry.span:
                return list(trace.below(span))
    return []


def _location(reader: StoreReader, below: Sequence[SpanFacts]) -> str:
    """Say where in the user's own code the first of the exceptions of these spans was raised."""
    found = exceptions_of(reader, [span for span in below if span.is_error]).values()
    for exception in sorted(found, key=lambda exception: exception.time_ns):
        trace = exception.attributes.get("exception.stacktrace")
        frame = stack.innermost_own(stack.frames_of(trace)) if isinstance(trace, str) else None
        if frame is not None:
            return frame.location
    return ""


def _shown(reader: StoreReader, entry: Entry, names: Sequence[str]) -> dict[str, Any]:
    for spans in spans_of(reader, [entry.trace_id]):
        for span in spans:
            if span.id == entry.span:
                return {name: span.attributes[name] for name in names if name in span.attributes}
    return {}
