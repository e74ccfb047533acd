"""What ``otelrun show`` shows, read and not yet drawn: frozen, for people's text and for scripts' JSON alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.store.accounts import RunAccounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otelrun.store.listing import Listing
    from otelrun.store.rows import LibraryRow, LogRow, NoteRow, ProcessRow, Trace, TraceRow
    from otelrun.viewer.known_instrumentations import Gap


class RunFacts(NamedTuple):
    """A run; everything but the listing, the notes and the gaps is empty for a run without a store.

    Attributes:
        libraries: what each process instruments, and has imported and does not.
        gaps: what could be instrumented and is not, all processes together.
    """

    listing: Listing
    store_path: str = ""
    processes: Sequence[ProcessRow] = ()
    accounts: RunAccounts = RunAccounts()
    notes: Sequence[NoteRow] = ()
    libraries: Sequence[LibraryRow] = ()
    gaps: Sequence[Gap] = ()


class View(NamedTuple):
    """What is shown.

    Attributes:
        facts: the run.
        trace: the trace in full; None where there is none to show.
        others: further traces, most interesting first.
        logs: the newest log records of no trace, or of one without a span so far; only where there is no trace.
        is_about_trace: a trace was asked for, not a run.
        is_filtered: only some traces were asked for.
    """

    facts: RunFacts
    trace: Trace | None = None
    others: Sequence[TraceRow] = ()
    logs: Sequence[LogRow] = ()
    is_about_trace: bool = False
    is_filtered: bool = False
