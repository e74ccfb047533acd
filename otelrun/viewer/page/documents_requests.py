"""Documents on requests and on what failed: columns for many, plain objects for few. Pure: rows in, plain data out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otelrun.viewer.page.values import Interned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otelrun.store.rows import ProcessRow
    from otelrun.viewer.analysis.digest import Change
    from otelrun.viewer.analysis.failures import Failure
    from otelrun.viewer.stack import Frame

FAILED, INTERRUPTED, WITHDRAWN = 1, 2, 4
"""Bits of ``flags``; of a withdrawn one only ``trace`` and ``span`` count: it is no request after all."""

COLUMNS = (
    "trace",
    "span",
    "endpoint",
    "service",
    "kind",
    "pid",
    "start",
    "duration",
    "status",
    "flags",
    "spans",
    "logs",
    "failure",
    "time_in",
)


def requests_document(
    changes: Sequence[Change],
    processes: Mapping[int, ProcessRow],
    started_ns: int,
    *,
    sequence: int,
    is_complete: bool,
) -> dict[str, Any]:
    """Give requests that are new or have changed.

    Args:
        changes: of the run's digest, oldest first.
        processes: the run's, by their row id.
        started_ns: when the run began, since the epoch: times count from there.
        sequence: what to ask after the next time.
        is_complete: whether that would give nothing by now.
    """
    strings = Interned()
    rows = [_row(change, processes.get(change.entry.process), started_ns, strings) for change in changes]
    columns = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)) if rows else {n: [] for n in COLUMNS}
    return {"sequence": sequence, "is_complete": is_complete, "strings": strings.texts(), "columns": columns}


def _row(change: Change, process: ProcessRow | None, started_ns: int, strings: Interned) -> tuple[Any, ...]:
    entry = change.entry
    flags = entry.is_failed * FAILED + entry.is_interrupted * INTERRUPTED + change.is_withdrawn * WITHDRAWN
    return (
        entry.trace_id,
        entry.span_id,
        strings.number(entry.endpoint),
        strings.number(process.service_name if process else ""),
        strings.number(entry.kind),
        process.pid if process else 0,
        entry.start_ns - started_ns,
        entry.duration_ns,
        strings.number(entry.status_code),
        flags,
        entry.spans,
        entry.logs,
        strings.number(entry.failure),
        [part for name, ns in entry.time_in.items() for part in (strings.number(name), ns)],
    )


def errors_document(failures: Iterable[Failure], started_ns: int) -> dict[str, Any]:
    """Give the groups of failures, in the order given; times as in ``requests_document``."""
    return {"failures": [_failure(failure, started_ns) for failure in failures]}


def _failure(failure: Failure, started_ns: int) -> dict[str, Any]:
    frame = failure.frame
    return {
        "type": failure.type,
        "message": failure.message,
        "location": frame.location if frame else "",
        "file": frame.file if frame else "",
        "line": frame.line if frame else 0,
        "function": frame.function if frame else "",
        "count": failure.times,
        "times": [moment_ns - started_ns for moment_ns in failure.moments_ns],
        "first": failure.first_ns - started_ns,
        "last": failure.last_ns - started_ns,
        "endpoints": list(failure.endpoints),
        "trace": failure.trace_id,
        "span": failure.span_id,
        "log_before": failure.log_before,
        "is_log": failure.is_log,
        "frames": [_frame(frame) for frame in failure.frames],
        "stack": failure.stack[-100_000:],
    }


def _frame(frame: Frame) -> dict[str, Any]:
    return {
        "file": frame.file,
        "line": frame.line,
        "function": frame.function,
        "code": frame.code,
        "is_own": frame.is_own,
    }
