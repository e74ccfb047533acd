"""One run from its first record to its last: read, wait, read; then the end, within the profile's budget."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from otelrun.agent import owners
from otelrun.agent.work import READ_LIMIT

if TYPE_CHECKING:
    from otelrun.agent.work import RunWork

_SHORTEST_WAIT_S = 0.005
_LONGEST_WAIT_S = 0.1
_SETTLE_S = 0.02
_BLIND_SETTLE_S = 1.0  # where the system does not show which processes belong to the run


def follow(work: RunWork, processes: owners.Processes, root: tuple[int, int]) -> None:
    """Read the rings of a live run until it is over.

    Args:
        work: what is done for the run.
        processes: who is alive.
        root: pid and start time of the run's first process.
    """
    processes.watch(*root)
    pause_s = _SHORTEST_WAIT_S
    while True:
        count = work.drain()
        work.tick(monotonic())
        if count:
            pause_s = _SHORTEST_WAIT_S
            processes.wait(0.0 if count >= READ_LIMIT else pause_s)
            continue
        if not processes.is_any_alive() and _is_over(work, processes):
            return
        processes.wait(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_WAIT_S)


def _is_over(work: RunWork, processes: owners.Processes) -> bool:
    """Look for members of the run that have recorded nothing so far, twice, and for a last ring or record."""
    for _ in range(2):
        if owners.can_find_members():
            for member in owners.members(work.run.path):
                processes.watch(*member)
        if processes.is_any_alive() or work.drain() or processes.is_any_alive():
            return False
        processes.wait(_SETTLE_S if owners.can_find_members() else _BLIND_SETTLE_S / 2)
    return not work.drain() and not processes.is_any_alive()


def drain_left_behind(work: RunWork) -> None:
    """Read the rings of a run that nobody reads any more, as far as they are written."""
    work.open()
    while work.drain():
        pass
    work.drain()  # once more: rings found empty are done with
