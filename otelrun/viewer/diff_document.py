"""The JSON that ``otelrun diff --json`` prints for scripts. Pure: values in, plain data out.

Documented in docs/reference/diff-json.md. Within one ``format`` names are only added, never changed or taken away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otelrun.store.listing import Listing
    from otelrun.viewer.analysis.comparison import Comparison, EndpointChange
    from otelrun.viewer.analysis.endpoints import Endpoint
    from otelrun.viewer.analysis.failures import Failure

FORMAT = 1


def diff_document(before: Listing, after: Listing, comparison: Comparison) -> dict[str, Any]:
    """Describe two runs compared."""
    return {
        "format": FORMAT,
        "before": _run(before),
        "after": _run(after),
        "is_worse": comparison.is_worse,
        "endpoints": [_endpoint_change(one) for one in comparison.endpoints],
        "new_failures": [_failure(one) for one in comparison.new_failures],
        "gone_failures": [_failure(one) for one in comparison.gone_failures],
    }


def _run(listing: Listing) -> dict[str, Any]:
    run = listing.run
    return {
        "run_id": run.run_id,
        "service_name": run.service_name,
        "command": list(run.command),
        "started_ns": run.started_ns,
        "ended_ns": run.ended_ns,
        "state": listing.state,
    }


def _endpoint_change(change: EndpointChange) -> dict[str, Any]:
    return {
        "endpoint": change.endpoint,
        "kind": change.kind,
        "verdict": change.verdict,
        "is_newly_failing": change.is_newly_failing,
        "ratio": round(change.ratio, 4) or None,
        "before": _endpoint(change.before),
        "after": _endpoint(change.after),
        "shifts": [one._asdict() for one in change.shifts],
    }


def _endpoint(endpoint: Endpoint | None) -> dict[str, Any] | None:
    if endpoint is None:
        return None
    return {name: value for name, value in endpoint._asdict().items() if name not in ("endpoint", "kind")}


def _failure(failure: Failure) -> dict[str, Any]:
    frame = failure.frame
    return {
        "type": failure.type,
        "message": failure.message,
        "location": frame.location if frame else None,
        "file": frame.file if frame else None,
        "line": frame.line if frame else None,
        "function": frame.function if frame else None,
        "times": failure.times,
        "first_ns": failure.first_ns,
        "last_ns": failure.last_ns,
        "endpoints": list(failure.endpoints),
        "trace_id": failure.trace_id or None,
        "span_id": failure.span_id or None,
        "log_before": failure.log_before or None,
    }
