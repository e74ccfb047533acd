"""Writing a run's store: the agent's side. One writer per file; nothing is kept until ``commit``.

Everything is idempotent: what is given twice is stored once, so that an agent may read a ring again after a crash. One row
that SQLite refuses hides no other. When the file cannot be written (no space, no permission), every method raises
``StoreError`` and nothing since the last ``commit`` is kept; the same may be given again.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from otelrun.errors import StoreError
from otelrun.ring.record import LogRecord, NoteRecord, SpanRecord
from otelrun.store import encoding
from otelrun.store.opening import open_for_writing
from otelrun.store.pruning import Pruner
from otelrun.store.size import log_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from otelrun.ring.reader import SeriesState
    from otelrun.ring.record import Library, Record, Scope
    from otelrun.store.accounts import Delivery, ExporterAccount, ProcessAccount, RunAccounts
    from otelrun.store.encoding import Columns

NO_LIMIT = 1 << 62
"""Bytes: no store reaches them."""

_MOMENT_S, _LONGER_S, _LAST_S = 0.02, 0.04, 1.0
"""How long pruning may hold up the reading of rings: a moment, and a longer one; and how long it may take at the end."""

_SHORTEST_FULL_LOG = 64 * 1024 * 1024

_REFUSED = (sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError, OverflowError, UnicodeError)
_MALFORMED = (TypeError, ValueError, AttributeError)


def _insert(table: str, width: int, conflict: str) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * width)}) ON CONFLICT ({conflict}) DO NOTHING"  # noqa: S608 - no data


_SPAN = _insert("span", 18, "id")
_EVENT = _insert("span_event", 6, "span, position")
_LINK = _insert("span_link", 8, "span, position")
_LOG = _insert("log", 15, "id")
_NOTE = _insert("note", 5, "id")
_POINT = _insert("metric_point", 8, "metric, time_ns")
_LIBRARY = "INSERT OR REPLACE INTO process_library VALUES (?, ?, ?, ?, ?, ?)"
_COUNT = "INSERT OR REPLACE INTO process_count VALUES (?, ?, ?, ?, ?)"
_DELIVERY = "INSERT OR REPLACE INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PROCESS_DELIVERY = "INSERT OR REPLACE INTO process_delivery VALUES (?, ?, ?, ?, ?, ?)"
_PROCESS = (
    "INSERT INTO process (id, ring, pid, start_ticks, created_ns, service_name, resource) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET service_name = excluded.service_name, resource = excluded.resource"
)


class _Batch:
    """Rows of several tables that are inserted together."""

    def __init__(self) -> None:
        self._spans: list[Columns] = []
        self._events: list[Columns] = []
        self._links: list[Columns] = []
        self._logs: list[Columns] = []
        self._notes: list[Columns] = []

    def append(self, key: int, process: int, scope: int, record: Record) -> None:
        """Turn a record into rows."""
        if isinstance(record, SpanRecord):
            self._spans.append(encoding.span_columns(key, process, scope, record))
            if record.events:
                self._events.extend(encoding.event_columns(key, record.events))
            if record.links:
                self._links.extend(encoding.link_columns(key, record.links))
        elif isinstance(record, LogRecord):
            self._logs.append(encoding.log_columns(key, process, scope, record))
        else:
            self._notes.append(encoding.note_columns(key, process, record))

    def statements(self) -> tuple[tuple[str, list[Columns]], ...]:
        """Pair each INSERT with its rows."""
        return (
            (_SPAN, self._spans),
            (_EVENT, self._events),
            (_LINK, self._links),
            (_LOG, self._logs),
            (_NOTE, self._notes),
        )


class StoreWriter:
    """A run's store, open for writing."""

    def __init__(self, path: str, limit: int = NO_LIMIT) -> None:
        """Open the store, or make it (mode 0600).

        Args:
            path: the file.
            limit: bytes that the file may have, see ``prune``.

        Raises:
            StoreError: it cannot be made or opened, or a newer otelrun has made it.
        """
        self._path = path
        self._are_processes_lost = False
        self._processes: dict[str, Columns] = {}
        self._numbers: dict[str, int] = {}
        self._highest = 0
        self._scopes: dict[Columns, int] = {}
        self._metrics: dict[tuple[int, int], int] = {}
        self._measured: dict[int, tuple[int, float, tuple[int, ...]]] = {}
        self._accounts: dict[str, ProcessAccount] = {}
        self._exporters: dict[str, ExporterAccount] = {}
        with self._reported():
            self._connection = open_for_writing(path)
            columns = "id, ring, pid, start_ticks, created_ns, service_name, resource"
            for row in self._connection.execute(f"SELECT {columns} FROM process"):  # noqa: S608 - no data
                self._remember(row)
            self._pruner = Pruner(self._connection, limit)
        self._limit = limit
        self._added = 0
        self._is_more = True  # of an earlier agent's, for all that is known
        self._is_log_full = False
        self._unstored: dict[int, int] = {}

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self._forget()
            message = f"{self._path}: {error}"
            raise StoreError(message) from error

    def _forget(self) -> None:
        """Give up what is not committed, and what was remembered of it; the ids of processes stay as they are."""
        with suppress(sqlite3.Error, AttributeError):  # SQLite may have rolled back itself, or never opened the file
            self._connection.execute("ROLLBACK")
        self._scopes.clear()
        self._metrics.clear()
        self._measured.clear()
        self._accounts.clear()
        self._exporters.clear()
        self._are_processes_lost = True

    def _execute(self, statement: str, columns: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement inside the current transaction; a value that SQLite refuses gets a form that it takes."""
        with self._reported():
            self._begin()
            try:
                return self._connection.execute(statement, columns)
            except _REFUSED:
                return self._connection.execute(statement, [encoding.storable(value) for value in columns])

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._are_processes_lost:
                self._are_processes_lost = False
                for row in self._processes.values():
                    self._execute(_PROCESS, row)

    def _insert_all(self, statement: str, rows: list[Columns]) -> int:
        """Insert rows; when one is refused, each alone. Gives how many could not be stored."""
        if not rows:
            return 0
        with self._reported():
            self._begin()
            try:
                self._connection.executemany(statement, rows)
            except _REFUSED:
                return sum(not self._insert_alone(statement, row) for row in rows)
        return 0

    def _insert_alone(self, statement: str, row: Columns) -> bool:
        try:
            self._connection.execute(statement, [encoding.storable(value) for value in row])
        except _REFUSED:
            return False
        return True

    def describe_run(self, description: dict[str, Any]) -> None:
        """Say what was run: the fields of run.json."""
        self._execute("INSERT INTO run (id) VALUES (1) ON CONFLICT (id) DO NOTHING")
        self._execute(
            "UPDATE run SET run_id = ?, service_name = ?, service_name_source = ?, command = ?, cwd = ?, started_ns = ?,"
            " root_pid = ?, profile = ?, description = ? WHERE id = 1",
            (
                description.get("run_id"),
                description.get("service_name"),
                description.get("service_name_source"),
                encoding.json_text(description.get("command") or []),
                description.get("cwd"),
                description.get("started_ns"),
                description.get("root_pid"),
                description.get("profile"),
                encoding.json_text(description),
            ),
        )

    def add_process(self, ring_name: str, pid: int, start_ticks: int, created_ns: int, resource: dict[str, Any]) -> int:
        """Give the id of the process that writes the ring ``ring_name``, made at the first call.

        A later call with a resource completes one that came without.
        """
        known = self._processes.get(ring_name)
        number = self._numbers.get(ring_name, self._highest + 1)
        if known and (known[6] != "{}" or not resource):
            return number
        service = resource.get("service.name")
        text = encoding.attributes_text(resource)
        row = (number, ring_name, pid, start_ticks, created_ns, service, text)
        self._execute(_PROCESS, row)
        self._remember(row)
        return number

    def _remember(self, row: Columns) -> None:
        number, ring_name = int(row[0]), row[1]
        self._processes[ring_name] = row
        self._numbers[ring_name] = number
        self._highest = max(self._highest, number)

    def forget_process(self, ring_name: str) -> None:
        """Let go of what is remembered of a process that will record no more; after ``commit``. Its account may still change."""
        self._processes.pop(ring_name, None)
        process = self._numbers.get(ring_name)
        for key in [key for key in self._metrics if key[0] == process]:
            self._measured.pop(self._metrics.pop(key), None)

    def add(self, process: int, records: Sequence[tuple[int, Record]], scope_of: Callable[[int], Scope]) -> None:
        """Add spans, log records and notes of one process.

        Args:
            process: from ``add_process``.
            records: pairs of the record's position in the process's ring and the record.
            scope_of: gives the instrumentation scope of an id in that ring.
        """
        self._added += len(records)
        if self._is_log_full:
            self._unstored[process] = self._unstored.get(process, 0) + len(records)
            return
        batch = _Batch()
        scopes: dict[int, int] = {}
        unstored = 0
        for position, record in records:
            try:
                scope = 0
                if not isinstance(record, NoteRecord):
                    if record.scope not in scopes:
                        scopes[record.scope] = self._scope(scope_of(record.scope))
                    scope = scopes[record.scope]
                batch.append(encoding.key(process, position), process, scope, record)
            except _MALFORMED:  # noqa: PERF203 - one bad record hides no other
                unstored += 1
        unstored += sum(self._insert_all(statement, rows) for statement, rows in batch.statements())
        if unstored:
            self._execute("UPDATE process SET unstored = unstored + ? WHERE id = ?", (unstored, process))

    def _scope(self, scope: Scope) -> int:
        columns = encoding.scope_columns(scope)
        number = self._scopes.get(columns)
        if number is None:
            self._execute("INSERT INTO scope VALUES (NULL, ?, ?, ?, ?) ON CONFLICT DO NOTHING", columns)
            found = self._execute(
                "SELECT id FROM scope WHERE name = ? AND version = ? AND schema_url = ? AND attributes = ?", columns
            ).fetchone()
            number = self._scopes[columns] = int(found[0]) if found else 0
        return number

    def set_libraries(self, process: int, libraries: Sequence[Library]) -> None:
        """Say what has become of the instrumentation of libraries in a process, in the place of what was said before."""
        self._insert_all(_LIBRARY, [(process, *library) for library in libraries])

    def end_process(self, process: int, time_ns: int) -> None:
        """Say when a process had ended."""
        self._execute("UPDATE process SET ended_ns = ? WHERE id = ?", (time_ns, process))

    def set_metrics(
        self, process: int, states: Sequence[SeriesState], scope_of: Callable[[int], Scope], time_ns: int
    ) -> None:
        """Add a point for each metric series that was measured since its last point.

        Args:
            process: from ``add_process``.
            states: the series as they stand.
            scope_of: gives the instrumentation scope of an id in that ring.
            time_ns: when they were read.
        """
        points = []
        for state in states:
            try:
                metric = self._metric(process, state, scope_of)
                seen = (state.time_ns, state.value, state.counts)
                if self._measured.get(metric) != seen:
                    points.append(encoding.point_columns(metric, time_ns, state))
                    self._measured[metric] = seen
            except _MALFORMED:  # noqa: PERF203 - one bad series hides no other
                self._execute("UPDATE process SET unstored = unstored + 1 WHERE id = ?", (process,))
        self._added += len(points)
        self._insert_all(_POINT, points)

    def _metric(self, process: int, state: SeriesState, scope_of: Callable[[int], Scope]) -> int:
        number = self._metrics.get((process, state.id))
        if number is None:
            columns = encoding.metric_columns(process, self._scope(scope_of(state.series.scope)), state)
            statement = f"INSERT INTO metric VALUES (NULL{', ?' * len(columns)}) ON CONFLICT DO NOTHING"  # noqa: S608 - no data
            self._execute(statement, columns)
            query = "SELECT id FROM metric WHERE process = ? AND series = ?"
            number = int(self._execute(query, (process, state.id)).fetchone()[0])
            self._metrics[process, state.id] = number
            self._measured.update(self._last_measured(number))
        return number

    def _last_measured(self, metric: int) -> dict[int, tuple[int, float, tuple[int, ...]]]:
        query = "SELECT measured_ns, value, counts FROM metric_point WHERE metric = ? ORDER BY time_ns DESC LIMIT 1"
        for measured_ns, value, counts in self._execute(query, (metric,)):
            return {metric: (measured_ns, value, tuple(json.loads(counts)) if counts else ())}
        return {}

    def set_accounts(self, run: RunAccounts) -> None:
        """Say what has become of everything recorded so far; what has not changed since the last time is not written."""
        for exporter in run.exporters:
            written = exporter._replace(state="", since_ns=0)
            if self._exporters.get(exporter.name) == written:
                continue
            names = (exporter.name, exporter.destination, exporter.signal)
            self._set(_DELIVERY, names, exporter.delivery, exporter.last_error)
            self._exporters[exporter.name] = written
        for account in run.processes:
            process = self._numbers.get(account.ring)
            if process is None or self._accounts.get(account.ring) == account:
                continue
            self._set_process(process, account)
            self._accounts[account.ring] = account
        listed = {account.ring for account in run.processes}
        for ring_name in self._accounts.keys() - listed:  # summed up by now
            del self._accounts[ring_name], self._numbers[ring_name]

    def _set_process(self, process: int, account: ProcessAccount) -> None:
        for kind in dict.fromkeys((*account.recorded, *account.dropped)):
            reasons = account.dropped.get(kind, {})
            dropped, text = sum(reasons.values()), encoding.json_text(reasons)
            columns = (process, kind, account.recorded.get(kind), dropped, text)
            self._execute(_COUNT, columns)
        for exporter, delivery in account.deliveries.items():
            self._set(_PROCESS_DELIVERY, (process, exporter), delivery)
        whole = (account.torn, account.interrupted, process)
        self._execute("UPDATE process SET torn = ?, interrupted = ? WHERE id = ?", whole)

    def _set(self, statement: str, names: Columns, delivery: Delivery, *more: str) -> None:
        dropped = sum(delivery.dropped.values())
        reasons = encoding.json_text(delivery.dropped)
        self._execute(statement, (*names, delivery.exported, delivery.held, dropped, reasons, *more))

    def end_run(self, time_ns: int) -> None:
        """Say when the last process of the run had ended."""
        self._execute("INSERT INTO run (id) VALUES (1) ON CONFLICT (id) DO NOTHING")
        self._execute("UPDATE run SET ended_ns = ? WHERE id = 1", (time_ns,))

    def commit(self) -> None:
        """Keep everything given so far.

        Raises:
            StoreError: it could not be written.
        """
        with self._reported():
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")

    def prune(self, budget_s: float = 0.0) -> bool:
        """Where the file has nearly reached its limit, remove what is oldest in it, for a moment; to be called again and again.

        Args:
            budget_s: seconds that it may take; 0: a moment, and a longer one where no records come or the limit is exceeded.

        Returns:
            Whether there is more to remove.

        Raises:
            StoreError: it could not be written.
        """
        if not (self._added or self._is_more or self._is_log_full):
            return False
        is_busy, self._added = self._added > 0, 0
        self._watch_log()
        with self._reported():
            self.commit()
            if self._is_log_full:
                return False
            if self._pruner.is_due():
                self._remove(budget_s, is_busy=is_busy)
            self._is_more = self._pruner.is_due() or self._pruner.shrink(_MOMENT_S)
        return self._is_more

    def _remove(self, budget_s: float, *, is_busy: bool) -> None:
        self._begin()
        is_hurried = not is_busy or self._pruner.is_over()
        live = {self._numbers[ring_name] for ring_name in self._processes}
        self._pruner.remove(budget_s or (_LONGER_S if is_hurried else _MOMENT_S), live)
        self._connection.execute("COMMIT")

    def _watch_log(self) -> None:
        """Take in nothing while the write-ahead log is as long as the file may be: somebody reads, and lets nothing be merged."""
        self._is_log_full = log_size(self._path) > max(self._limit, _SHORTEST_FULL_LOG)
        if not self._is_log_full:
            self._count_unstored()

    def _count_unstored(self) -> None:
        for process, number in self._unstored.items():
            self._execute("UPDATE process SET unstored = unstored + ? WHERE id = ?", (number, process))
        self._unstored.clear()

    def _fit(self, budget_s: float) -> None:
        """At the end: remove what is too much, and give back to the file system what is free."""
        deadline = monotonic() + budget_s
        while self.prune(_LONGER_S) and monotonic() < deadline:
            pass
        with self._reported():
            self._pruner.shrink(max(_MOMENT_S, deadline - monotonic()), to=0)

    def close(self) -> None:
        """Commit, leave one file that can be read from anywhere (no write-ahead log beside it), and let go of it."""
        try:
            self._count_unstored()
            self.commit()
            self._fit(_LAST_S)
            with suppress(
                sqlite3.OperationalError
            ):  # while somebody is reading; SQLite tidies up when the last one closes
                self._connection.execute("PRAGMA busy_timeout = 0")
                self._connection.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._connection.close()
