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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otelrun.store.listing import Listing
    from otelrun.store.queries import StoreReader
    from otelrun.store.rows import ProcessRow

_LONGEST_COMMAND = 500
_NO_COUNTS = ProcessCounts()
_NO_ACCOUNT = ProcessAccount()


class ProcessFacts(NamedTuple):
    """What the document is made of; the keys of ``counts`` are row ids, those of ``accounts`` names of rings.

    Attributes:
        rows: the processes.
        counts: what each left in the store.
        accounts: what each recorded and what its ring did not take.
        living: the row ids of those that run.
        run_state: of the whole run.
        command: of the whole run.
        root_pid: of its first process.
    """

    rows: Sequence[ProcessRow]
    counts: Mapping[int, ProcessCounts]
    accounts: Mapping[str, ProcessAccount]
    living: frozenset[int]
    run_state: str
    command: Sequence[str] = ()
    root_pid: int = 0


def facts_of(reader: StoreReader, listing: Listing) -> ProcessFacts:
    """Read what the document is made of, and look which processes live."""
    rows = reader.processes()
    accounts = reader.accounts() if listing.accounts.is_empty else listing.accounts
    is_over = listing.state in (ENDED, INTERRUPTED)
    return ProcessFacts(
        rows,
        browsing.process_counts(reader),
        {account.ring: account for account in accounts.processes},
        frozenset(row.id for row in rows if not is_over and is_process_alive(row.pid, row.start_ticks)),
        listing.state,
        listing.run.command,
        listing.run.root_pid,
    )


def processes_document(facts: ProcessFacts, started_ns: int) -> dict[str, Any]:
    """Describe the processes in the order they were found; times are ns after ``started_ns``."""
    return {"processes": [_process(facts, row, started_ns) for row in facts.rows]}


def _process(facts: ProcessFacts, row: ProcessRow, started_ns: int) -> dict[str, Any]:
    counts = facts.counts.get(row.id, _NO_COUNTS)
    account = facts.accounts.get(row.ring, _NO_ACCOUNT)
    parent_pid = _integer(row.resource.get("process.parent_pid"))
    lives = row.id in facts.living
    return {
        "id": row.id,
        "pid": row.pid,
        "parent": _parent(facts, row, parent_pid),
        "parent_pid": parent_pid,
        "service": row.service_name,
        "command": _command(facts, row),
        "start": counts.created_ns - started_ns if counts.created_ns else None,
        "end": None if lives or not counts.last_ns else counts.last_ns - started_ns,
        "state": _state(facts, account, lives=lives),
        "spans": counts.spans,
        "logs": counts.logs,
        "hooked": [],
        "recorded": dict(account.recorded),
        "dropped": {kind: sum(reasons.values()) for kind, reasons in account.dropped.items()},
        "interrupted": account.interrupted,
        "torn": row.torn,
    }


def _state(facts: ProcessFacts, account: ProcessAccount, *, lives: bool) -> str:
    if lives:
        return "running"
    if account.interrupted:
        return "killed?"
    return "ended" if facts.run_state in (ENDED, INTERRUPTED) or facts.living else "unknown"


def _parent(facts: ProcessFacts, row: ProcessRow, parent_pid: int | None) -> int | None:
    """Give the row id of the parent: of the processes with its pid the last that was there before."""
    before = [other.id for other in facts.rows if other.pid == parent_pid and other.id < row.id]
    return before[-1] if before else None


def _command(facts: ProcessFacts, row: ProcessRow) -> str:
    """Say what a process runs: from its resource, else from the run where it is the first."""
    words = row.resource.get("process.command_args")
    if not isinstance(words, list):
        line = row.resource.get("process.command_line") or row.resource.get("process.command")
        if isinstance(line, str) and line:
            return line[:_LONGEST_COMMAND]
        words = facts.command if row.pid == facts.root_pid else ()
    if words:
        words = [os.path.basename(str(words[0])), *map(str, words[1:])]
    return shlex.join(words)[:_LONGEST_COMMAND]


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
