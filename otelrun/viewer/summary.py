"""Reading what the exit summary says of a run, within a time that somebody waits. Draws nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from otelrun import stood_down
from otelrun.errors import StoreError
from otelrun.store.activity import is_process_alive
from otelrun.store.listing import list_run
from otelrun.store.queries import open_store
from otelrun.store.rows import NoteRow, PrunedRow, Totals
from otelrun.viewer.analysis.digest import Digest
from otelrun.viewer.analysis.endpoints import endpoints_of
from otelrun.viewer.analysis.failures import failures_of
from otelrun.viewer.analysis.logged_errors import LoggedErrors, logged_errors_of
from otelrun.viewer.facts import RunFacts
from otelrun.viewer.known_instrumentations import find_gaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otelrun.ring.directory import RunDirectory
    from otelrun.store.listing import Listing
    from otelrun.store.queries import StoreReader
    from otelrun.viewer.analysis.endpoints import Endpoint
    from otelrun.viewer.analysis.entries import Entry
    from otelrun.viewer.analysis.failures import Failure

READING_S = 0.5
"""How long entries are read; the analysis of a larger run is for those who ask for it."""

_FAILURES_READ = 1_000
_AT_FIRST = 1_000
_AT_ONCE = 400
_SERVER, _CONSUMER = "server", "consumer"


class Counts(NamedTuple):
    """How many entries were read: requests and messages that were served, other calls, and what became of them."""

    requests: int = 0
    messages: int = 0
    calls: int = 0
    failed: int = 0
    interrupted: int = 0

    @property
    def all(self) -> int:
        """All of them."""
        return self.requests + self.messages + self.calls


class Summary(NamedTuple):
    """A run at its end.

    Attributes:
        about: the run, its accounts and notes.
        counts: its entries.
        endpoints: these in groups, the most interesting first.
        failures: what went wrong, what happened most often first.
        logged: the errors and warnings that were logged.
        traces_read: how many traces the figures are of; fewer than there are where reading took too long.
        lives_on: how many processes of the run are there after its first one.
        exit_status: of the program, or minus the signal that killed it; None where that is not known.
        pruned: what the store had no room for and let go.
    """

    about: RunFacts
    counts: Counts = Counts()
    endpoints: Sequence[Endpoint] = ()
    failures: Sequence[Failure] = ()
    logged: LoggedErrors = LoggedErrors()
    traces_read: int = 0
    lives_on: int = 0
    exit_status: int | None = None
    pruned: PrunedRow = PrunedRow()

    @property
    def totals(self) -> Totals:
        """What the store holds."""
        return self.about.listing.totals or Totals()


def read_summary(run: RunDirectory, exit_status: int | None = None) -> Summary:
    """Read it. What cannot be read is left out.

    Args:
        run: the run's directory.
        exit_status: of the program, if known.
    """
    listing = list_run(run)
    left_alone = [NoteRow(*reason) for reason in stood_down.read(run.path)]
    gaps = find_gaps((), stood_down.read(run.path, stood_down.IMPORTED))
    about = RunFacts(listing, accounts=listing.accounts, notes=left_alone, gaps=gaps)
    summary = Summary(about, exit_status=exit_status)
    if listing.totals is not None:
        with suppress(StoreError), open_store(run.store) as store:
            summary = _with_store(summary, run, listing, store)
    return summary


def _with_store(summary: Summary, run: RunDirectory, listing: Listing, store: StoreReader) -> Summary:
    accounts = listing.accounts if listing.accounts.is_any else store.accounts()
    processes = store.processes()
    notes, libraries = [*store.notes(), *summary.about.notes], store.libraries()
    gaps = find_gaps(libraries, stood_down.read(run.path, stood_down.IMPORTED))
    others = [one for one in processes if one.pid != listing.run.root_pid]
    entries, traces_read = _read_entries(store, listing.totals.traces if listing.totals else 0)
    return summary._replace(
        about=RunFacts(listing, run.store, processes, accounts, notes, libraries, gaps),
        counts=count(entries),
        endpoints=endpoints_of(entries),
        failures=failures_of(store, newest=_FAILURES_READ),
        logged=logged_errors_of(store),
        traces_read=traces_read,
        pruned=store.pruned(),
        lives_on=sum(is_process_alive(one.pid, one.start_ticks) for one in others if one.pid != os.getpid()),
    )


def _read_entries(store: StoreReader, traces: int) -> tuple[list[Entry], int]:
    """Read the entries of so many traces as there is time for; give also how many traces of all these were."""
    digest = Digest()
    deadline = monotonic() + READING_S
    read, portion = 0, _AT_FIRST  # which is not too much for any machine
    while not digest.update(store, limit=portion, is_over=True):
        read, portion = read + portion, _AT_ONCE
        if monotonic() >= deadline:
            return digest.entries(), min(read, traces)
    return digest.entries(), traces


def count(entries: Sequence[Entry]) -> Counts:
    """Count entries by what they are."""
    requests = sum(entry.kind == _SERVER for entry in entries)
    messages = sum(entry.kind == _CONSUMER for entry in entries)
    return Counts(
        requests,
        messages,
        len(entries) - requests - messages,
        failed=sum(entry.is_failed for entry in entries),
        interrupted=sum(entry.is_interrupted for entry in entries),
    )
