"""Reading a run's store: read-only, at any time, also while the agent writes. SQL in, frozen rows out.

One row that cannot be read hides no other: texts are decoded with replacement, broken JSON is shown as it is.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from otelrun.errors import StoreEmptyError, StoreError
from otelrun.ring.record import INTERRUPTED
from otelrun.store import encoding, schema
from otelrun.store.accounts import NOT_KNOWN, Delivery, ExporterAccount, ProcessAccount, RunAccounts
from otelrun.store.rows import (
    EventRow,
    LibraryRow,
    LinkRow,
    LogRow,
    NoteRow,
    ProcessRow,
    PrunedRow,
    SpanRow,
    Totals,
    Trace,
    TraceRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


_BUSY_S = 2.0
_SECOND = 2  # the first version of the schema that counts what was pruned, and has libraries and the ends of processes

_UNDECODABLE = "Could not decode to UTF-8"  # of SQLite's module, where a text is none
_LOCKED = "locked"
_replacing = partial(str, encoding="utf-8", errors="replace")

_TOTALS = """
SELECT (SELECT count(*) FROM process), (SELECT count(DISTINCT trace_id) FROM span), (SELECT count(*) FROM span),
       (SELECT count(*) FROM span WHERE status = 'error'), (SELECT count(*) FROM log),
       (SELECT count(*) FROM (SELECT DISTINCT name, unit, instrument FROM metric)), (SELECT count(*) FROM metric_point)"""

_TRACES = """
SELECT trace_id, min(start_ns) AS start_ns, max(end_ns) AS end_ns, count(*) AS spans, sum(status = 'error') AS errors,
       sum(CASE WHEN ? THEN attributes LIKE ? ELSE 0 END) AS interrupted
FROM span GROUP BY trace_id HAVING errors >= ? AND end_ns - start_ns >= ?
ORDER BY errors > 0 DESC, CASE WHEN errors > 0 THEN spans END DESC, interrupted > 0 DESC, end_ns - start_ns DESC, start_ns
LIMIT ?"""

_TRACE = """
SELECT trace_id, min(start_ns), max(end_ns), count(*), sum(status = 'error'), sum(attributes LIKE ?)
FROM span WHERE trace_id = ? GROUP BY trace_id"""

_INTERRUPTED = f'%"{INTERRUPTED}":true%'  # of the JSON of a span's attributes

_FIRST_SPAN = """
SELECT coalesce(s.name, ''), s.kind, coalesce(p.service_name, ''), s.attributes
FROM span s LEFT JOIN process p ON p.id = s.process WHERE s.trace_id = ?
ORDER BY s.parent_span_id IS NOT NULL, s.start_ns, s.id LIMIT 1"""

_SPANS = """
SELECT s.id, s.trace_id, s.span_id, coalesce(s.parent_span_id, ''), coalesce(s.name, ''), s.kind, s.start_ns, s.end_ns,
       s.status, coalesce(s.status_message, ''), s.attributes, coalesce(p.service_name, ''), coalesce(p.pid, 0),
       coalesce(c.name, '')
FROM span s LEFT JOIN process p ON p.id = s.process LEFT JOIN scope c ON c.id = s.scope
WHERE s.trace_id IN (%s) ORDER BY s.start_ns, s.id"""

_EVENTS = """
SELECT e.span, e.time_ns, coalesce(e.name, ''), e.attributes FROM span s JOIN span_event e ON e.span = s.id
WHERE s.trace_id IN (%s) ORDER BY e.span, e.position"""

_LINKS = """
SELECT l.span, coalesce(l.trace_id, ''), coalesce(l.span_id, ''), l.attributes
FROM span s JOIN span_link l ON l.span = s.id WHERE s.trace_id IN (%s) ORDER BY l.span, l.position"""

_LOGS = """
SELECT l.id, l.time_ns, coalesce(l.trace_id, ''), coalesce(l.span_id, ''), coalesce(l.severity_number, 0),
       coalesce(l.severity_text, ''), l.body, l.body_is_json, coalesce(l.event_name, ''), l.attributes,
       coalesce(c.name, ''), coalesce(p.service_name, ''), coalesce(p.pid, 0)
