"""One run from its first record to its last: wait for a ring, read, wait, read; then the end, within the profile's budget."""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING

from otelrun.agent import owners

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.agent.summary import SummaryAnswer
    from otelrun.agent.work import RunWork
    from otelrun.ring.directory import RunDirectory

_SHORTEST_WAIT_S = 0.005
_LONGEST_WAIT_S = 0.1
_SETTLE_S = 0.02
_BLIND_SETTLE_S = 0.5  # where the system does not show which processes belong to the run
_MUCH = 512


def wait_for_ring(run: RunDirectory, answer: SummaryAnswer) -> bool:
    """Wait until some process of the run has recorded something, at next to no cost.

    Args:
        run: the run's directory.
        answer: is given to a program that asks for a summary meanwhile; knows who is alive.

    Returns:
        Whether there is a ring; if not, the run is over.
    """
    processes = answer.processes

    def has_ring() -> bool:
        try:
            return bool(os.listdir(run.rings))
        except OSError:
            return False  # the directory was removed

    pause_s = _SHORTEST_WAIT_S
    while not has_ring():
        answer.serve(_nothing)
        if _is_over(run, processes, has_ring):
            return False
        processes.wait(min(pause_s, answer.longest_wait_s))
        pause_s = min(2 * pause_s, _LONGEST_WAIT_S)
    return True


def follow(work: RunWork, answer: SummaryAnswer) -> None:
    """Read the rings of a live run until it is over.

    Args:
        work: what is done for the run.
        answer: is given to a program that asks for a summary; knows who is alive.
    """
    processes = answer.processes
    pause_s = _SHORTEST_WAIT_S
    while True:
        records = work.drain()
        work.tick(monotonic())
        answer.serve(work.settle, is_all_read=not records)
        if records:
            pause_s = _SHORTEST_WAIT_S
            processes.wait(0.0 if records >= _MUCH else pause_s)
            continue
        work.answer_flushes()
        if _is_over(work.run, processes, lambda: bool(work.drain())):
            return
        processes.wait(min(pause_s, answer.longest_wait_s))
        pause_s = min(2 * pause_s, _LONGEST_WAIT_S)


def _nothing() -> None:
    """Prepare nothing: there is nothing but the run's description."""


def read_on(work: RunWork, processes: owners.Processes, deadline: float) -> None:
    """After a run is over: read what a slow endpoint had left no room for, as it makes room.

    Args:
        work: what is done for the run.
        processes: gives the pauses.
        deadline: monotonic seconds; what is not read then stays in its ring.
    """
    while work.has_rings() and monotonic() < deadline:
        if not work.drain():
            processes.wait(_SHORTEST_WAIT_S)


def _is_over(run: RunDirectory, processes: owners.Processes, has_news: Callable[[], bool]) -> bool:
    """Say whether nobody is left to record anything: looks twice for members of the run that have no ring so far."""
    if processes.is_any_alive():
        return False
    can_find_members = owners.can_find_members()
    for _ in range(2):
        if can_find_members:
            for member in owners.members(run.path):
                processes.watch(*member)
        if processes.is_any_alive() or has_news():
            return False
        processes.wait(_SETTLE_S if can_find_members else _BLIND_SETTLE_S)
    return not has_news() and not processes.is_any_alive()


def drain_left_behind(work: RunWork) -> None:
    """Read the rings of a run that nobody reads any more, as far as they are written."""
    work.open()
    while work.drain():
        pass
    work.drain()  # once more: rings found empty are done with
