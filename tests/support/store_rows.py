"""What the local stores of a directory of runs hold, as the rows of ``otelrun.store``."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from otelrun.errors import StoreError
from otelrun.ring.directory import list_runs
from otelrun.store.queries import open_store

if TYPE_CHECKING:
    from otelrun.store.rows import LogRow, SpanRow, Trace


def stored_traces(otelrun_dir: str | os.PathLike[str]) -> list[Trace]:
    """Give the traces of all runs, oldest run first; none of runs that recorded nothing."""
    traces: list[Trace] = []
    for run in reversed(list_runs(os.fspath(otelrun_dir))):
        with suppress(StoreError), open_store(run.store) as store:
            found = (store.trace(row.trace_id) for row in store.traces())
            traces += [trace for trace in found if trace is not None]
    return traces


def stored_spans(otelrun_dir: str | os.PathLike[str]) -> list[SpanRow]:
    """Give the spans of all runs."""
    return [span for trace in stored_traces(otelrun_dir) for span in trace.spans]


def stored_logs(otelrun_dir: str | os.PathLike[str]) -> list[LogRow]:
    """Give the log records of all runs that were made within a trace."""
    return [log for trace in stored_traces(otelrun_dir) for log in trace.logs]
