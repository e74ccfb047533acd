"""Keeping a run's store below a limit while it is written: what is oldest goes, whole traces at a time, failures last.

It works in small pieces, so that the agent reads its rings in between, and begins no transactions of its own. An *episode* begins
when the file is nearly full, and ends when a fifth of it is free. It goes through these stages, as far as need be:

1. points of metrics that have many are thinned; traces without a failed span, and log records outside of traces below ERROR;
2. the other traces and log records outside of traces;
3. the oldest spans whatever they belong to: a trace that is still written, and fills the file alone, loses its beginning.

Up to stage 3 a trace goes whole or not at all, and none in which a span has ended lately.
"""

from __future__ import annotations

from collections import deque
from time import monotonic, time_ns
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Sequence

_HIGH, _LOW = 0.95, 0.8
"""Shares of the limit at which an episode begins and ends."""

_WORTH_ANOTHER = 1.05
"""An episode that found nothing more to remove is followed by another when the file has grown by so much."""

_QUIET_NS = 10_000_000_000
"""A trace in which a span has ended in this time may still be written …"""

_NEWEST_SHARE = 4
"""… but where more than this part of all spans has ended in it, only those in which one of the newest part has."""

_AT_ONCE = 400  # rows that are looked at; below SQLite's oldest limit of variables
_REMOVED_AT_ONCE = 100
_SERIES_AT_ONCE = 8
_MANY_POINTS, _FEW_POINTS = 720, 12
_ERROR_SEVERITY = 17
_BEFORE_ALL = (-(1 << 63), -(1 << 63))
_VACUUM_PAGES = 256

_OLDEST_SPANS = """
SELECT end_ns, id, trace_id FROM span WHERE (end_ns, id) > (?, ?) AND end_ns <= ? ORDER BY end_ns, id LIMIT ?"""

_NEWER_SPANS = "SELECT end_ns FROM span ORDER BY end_ns DESC LIMIT 1 OFFSET (SELECT count(*) / ? FROM span)"
_NEWER_LOGS = "SELECT time_ns FROM log ORDER BY time_ns DESC LIMIT 1 OFFSET (SELECT count(*) / ? FROM log)"

_TRACES = """
WITH t (id) AS (VALUES %s) SELECT id, (SELECT max(end_ns) FROM span WHERE trace_id = t.id),
(SELECT count(*) FROM (SELECT 1 FROM span WHERE trace_id = t.id LIMIT ?)),
EXISTS (SELECT 1 FROM span WHERE trace_id = t.id AND status = 'error') FROM t"""

_OLDEST_LOGS = """
SELECT time_ns, id FROM log WHERE (time_ns, id) > (?, ?) AND time_ns <= ? ORDER BY time_ns, id LIMIT ?"""

_REMOVE_LOGS_OUTSIDE = """
DELETE FROM log WHERE id IN (%s) AND severity_number < ? AND NOT EXISTS (SELECT 1 FROM span s WHERE s.trace_id = log.trace_id)"""

_ADD = """
INSERT INTO pruned VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET traces = traces + excluded.traces,
spans = spans + excluded.spans, logs = logs + excluded.logs, points = points + excluded.points,
until_ns = max(until_ns, excluded.until_ns), pruned_ns = excluded.pruned_ns"""


class _Trace(NamedTuple):
    """A trace that is to go: when the last of its spans ended, and how many it has, or more than can be removed at once."""

    trace_id: str
    newest_ns: int
    spans: int


class _Walk:
    """How far one stage has got, from the oldest on: times and ids; ``before`` what it looked at last."""

    def __init__(self) -> None:
        self.span = self.log = self.before = _BEFORE_ALL
        self.has_spans = True


