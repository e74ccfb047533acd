"""Which run, or which trace of which run, a word on the command line means; and waiting until a run that is over is settled."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from otelrun.errors import NotFoundError, StoreError
from otelrun.ring.directory import SEE_RUNS, find_run, list_runs

if TYPE_CHECKING:
    from otelrun.ring.directory import RunDirectory
    from otelrun.store.listing import Listing

_PATIENCE_S = 2.0
_LOOK_AGAIN_S = 0.05
_RUNS_SEARCHED = 20


def find_run_or_trace(root: str, wanted: str | None) -> tuple[RunDirectory, str | None]:
    """Find what is meant: a run, or a trace in one of the newest runs.

    Raises:
        NotFoundError: neither is there, or several.
    """
    try:
        return find_run(root, wanted), None
    except NotFoundError as error:
        if wanted is None or not list_runs(root):
            raise
        found = _find_traces(root, wanted)
        if not found:
            what = str(error).removesuffix(SEE_RUNS)
            message = f"{what}, and no trace that begins so in the newest {_RUNS_SEARCHED} runs{SEE_RUNS}"
            raise NotFoundError(message + _maybe_pruned(root, wanted)) from None
    if len(found) > 1:
        message = f"{wanted!r} names several traces: {', '.join(found)}"
        raise NotFoundError(message)
    trace_id, run = found.popitem()
    return run, trace_id


def _find_traces(root: str, prefix: str) -> dict[str, RunDirectory]:
    """Find the traces that begin with ``prefix``, each with the newest run that has it."""
    from otelrun.store.queries import open_store  # noqa: PLC0415 - sqlite3 only where it is needed

    found: dict[str, RunDirectory] = {}
    for run in list_runs(root)[:_RUNS_SEARCHED]:
        with suppress(StoreError), open_store(run.store) as store:
            for trace_id in store.find_trace_ids(prefix):
                found.setdefault(trace_id, run)
    return found


def _maybe_pruned(root: str, wanted: str) -> str:
    """Say which runs have let traces go: what is not there may have been there."""
    from otelrun.store.queries import open_store  # noqa: PLC0415 - sqlite3 only where it is needed
    from otelrun.viewer import phrases  # noqa: PLC0415 - for people only

    if wanted.lower().strip("0123456789abcdef"):
        return ""
    lines = []
    for run in list_runs(root)[:_RUNS_SEARCHED]:
        with suppress(StoreError), open_store(run.store) as store:
            pruned = store.pruned()
            if pruned.traces or pruned.spans:
                when = phrases.clock(pruned.pruned_ns, time.time_ns())
                lines.append(
                    f"\nit may have been pruned from run {run.run_id}, at {when} at the latest (store.max_run_mb)"
                )
    return "".join(lines)


def settled(run: RunDirectory) -> Listing:
    """Describe a run; where it is over and its agent still writes, wait for the agent, not for long."""
    from otelrun.store.activity import is_agent_alive  # noqa: PLC0415 - not for --help
    from otelrun.store.listing import FINISHING, list_run  # noqa: PLC0415

    listing = list_run(run)
    if listing.state != FINISHING:
        return listing
    if sys.stderr.isatty():
        click.echo("otelrun: the run is over, waiting for its last telemetry ...", err=True)
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and is_agent_alive(run, may_start=listing.run.ended_ns is None):
        threading.Event().wait(_LOOK_AGAIN_S)
    return list_run(run)
