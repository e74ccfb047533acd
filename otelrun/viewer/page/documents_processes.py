"""The document on a run's processes: who made whom, what each recorded and what it hooked. Rows in, plain data out."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.store import browsing
from otelrun.store.accounts import ProcessAccount
from otelrun.store.activity import is_process_alive
from otelrun.store.browsing import ProcessCounts
from otelrun.store.listing import ENDED, INTERRUPTED
from otelrun.viewer.known_instrumentations import describe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otelrun.store.listing import Listing
    from otelrun.store.queries import StoreReader
    from otelrun.store.rows import LibraryRow, ProcessRow
    from otelrun.viewer.known_instrumentations import Described

_LONGEST_COMMAND = 500
_NO_COUNTS = ProcessCounts()
_NO_ACCOUNT = ProcessAccount()


class ProcessFacts(NamedTuple):
    """What the document is made of; the keys of ``counts`` and ``libraries`` are row ids, those of ``accounts`` names of rings.

    Attributes:
        rows: the processes.
        counts: what each left in the store.
        accounts: what each recorded and what its ring did not take.
        libraries: what has become of the instrumentation of what each imports.
        living: the row ids of those that run.
        run_state: of the whole run.
        command: of the whole run.
        root_pid: of its first process.
    """

    rows: Sequence[ProcessRow]
    counts: Mapping[int, ProcessCounts]
    accounts: Mapping[str, ProcessAccount]
    libraries: Mapping[int, Sequence[LibraryRow]]
    living: frozenset[int]
    run_state: str
    command: Sequence[str] = ()
    root_pid: int = 0


def facts_of(reader: StoreReader, listing: Listing) -> ProcessFacts:
    """Read what the document is made of, and look which processes live."""
    rows = reader.processes()
    accounts = listing.accounts if listing.accounts.is_any else reader.accounts()
    is_over = listing.state in (ENDED, INTERRUPTED)
    return ProcessFacts(
        rows,
        browsing.process_counts(reader),
        {account.ring: account for account in accounts.processes},
        _by_process(reader.libraries()),
        frozenset(row.id for row in rows if not is_over and is_process_alive(row.pid, row.start_ticks)),
        listing.state,
        listing.run.command,
        listing.run.root_pid,
    )


def processes_document(facts: ProcessFacts, started_ns: int) -> dict[str, Any]:
    """Describe the processes in the order they were found; times are ns after ``started_ns``."""
    return {"processes": [_process(facts, row, started_ns) for row in facts.rows]}


def _by_process(libraries: Sequence[LibraryRow]) -> dict[int, list[LibraryRow]]:
    of_process: dict[int, list[LibraryRow]] = {}
    for row in libraries:
        of_process.setdefault(row.process, []).append(row)
    return of_process


def _process(facts: ProcessFacts, row: ProcessRow, started_ns: int) -> dict[str, Any]:
    counts = facts.counts.get(row.id, _NO_COUNTS)
    account = facts.accounts.get(row.ring, _NO_ACCOUNT)
    lives = row.id in facts.living
    interrupted = row.interrupted or account.interrupted
    return {
        "id": row.id,
        "pid": row.pid,
        "parent": row.parent,
        "parent_pid": row.parent_pid,
        "service": row.service_name,
        "command": _command(facts, row),
        "start": _since(row.created_ns or counts.created_ns, started_ns),
        "end": None if lives else _since(row.ended_ns or counts.last_ns, started_ns),
        "state": _state(facts, row, interrupted=interrupted, lives=lives),
        "spans": counts.spans,
        "logs": counts.logs,
        "hooked": [_library(one) for one in describe(facts.libraries.get(row.id, ()))],
        "recorded": dict(account.recorded),
        "dropped": {kind: sum(reasons.values()) for kind, reasons in account.dropped.items()},
        "interrupted": interrupted,
        "torn": row.torn,
    }


def _since(time_ns: int | None, started_ns: int) -> int | None:
    return time_ns - started_ns if time_ns else None


def _state(facts: ProcessFacts, row: ProcessRow, *, interrupted: int, lives: bool) -> str:
    if lives:
        return "running"
    if interrupted:
        return "killed?"
    is_known = row.ended_ns or facts.living or facts.run_state in (ENDED, INTERRUPTED)
    return "ended" if is_known else "unknown"


def _library(one: Described) -> dict[str, str]:
    return {
        "library": one.library,
        "by": one.distribution or one.name,
        "state": one.state,
        "text": one.text,
        "advice": one.advice,
    }


def _command(facts: ProcessFacts, row: ProcessRow) -> str:
    """Say what a process runs: what it told itself, else what the run was started with where it is the first."""
    line = row.resource.get("process.command_line") or row.resource.get("process.command")
    if not row.command and isinstance(line, str) and line:
        return line[:_LONGEST_COMMAND]
    words = row.command or (facts.command if row.pid == facts.root_pid else ())
    if words:
        words = [os.path.basename(words[0]), *words[1:]]
    return shlex.join(words)[:_LONGEST_COMMAND]
