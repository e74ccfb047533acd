"""How many finished runs stay on disk. Never removes one that is alive, and one that holds undelivered data only at the limit."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from otelrun.ring import recovery
from otelrun.ring.directory import RunDirectory, list_runs

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
        The ids of removed runs that still held undelivered data.
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
                remove(run)
                lost += [run.run_id] if is_holding else []
        finally:
            claim.release()
    return lost


def remove(run: RunDirectory) -> None:
    """Remove a run with all it holds, as far as it can be removed."""
    from shutil import rmtree  # noqa: PLC0415 - seldom needed

    rmtree(run.path, ignore_errors=True)


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