class Pruner:
    """Prunes one store."""

    def __init__(self, connection: sqlite3.Connection, limit: int, now_ns: Callable[[], int] = time_ns) -> None:
        """Prepare.

        Args:
            connection: the writer's.
            limit: bytes.
            now_ns: tells the time, ns since the epoch.
        """
        self._connection = connection
        self._limit = limit
        self._now_ns = now_ns
        self._page_size = self._number("PRAGMA page_size")
        self._stages: deque[Callable[[], bool]] = deque()
        self._walks = (_Walk(), _Walk())
        self._leaving: deque[_Trace] = deque()
        self._is_halfway = False
        self._series = 0
        self._ended_processes: Callable[[int], bool] = lambda _: False
        self._quiet_ns = 0
        self._found_nothing_at = 0.0
        self._counts = dict.fromkeys(("traces", "spans", "logs", "points"), 0)
        self._until_ns = self._number("SELECT coalesce(max(until_ns), 0) FROM pruned")

    def _number(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    def used(self) -> int:
        """Give how many bytes of the file are in use; pages that were freed are used anew before it grows."""
        return (self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count")) * self._page_size

    def is_due(self) -> bool:
        """Say whether there is something to remove, or to go on removing."""
        return bool(self._stages) or self.used() > max(self._limit * _HIGH, self._found_nothing_at)

    def is_over(self) -> bool:
        """Say whether the limit is exceeded."""
        return self.used() > self._limit

    def remove(self, budget_s: float, live_processes: Collection[int]) -> None:
        """Remove for a moment, inside a transaction of the caller's.

        Args:
            budget_s: seconds; exceeded by some milliseconds at most.
            live_processes: those that may record more: their metrics are never removed whole.
        """
        deadline = monotonic() + budget_s
        if not self._stages:
            self._begin()
        self._ended_processes = lambda process: process not in live_processes
        while self._stages and monotonic() < deadline:
            if self.used() <= self._limit * _LOW and not self._is_halfway:
                self._stop()
            elif self._leaving:
                self._remove_traces()
            elif not self._stages[0]():
                self._stages.popleft()
                if not self._stages:
                    self._found_nothing_at = self.used() * _WORTH_ANOTHER
        self._write_down()

    def shrink(self, budget_s: float, *, to: int | None = None) -> bool:
        """Give pages that are free back to the file system, outside of any transaction; of a file that knows how.

        Args:
            budget_s: seconds.
            to: bytes that the file may have; the limit if None.

        Returns:
            Whether there is more to give back.
        """
        deadline = monotonic() + budget_s
        pages = (self._limit if to is None else to) // self._page_size
        while monotonic() < deadline and self._number("PRAGMA page_count") > pages:
            free = self._number("PRAGMA freelist_count")
            if free:
                self._connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
            if not free or self._number("PRAGMA freelist_count") == free:
                return False
        return self._number("PRAGMA page_count") > pages

    def _stop(self) -> None:
        """End an episode; traces that are not to go any more are looked at again in the next one."""
        self._stages.clear()
        self._leaving.clear()
        for walk in self._walks:
            walk.span = walk.before

    def _begin(self) -> None:
        """Begin an episode: say which traces are quiet by now."""
        self._find_quiet()
        unfailed, every = self._walks
        self._series = 0
        self._found_nothing_at = 0.0
        self._stages.extend(
            (
                lambda: self._thin(_MANY_POINTS),
                lambda: self._look(unfailed, spares_failures=True),
                lambda: self._look(every, spares_failures=False),
                self._begin_last_stage,
                lambda: self._thin(_FEW_POINTS),
                self._remove_oldest,
            )
        )

    def _find_quiet(self) -> None:
        self._quiet_ns = self._now_ns() - _QUIET_NS
        for query in (_NEWER_SPANS, _NEWER_LOGS):
            for (newer_ns,) in self._connection.execute(query, (_NEWEST_SHARE,)):
                self._quiet_ns = max(self._quiet_ns, newer_ns)

    def _begin_last_stage(self) -> bool:
        self._walks = (_Walk(), _Walk())  # what came late and older than what was looked at
        self._series = 0
        return False

    def _look(self, walk: _Walk, *, spares_failures: bool) -> bool:
        """Go on to the next oldest spans, when the log records that are not newer have been seen to; find out which are to go.

        Returns:
            Whether there may be more.
        """
        horizon_ns = walk.span[0] if walk.has_spans else self._quiet_ns
        logs = self._connection.execute(_OLDEST_LOGS, (*walk.log, horizon_ns, _AT_ONCE)).fetchall()
        if logs:
            walk.log = logs[-1]
            self._remove_logs([log for _, log in logs], _ERROR_SEVERITY if spares_failures else 1 << 62, logs[-1][0])
            return True
        if not walk.has_spans:
            walk.has_spans = True
            return False
        spans = self._connection.execute(_OLDEST_SPANS, (*walk.span, self._quiet_ns, _AT_ONCE)).fetchall()
        if len(spans) < _AT_ONCE:
            self._find_quiet()  # more may be, by now
            spans = self._connection.execute(_OLDEST_SPANS, (*walk.span, self._quiet_ns, _AT_ONCE)).fetchall()
        if len(spans) < _AT_ONCE // 2:
            walk.has_spans = False
            return True
        walk.before, walk.span = walk.span, spans[-1][:2]
        trace_ids = tuple(dict.fromkeys(trace_id for _, _, trace_id in spans))
        query = _TRACES % ",".join(["(?)"] * len(trace_ids))
        for *trace, is_failed in self._connection.execute(query, (*trace_ids, _REMOVED_AT_ONCE + 1)):
            going = _Trace(*trace)
            if going.newest_ns <= self._quiet_ns and not (spares_failures and is_failed):
                self._leaving.append(going)
        return True

    def _remove_traces(self) -> None:
        """Remove the first traces that are to go, with their log records: some whole, or a part of one that is very long."""
        traces = [self._leaving.popleft()]
        while self._leaving and sum(trace.spans for trace in traces) + self._leaving[0].spans <= _REMOVED_AT_ONCE:
            traces.append(self._leaving.popleft())
        trace_ids = [trace.trace_id for trace in traces]
        chosen = f"WHERE trace_id IN ({_marks(trace_ids)}) LIMIT {_REMOVED_AT_ONCE + 1}"
        spans = self._ids(f"SELECT id FROM span {chosen}", trace_ids)  # noqa: S608 - marks only
        self._remove_spans(spans)
        logs = self._ids(f"SELECT id FROM log {chosen}", trace_ids)  # noqa: S608 - marks only
        self._count("logs", self._remove_by_id("log", "id", logs))
        self._is_halfway = max(len(spans), len(logs)) > _REMOVED_AT_ONCE
        if self._is_halfway:
            self._leaving.extendleft(reversed(traces))
            return
        self._count("traces", len(traces))
        self._until_ns = max(self._until_ns, *(trace.newest_ns for trace in traces))

    def _ids(self, query: str, values: Sequence[object]) -> list[int]:
        return [row[0] for row in self._connection.execute(query, values)]

    def _remove_spans(self, ids: Sequence[int]) -> None:
        for table in ("span_event", "span_link"):
            self._remove_by_id(table, "span", ids)
        self._count("spans", self._remove_by_id("span", "id", ids))

    def _remove_by_id(self, table: str, column: str, ids: Sequence[int]) -> int:
        if not ids:
            return 0
        statement = f"DELETE FROM {table} WHERE {column} IN ({_marks(ids)})"  # noqa: S608 - names of ours
        return self._connection.execute(statement, ids).rowcount

    def _remove_logs(self, ids: Sequence[int], severity: int, newest_ns: int) -> None:
        """Remove those of these log records that belong to no trace and are below a severity."""
        statement = _REMOVE_LOGS_OUTSIDE % _marks(ids)
        removed = self._connection.execute(statement, (*ids, severity)).rowcount
        if removed:
            self._count("logs", removed)
            self._until_ns = max(self._until_ns, newest_ns)

    def _remove_oldest(self) -> bool:
        """Remove the oldest spans, and the log records that are not newer, whatever they belong to."""
        spans = self._connection.execute(_OLDEST_SPANS, (*_BEFORE_ALL, 1 << 62, _REMOVED_AT_ONCE)).fetchall()
        horizon_ns = spans[-1][0] if spans else 1 << 62
        logs = self._connection.execute(_OLDEST_LOGS, (*_BEFORE_ALL, horizon_ns, _REMOVED_AT_ONCE)).fetchall()
        self._remove_spans([row[1] for row in spans])
        self._count("logs", self._remove_by_id("log", "id", [row[1] for row in logs]))
        self._until_ns = max(self._until_ns, *(row[0] for row in (*spans[-1:], *logs[-1:])), 0)
        return bool(spans or logs)

    def _thin(self, most: int) -> bool:
        """Take every second point, but for the newest, from the next metrics that have more than ``most``.

        Values are cumulative: what is left says less exactly when it happened, and nothing less about how much. Metrics of
        processes that ended before what else is gone go whole.

        Returns:
            Whether there were any metrics.
        """
        query = "SELECT id, process FROM metric WHERE id > ? ORDER BY id LIMIT ?"
        metrics = self._connection.execute(query, (self._series, _SERIES_AT_ONCE)).fetchall()
        for metric, process in metrics:
            self._series = metric
            times = self._ids("SELECT time_ns FROM metric_point WHERE metric = ? ORDER BY time_ns", (metric,))
            if times and times[-1] < self._until_ns and self._ended_processes(process):
                self._connection.execute("DELETE FROM metric WHERE id = ?", (metric,))
            elif len(times) > most:
                times = times[1 : len(times) - most // 2 : 2]
            else:
                continue
            rows = [(metric, time) for time in times]
            self._connection.executemany("DELETE FROM metric_point WHERE metric = ? AND time_ns = ?", rows)
            self._count("points", len(rows))
        return bool(metrics)

    def _count(self, what: str, number: int) -> None:
        self._counts[what] += number

    def _write_down(self) -> None:
        if any(self._counts.values()):
            self._connection.execute(_ADD, (*self._counts.values(), self._until_ns, self._now_ns()))
            self._counts = dict.fromkeys(self._counts, 0)


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
