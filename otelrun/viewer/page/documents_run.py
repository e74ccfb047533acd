"""Documents on runs: which there are, how one stands, what became of its telemetry. Pure: rows in, plain data out."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun import __version__
from otelrun.ring.record import LEFT_TO_PROGRAM
from otelrun.store.rows import Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otelrun.store.accounts import ExporterAccount, RunAccounts
    from otelrun.store.listing import Listing
    from otelrun.store.rows import NoteRow

_LONGEST_COMMAND = 300
_MS = 1_000_000
_NOTHING = Totals()


class RunState(NamedTuple):
    """What the document of one run is made of.

    Attributes:
        listing: the run in one line.
        store_path: where its store is; empty where it has none.
        notes: what otelrun itself had to say.
        unstored: records that have no form in the store.
        can_sql: whether queries are answered.
    """

    listing: Listing
    store_path: str = ""
    notes: Sequence[NoteRow] = ()
    unstored: int = 0
    can_sql: bool = True


def short_id(run_id: str) -> str:
    """Give as much of a run's id as anybody types."""
    return run_id.rpartition("-")[2]


def runs_document(listings: Sequence[Listing], default: str, now_ns: int) -> dict[str, Any]:
    """Describe runs, in the order given.

    Args:
        listings: the runs.
        default: id of the run that is shown first; empty where there is none.
        now_ns: since the epoch.
    """
    return {"runs": [_line(listing, now_ns) for listing in listings], "default": default}


def _line(listing: Listing, now_ns: int) -> dict[str, Any]:
    run, totals = listing.run, listing.totals or _NOTHING
    command = shlex.join(run.command)
    return {
        "id": run.run_id,
        "short": short_id(run.run_id),
        "service": run.service_name,
        "command": command if len(command) <= _LONGEST_COMMAND else command[: _LONGEST_COMMAND - 1] + "…",
        "state": listing.state,
        "started_ms": run.started_ns // _MS,
        "duration_ns": listing.duration_ns(now_ns),
        "spans": totals.spans,
        "errors": totals.errors,
        "logs": totals.logs,
        "traces": totals.traces,
        "problem": listing.problem,
    }


def run_document(state: RunState, now_ns: int) -> dict[str, Any]:
    """Describe one run.

    Args:
        state: the run.
        now_ns: since the epoch.
    """
    listing = state.listing
    run, totals, pruned = listing.run, listing.totals or _NOTHING, listing.pruned
    return {
        "id": run.run_id,
        "short": short_id(run.run_id),
        "service": run.service_name,
        "service_source": run.service_name_source,
        "command": list(run.command),
        "cwd": run.cwd,
        "state": listing.state,
        "problem": listing.problem,
        "started_ms": run.started_ns // _MS,
        "started_ns": str(run.started_ns),
        "duration_ns": listing.duration_ns(now_ns),
        "profile": run.profile,
        "totals": totals_of(totals),
        "arrival": [_arrival(exporter) for exporter in listing.accounts.exporters],
        "lost": losses_of(listing.accounts, state.unstored),
        "notes": [{"slug": note.slug, "text": note.text, "times": note.times} for note in state.notes],
        "pruned": {
            "traces": pruned.traces,
            "spans": pruned.spans,
            "logs": pruned.logs,
            "at_ms": pruned.pruned_ns // _MS if pruned.is_any else None,
        },
        "can_sql": state.can_sql,
        "store": state.store_path,
        "version": f"otelrun {__version__}",
    }


def totals_of(totals: Totals) -> dict[str, int]:
    """Give how much a store holds."""
    return {
        "processes": totals.processes,
        "traces": totals.traces,
        "spans": totals.spans,
        "errors": totals.errors,
        "logs": totals.logs,
        "metrics": totals.metrics,
        "metric_points": totals.metric_points,
    }


def _arrival(exporter: ExporterAccount) -> dict[str, Any]:
    delivery = exporter.delivery
    return {
        "destination": exporter.destination,
        "signal": exporter.signal,
        "state": exporter.state,
        "exported": delivery.exported,
        "held": delivery.held,
        "dropped": delivery.lost,
        "reasons": {reason: number for reason, number in delivery.dropped.items() if reason != LEFT_TO_PROGRAM},
        "last_error": exporter.last_error,
    }


def losses_of(accounts: RunAccounts, unstored: int) -> dict[str, int]:
    """Say what of a run is nowhere, by what it was and why; what exporters dropped stands in ``arrival``."""
    total = accounts.total()
    lost = {
        f"{'metric series' if kind == 'series' else kind}: {reason}": number
        for kind, reasons in total.dropped.items()
        for reason, number in reasons.items()
    }
    if total.torn:
        lost["records: damaged"] = total.torn
    if unstored:
        lost["records: not storable"] = unstored
    return lost
