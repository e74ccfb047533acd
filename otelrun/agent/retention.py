"""How many finished runs stay on disk. Never removes one that is alive, and one that holds undelivered data only at the limit."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from otelrun.agent import accounting
from otelrun.ring import recovery
from otelrun.ring.directory import RunDirectory, list_runs
from otelrun.store import accounts, losses
from otelrun.store.losses import Loss

MAX_HOLDING_RUNS = 200
"""Runs with undelivered data beyond this many are removed, oldest first: a dead endpoint must not fill the disk."""

_YOUNGEST_S = 60.0


def prune(root: str, keep: int, own: RunDirectory) -> list[str]:
    """Remove the oldest runs below ``root``.

    Args:
        root: the state directory.
        keep: how many finished runs stay.
        own: a run that is never removed.

    Returns:
        The removed runs that still held undelivered data: the id of each, and how much that was; ``store.losses`` keeps it.
    """
    finished = holding = 0
    lost = []
    for run in list_runs(root):
        is_holding = _holds_data(run)
        if is_holding:
            holding += 1
        else:
            finished += 1
        if run.path == own.path or (holding <= MAX_HOLDING_RUNS if is_holding else finished <= keep):
            continue
        if _age_s(run) < _YOUNGEST_S:
            continue  # its agent may be about to claim it
        claim = recovery.claim(run)
        if claim is None:
            continue
        try:
            if _holds_data(run) == is_holding:
                loss = _loss(run) if is_holding else None
                remove(run)
                if loss is not None:
                    losses.keep(root, run.run_id, loss)
                    lost.append(f"{run.run_id} ({loss})")
        finally:
            claim.release()
    return lost


def remove(run: RunDirectory) -> None:
    """Remove a run with all it holds, as far as it can be removed."""
    from shutil import rmtree  # noqa: PLC0415 - seldom needed

    rmtree(run.path, ignore_errors=True)


def _loss(run: RunDirectory) -> Loss:
    """Count what goes with a run that holds data: what waits for exporters by its accounts, and rings that nobody has read."""
    held = accounts.from_state(accounting.read(run)).held()
    try:
        rings = len(os.listdir(run.rings))
    except OSError:
        rings = 0
    return Loss(1, held.get("spans", 0), held.get("logs", 0), held.get("metrics", 0), rings)


def _age_s(run: RunDirectory) -> float:
    try:
        return time.time() - os.stat(run.path).st_mtime
    except OSError:
        return 0.0


def _holds_data(run: RunDirectory) -> bool:
    for directory in (run.rings, run.outbox):
        with suppress(OSError):
            if os.listdir(directory):
                return True
    return False
