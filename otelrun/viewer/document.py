"""The JSON that ``otelrun runs --json`` and ``otelrun show --json`` print for scripts. Pure: rows in, plain data out.

Documented in docs/reference/show-json.md. Within one ``format`` names are only added, never changed or taken away.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from otelrun.viewer.known_instrumentations import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otelrun.store.accounts import Delivery, ExporterAccount, ProcessAccount, RunAccounts
    from otelrun.store.listing import Listing
    from otelrun.store.losses import Loss
    from otelrun.store.rows import LibraryRow, LogRow, ProcessRow, SpanRow, Trace, TraceRow
    from otelrun.viewer.facts import View

FORMAT = 1


def runs_document(listings: Sequence[Listing], loss: Loss) -> dict[str, Any]:
    """Describe runs, in the order given, and what went with runs that were removed."""
    return {
        "format": FORMAT,
        "runs": [_listing(listing) for listing in listings],
        "removed_undelivered": loss._asdict(),
    }


def show_document(view: View) -> dict[str, Any]:
    """Describe a run, the trace that is shown in full, and the traces that are listed."""
    facts = view.facts
    return {
        "format": FORMAT,
        "run": {
            **_listing(facts.listing),
            "store": facts.store_path or None,
            "processes": [_process(row, facts.libraries) for row in facts.processes],
            "not_instrumented": [gap._asdict() for gap in facts.gaps],
            "counts": _counts(facts.accounts),
            "deliveries": [_delivery(exporter) for exporter in facts.accounts.exporters],
            "accounts": [_account(process) for process in facts.accounts.processes],
            "older_accounts": _account(facts.accounts.older) if facts.accounts.older_count else None,
            "older_count": facts.accounts.older_count,
            "notes": [asdict(row) for row in facts.notes],
        },
        "trace": _trace(view.trace) if view.trace else None,
        "other_traces": [_trace_summary(row) for row in view.others],
        "logs_outside_traces": [_log(log) for log in view.logs],
    }


def _process(row: ProcessRow, libraries: Sequence[LibraryRow]) -> dict[str, Any]:
    described = describe([library for library in libraries if library.process == row.id])
    return {**asdict(row), "libraries": [library._asdict() for library in described]}


def _counts(run: RunAccounts) -> list[dict[str, Any]]:
    total = run.total()
    interrupted = ("spans",) if total.interrupted else ()
    kinds = dict.fromkeys((*total.recorded, *total.dropped, *interrupted))
    return [
        {
            "kind": kind,
            "recorded": total.recorded.get(kind, 0),
            "dropped": sum(total.dropped.get(kind, {}).values()),
            "reasons": total.dropped.get(kind, {}),
            "interrupted": total.interrupted if kind == "spans" else 0,
        }
        for kind in kinds
    ]


def _delivery(exporter: ExporterAccount) -> dict[str, Any]:
    return {
        "exporter": exporter.name,
        "destination": exporter.destination,
        "signal": exporter.signal,
        "state": exporter.state or None,
        "since_ns": exporter.since_ns or None,
        "last_error": exporter.last_error,
        **_fate(exporter.delivery),
    }


def _account(process: ProcessAccount) -> dict[str, Any]:
    return {
        **process._asdict(),
        "ring": process.ring or None,
        "deliveries": {name: _fate(delivery) for name, delivery in process.deliveries.items()},
    }


def _fate(delivery: Delivery) -> dict[str, Any]:
    dropped = sum(delivery.dropped.values())
    return {
        "exported": delivery.exported,
        "held": delivery.held,
        "dropped": dropped,
        "reasons": delivery.dropped,
    }


def _listing(listing: Listing) -> dict[str, Any]:
    return {
        **asdict(listing.run),
        "state": listing.state,
        "totals": asdict(listing.totals) if listing.totals else None,
        "problem": listing.problem or None,
        "size": listing.size,
        "pruned": asdict(listing.pruned) if listing.pruned.is_any else None,
        "held": listing.accounts.held(),
        "lost": listing.accounts.lost(),
    }


def _trace_summary(row: TraceRow) -> dict[str, Any]:
    return {**asdict(row), "duration_ns": row.duration_ns}


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        **_trace_summary(trace.summary),
        "spans": [_span(span) for span in trace.spans],
        "logs": [_log(log) for log in trace.logs],
    }


def _span(span: SpanRow) -> dict[str, Any]:
    return {**asdict(span), "parent_span_id": span.parent_span_id or None, "duration_ns": span.duration_ns}


def _log(log: LogRow) -> dict[str, Any]:
    return {**asdict(log), "trace_id": log.trace_id or None, "span_id": log.span_id or None}