FROM log l LEFT JOIN process p ON p.id = l.process LEFT JOIN scope c ON c.id = l.scope """
_WITHOUT_TRACE = "WHERE NOT EXISTS (SELECT 1 FROM span s WHERE s.trace_id = l.trace_id)"


class StoreReader:
    """A run's store, open for reading. Every method raises ``StoreError`` where the file turns out to be unreadable."""

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        """Take over a connection, from ``open_store``."""
        self._path = path
        self._connection = connection
        with _reported(path):
            self._version = schema.version_of(connection)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection itself, for who bounds it further."""
        return self._connection

    def rows(self, query: str, values: Iterable[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query of this package's own and give all its rows.

        Args:
            query: what is asked.
            values: of its parameters, ``?`` in their order or ``:name`` by their names.
        """
        parameters = values if isinstance(values, dict) else tuple(values)
        with _reported(self._path):
            try:
                return self._connection.execute(query, parameters).fetchall()
            except sqlite3.OperationalError as error:
                if _UNDECODABLE not in str(error):
                    raise
                self._connection.text_factory = _replacing  # from now on: it costs a call for each text
                return self._connection.execute(query, parameters).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all queries within see the store as it is at one moment, whatever is added and pruned meanwhile.

        Not for long: as long as it lasts, nothing that is written meanwhile can be merged into the file.
        """
        if self._connection.in_transaction:
            yield
            return
        with _reported(self._path):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            with _reported(self._path):
                self._connection.rollback()

    def ended_ns(self) -> int | None:
        """Give when the last process of the run had ended; None where that is not yet known."""
        rows = self.rows("SELECT ended_ns FROM run")
        return rows[0][0] if rows else None

    def totals(self) -> Totals:
        """Count what the store holds."""
        return Totals(*self.rows(_TOTALS)[0])

    def pruned(self) -> PrunedRow:
        """Count what has been removed again, so that the file keeps to its limit."""
        if self._version < _SECOND:
            return PrunedRow()
        found = self.rows("SELECT traces, spans, logs, points, until_ns, pruned_ns FROM pruned")
        return PrunedRow(*(number or 0 for number in found[0])) if found else PrunedRow()

    def processes(self) -> list[ProcessRow]:
        """List the processes in the order they were found."""
        ended = "ended_ns" if self._version >= _SECOND else "NULL"
        columns = "id, pid, start_ticks, service_name, resource, torn, unstored, ring, created_ns, interrupted"
        query = f"SELECT {columns}, {ended} FROM process ORDER BY id"  # noqa: S608 - no data
        return with_parents([_process(row) for row in self.rows(query)])

    def libraries(self) -> list[LibraryRow]:
        """List what has become of the instrumentation of each library, process after process; empty for a file of version 1."""
        if self._version < _SECOND:
            return []
        query = (
            "SELECT process, library, name, coalesce(state, ''), coalesce(distribution, ''), coalesce(text, '')"
            " FROM process_library ORDER BY process, library, name"
        )
        return [LibraryRow(*row) for row in self.rows(query)]

    def accounts(self) -> RunAccounts:
        """Read what became of every record, per process and per exporter."""
        counts: dict[int, list[tuple[Any, ...]]] = {}
        for process, *row in self.rows("SELECT process, kind, recorded, dropped, reasons FROM process_count"):
            counts.setdefault(process, []).append(tuple(row))
        deliveries: dict[int, dict[str, Delivery]] = {}
        query = "SELECT process, exporter, exported, held, dropped, reasons FROM process_delivery"
        for process, exporter, *row in self.rows(query):
            deliveries.setdefault(process, {})[exporter] = _delivery(*row)
        query = "SELECT id, coalesce(ring, ''), coalesce(pid, 0), torn, interrupted FROM process ORDER BY id"
        processes = tuple(
            ProcessAccount(
                ring,
                pid=pid,
                is_gone=True,
                recorded={kind: recorded for kind, recorded, *_ in counts.get(number, ()) if recorded},
                dropped={kind: _numbers(reasons, n) for kind, _, n, reasons in counts.get(number, ()) if n},
                torn=torn or 0,
                interrupted=interrupted or 0,
                deliveries=deliveries.get(number, {}),
            )
            for number, ring, pid, torn, interrupted in self.rows(query)
        )
        query = (
            "SELECT exporter, signal, destination, coalesce(last_error, ''), exported, held, dropped, reasons FROM delivery"
            " ORDER BY destination, CASE signal WHEN 'spans' THEN 0 WHEN 'logs' THEN 1 ELSE 2 END, exporter"
        )
        exporters = tuple(
            ExporterAccount(name, signal, destination, last_error=error, delivery=_delivery(*row))
            for name, signal, destination, error, *row in self.rows(query)
        )
        return RunAccounts(processes, exporters=exporters)

    def notes(self) -> list[NoteRow]:
        """List what otelrun itself had to say, each text once, oldest first."""
        query = "SELECT slug, text, count(*) FROM note GROUP BY slug, text ORDER BY min(time_ns)"
        return [NoteRow(slug or "", text or "", times) for slug, text, times in self.rows(query)]

    def traces(self, *, limit: int | None = None, has_errors: bool = False, slower_than_ns: int = 0) -> list[TraceRow]:
        """List traces, the most interesting first: those with errors (most spans first), the interrupted, then the slowest.

        Args:
            limit: at most so many; None for all.
            has_errors: only those in which a span ended in an error.
            slower_than_ns: only those that took at least so long.
        """
        with self.snapshot():
            # Attributes are long: they are looked at only where a process was in the middle of something at its end.
            is_any = self.rows("SELECT count(*) FROM process WHERE interrupted > 0", ())[0][0]
            values = (is_any, _INTERRUPTED, 1 if has_errors else 0, slower_than_ns, -1 if limit is None else limit)
            return [self._summary(row) for row in self.rows(_TRACES, values)]

    def _summary(self, row: tuple[Any, ...]) -> TraceRow:
        trace_id, start_ns, end_ns, spans, errors, interrupted = row
        name, kind, service, attributes = self.rows(_FIRST_SPAN, (trace_id,))[0]
        logs = self.rows("SELECT count(*) FROM log WHERE trace_id = ?", (trace_id,))[0][0]
        first = (name, kind or "", service, encoding.attributes_from(attributes))
        return TraceRow(trace_id, *first, start_ns or 0, end_ns or 0, spans, errors or 0, logs, interrupted or 0)

    def find_trace_ids(self, prefix: str, *, limit: int = 5) -> list[str]:
        """Give the ids, at most ``limit``, of the traces that begin with ``prefix``, in hexadecimal digits."""
        wanted = prefix.lower()
        if not wanted or wanted.strip("0123456789abcdef"):
            return []
        query = "SELECT DISTINCT trace_id FROM span WHERE trace_id >= ? AND trace_id < ? ORDER BY trace_id LIMIT ?"
        return [row[0] for row in self.rows(query, (wanted, wanted + "g", limit))]

    def trace(self, trace_id: str) -> Trace | None:
        """Read one trace with its spans and logs; None where there is no span of it."""
        with self.snapshot():
            found = self.rows(_TRACE, (_INTERRUPTED, trace_id))
            if not found:
                return None
            logs = self.logs_of((trace_id,))
            return Trace(self._summary(found[0]), tuple(self.spans((trace_id,))), tuple(logs))

    def spans(self, trace_ids: Sequence[str]) -> list[SpanRow]:
        """Read the spans of some traces, at most 400, by their start."""
        marks = ",".join("?" * len(trace_ids))
        events: dict[int, list[EventRow]] = {}
        for span, time_ns, name, attributes in self.rows(_EVENTS % marks, trace_ids):
            events.setdefault(span, []).append(EventRow(time_ns or 0, name, encoding.attributes_from(attributes)))
        links: dict[int, list[LinkRow]] = {}
        for span, linked_trace, linked_span, attributes in self.rows(_LINKS % marks, trace_ids):
            links.setdefault(span, []).append(LinkRow(linked_trace, linked_span, encoding.attributes_from(attributes)))
        return [
            _span(row, tuple(events.get(row[0], ())), tuple(links.get(row[0], ())))
            for row in self.rows(_SPANS % marks, trace_ids)
        ]

    def logs_of(self, trace_ids: Sequence[str]) -> list[LogRow]:
        """Read the log records of some traces, at most 400, by their time."""
        return self._logs(f"WHERE l.trace_id IN ({','.join('?' * len(trace_ids))}) ORDER BY l.time_ns, l.id", trace_ids)

    def log(self, number: int) -> LogRow | None:
        """Read one log record by its row id; None where there is none."""
        return next(iter(self._logs("WHERE l.id = ?", (number,))), None)

    def logs_outside_traces(self, *, limit: int, since_ns: int = 0) -> list[LogRow]:
        """Read the newest log records of no trace, or of one without a span so far, at most ``limit``, oldest first."""
        condition = _WITHOUT_TRACE + " AND l.time_ns >= ? ORDER BY l.time_ns DESC, l.id DESC LIMIT ?"
        logs = self._logs(condition, (since_ns, limit))
        return logs[::-1]

    def logs_of_process(self, process: int, *, after: int, least_severity: int) -> list[LogRow]:
        """Read the log records of one process in the order they were recorded.

        Args:
            process: its number in the store.
            after: id of the last one that is known; 0 for all.
            least_severity: only those at least so severe.
        """
        first = process << encoding.PROCESS_SHIFT
        condition = "WHERE l.id > ? AND l.id < ? AND l.severity_number >= ? ORDER BY l.id"
        return self._logs(condition, (max(after, first - 1), first + (1 << encoding.PROCESS_SHIFT), least_severity))

    def _logs(self, condition: str, values: Sequence[Any]) -> list[LogRow]:
        return [_log(row) for row in self.rows(_LOGS + condition, values)]


@contextmanager
def open_store(path: str) -> Iterator[StoreReader]:
    """Open a run's store for reading.

    Args:
        path: the file.

    Raises:
        StoreError: there is no such file, it is no store, or a newer otelrun has made it.
    """
    if not os.path.exists(path):
        message = f"{path}: there is no store"
        raise StoreError(message)
    with _reported(path):
        connection = _connect(path)
    with closing(connection):
        yield StoreReader(path, connection)


def _connect(path: str) -> sqlite3.Connection:
    try:
        return _connect_in_mode(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if _LOCKED in str(error):  # for longer than we wait: what is in the file is half of something
            raise
    try:
        # An agent was killed in the middle of a change: who opens the file to write undoes that first.
        return _connect_in_mode(path, "mode=rw")
    except sqlite3.OperationalError as error:
        if _LOCKED in str(error):
            raise
        # On read-only media there can be no shared memory beside the file; nobody writes there, so the file alone will do.
        return _connect_in_mode(path, "mode=ro&immutable=1")


def _connect_in_mode(path: str, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(os.fsencode(path))}?{mode}", uri=True, timeout=_BUSY_S)
    try:
        version = schema.version_of(connection)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    if 0 < version <= schema.VERSION:
        return connection
    connection.close()
    if version:
        message = f"{path}: made by a newer otelrun (schema {version}, this one reads up to {schema.VERSION}); upgrade otelrun"
        raise StoreError(message)
    message = f"{path}: no store, or nothing written yet"
    raise StoreEmptyError(message)


@contextmanager
def _reported(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        message = f"{path}: {error}"
        raise StoreError(message) from error


def _numbers(text: str | None, total: int | None) -> dict[str, int]:
    """Read reasons and their numbers, which make up ``total``."""
    found = {reason: number for reason, number in encoding.attributes_from(text).items() if isinstance(number, int)}
    return found or ({NOT_KNOWN: total} if total else {})


def _delivery(exported: int | None, held: int | None, dropped: int | None, reasons: str | None) -> Delivery:
    return Delivery(exported or 0, held or 0, _numbers(reasons, dropped))


def _process(row: tuple[Any, ...]) -> ProcessRow:
    number, pid, ticks, service, text, torn, unstored, ring, created_ns, interrupted, ended_ns = row
    resource = encoding.attributes_from(text)
    parent, arguments = resource.get("process.parent_pid"), resource.get("process.command_args")
    return ProcessRow(
        id=number,
        pid=pid or 0,
        start_ticks=ticks or 0,
        service_name=service or "",
        resource=resource,
        torn=torn or 0,
        unstored=unstored or 0,
        ring=ring or "",
        created_ns=created_ns or 0,
        ended_ns=ended_ns,
        parent_pid=parent if isinstance(parent, int) else None,
        command=tuple(map(str, arguments)) if isinstance(arguments, list) else (),
        interrupted=interrupted or 0,
    )


def with_parents(processes: Sequence[ProcessRow]) -> list[ProcessRow]:
    """Find for each process which one of the others had started it.

    A pid may name several: of processes that had it one after the other it is the last that began before the child; of the
    programs that one process has been (``exec``) the last that recorded before the child.
    """
    by_pid: dict[int, list[ProcessRow]] = {}
    for row in processes:
        by_pid.setdefault(row.pid, []).append(row)

    def parent_of(child: ProcessRow) -> int | None:
        older = [row for row in by_pid.get(child.parent_pid or 0, ()) if row.start_ticks <= child.start_ticks]
        if not older:
            return None
        last = max(row.start_ticks for row in older)
        programs = sorted((row for row in older if row.start_ticks == last), key=lambda row: row.created_ns)
        before = [row for row in programs if row.created_ns <= child.created_ns]
        return (before[-1] if before else programs[0]).id

    return [replace(row, parent=parent_of(row)) for row in processes]


def _body(text: Any, is_json: Any) -> Any:
    if not is_json:
        return "" if text is None else text
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return text


def _span(row: tuple[Any, ...], events: tuple[EventRow, ...], links: tuple[LinkRow, ...]) -> SpanRow:
    span, trace_id, span_id, parent, name, kind, start_ns, end_ns, status, message, attributes, service, pid, scope = (
        row
    )
    return SpanRow(
        id=span,
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent,
        name=name,
        kind=kind,
        start_ns=start_ns or 0,
        end_ns=end_ns or 0,
        status=status,
        status_message=message,
        attributes=encoding.attributes_from(attributes),
        service_name=service,
        pid=pid,
        scope=scope,
        events=events,
        links=links,
    )


def _log(row: tuple[Any, ...]) -> LogRow:
    log, time_ns, trace_id, span_id, number, severity, body, is_json, event, attributes, logger, service, pid = row
    return LogRow(
        id=log,
        time_ns=time_ns or 0,
        trace_id=trace_id,
        span_id=span_id,
        severity_number=number,
        severity_text=severity,
        body=_body(body, is_json),
        event_name=event,
        attributes=encoding.attributes_from(attributes),
        logger=logger,
        service_name=service,
        pid=pid,
    )
