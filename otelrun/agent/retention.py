"""How many finished runs stay on disk, and how much room they take: the oldest go.

Never removes a run that is alive, and one that holds undelivered data only where too many do.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from otelrun.agent import accounting
from otelrun.errors import RunInUseError
from otelrun.ring import recovery
from otelrun.ring.directory import RunDirectory, list_runs
from otelrun.store import accounts, losses
from otelrun.store.losses import Loss
from otelrun.store.size import store_size

if TYPE_CHECKING:
    from otelrun.profile.model import Store

MAX_RUNS = 500
"""Finished runs of all services together: each is a directory, also where its store is small or missing."""

MAX_HOLDING_RUNS = 200
"""Runs with undelivered data beyond this many are removed, oldest first: a dead endpoint must not fill the disk."""

_YOUNGEST_S = 60.0
_MIB = 1024 * 1024


def prune(root: str, limits: Store, own: RunDirectory) -> list[str]:
    """Remove the oldest runs below ``root``.

    Args:
        root: the state directory.
        limits: how many finished runs of each service stay, and how much room the stores of all runs may take.
        own: a run that is never removed.

    Returns:
        The removed runs that still held undelivered data: the id of each, and how much that was; ``store.losses`` keeps it.
    """
    kept = _Kept(limits)
    lost = []
    for run in list_runs(root):
        is_holding = _holds_data(run)
        is_wanted = kept.take(run, is_holding=is_holding)
        if is_wanted or run.path == own.path or _age_s(run) < _YOUNGEST_S:  # its agent may be about to claim it
            continue
        loss = _remove_unclaimed(run, is_holding=is_holding)
        if loss is None:
            continue
        kept.let_go()
        if is_holding:
            losses.keep(root, run.run_id, loss)
            lost.append(f"{run.run_id} ({loss})")
    return lost


class _Kept:
    """What is kept so far, from the newest run on."""

    def __init__(self, limits: Store) -> None:
        self._limits = limits
        self._holding = self._finished = self._size = 0
        self._of_service: dict[str, int] = {}
        self._taken = 0
        self._is_full = False

    def take(self, run: RunDirectory, *, is_holding: bool) -> bool:
        """Count a run, and say whether it is within all limits. Where there is no room for one, there is none for older ones."""
        self._taken = store_size(run)
        self._size += self._taken
        self._is_full = self._is_full or self._size > self._limits.max_total_mb * _MIB
        if is_holding:
            self._holding += 1
            return self._holding <= MAX_HOLDING_RUNS
        service = _service_of(run)
        number = self._of_service[service] = self._of_service.get(service, 0) + 1
        self._finished += 1
        return not self._is_full and number <= self._limits.keep_runs and self._finished <= MAX_RUNS

    def let_go(self) -> None:
        """Take the size of the last run back: it is gone."""
        self._size -= self._taken


def _service_of(run: RunDirectory) -> str:
    try:
        with open(run.description, encoding="utf-8", errors="replace") as file:
            description = json.load(file)
    except (OSError, ValueError):
        return ""
    return str(description.get("service_name") or "") if isinstance(description, dict) else ""


def _remove_unclaimed(run: RunDirectory, *, is_holding: bool) -> Loss | None:
    """Remove a run that no agent has, and that is as it was; give what it held, None where it stays."""
    claim = recovery.claim(run)
    if claim is None:
        return None
    try:
        if _holds_data(run) != is_holding:
            return None
        loss = _loss(run) if is_holding else Loss()
        remove(run)
    finally:
        claim.release()
    return loss


def remove_run(root: str, run: RunDirectory, *, may_lose: bool) -> Loss:
    """Remove a run that somebody wants to be gone.

    Args:
        root: the state directory.
        run: the run.
        may_lose: also where it holds undelivered data.

    Returns:
        What of it was not delivered: nothing, or as ``store.losses`` keeps it.

    Raises:
        RunInUseError: an agent has it, or it holds undelivered data that may not be lost.
    """
    is_holding = _holds_data(run)
    if is_holding and not may_lose:
        message = f"{run.run_id}: it holds undelivered telemetry ({_loss(run)}); otelrun runs remove --undelivered"
        raise RunInUseError(message)
    loss = _remove_unclaimed(run, is_holding=is_holding)
    if loss is None:
        message = f"{run.run_id}: an agent is at work on it"
        raise RunInUseError(message)
    if loss.runs:
        losses.keep(root, run.run_id, loss)
    return loss


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
