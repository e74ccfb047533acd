"""Runs whose agent died: their rings are drained and their outboxes delivered, with the profile each of them had."""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from otelrun.agent.notices import Notices
from otelrun.profile import handoff
from otelrun.ring import recovery

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.agent.work import RunWork
    from otelrun.ring.directory import RunDirectory
    from otelrun.ring.recovery import Claim

_MOST_AT_ONCE = 16
"""So many runs whose endpoints are away are tried at the same time: each has threads and descriptors."""

_LOOK_AGAIN_S = 0.01
_SHORTEST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 300.0


def recover(root: str, budget_s: float) -> None:
    """Do for every run left behind below ``root`` what its own agent would have done.

    A run whose endpoint is away keeps no other waiting: it goes on trying while the next ones have their turn.

    Args:
        root: the state directory.
        budget_s: for delivery of all of them together; what is not delivered then stays where it is.
    """
    deadline = monotonic() + budget_s
    trying: list[tuple[Claim, RunWork]] = []
    for claim in recovery.leftovers(root):
        work = _take_up(claim.run)
        if work is None:
            _let_go(claim)
            continue
        trying.append((claim, work))
        _wait_for_answers(work, deadline)
        if len(trying) > _MOST_AT_ONCE:
            _finish(*trying.pop(0), monotonic())
        if monotonic() > deadline:
            break
    for claim, work in trying:
        _finish(claim, work, deadline)


def _take_up(run: RunDirectory) -> RunWork | None:
    """Read what is left in a run's rings and begin to deliver it; None where that cannot be done."""
    from otelrun.agent import loop  # noqa: PLC0415 - seldom needed
    from otelrun.agent.owners import Processes  # noqa: PLC0415
    from otelrun.agent.work import RunWork  # noqa: PLC0415

    notices = Notices(run.log, None)
    try:
        with open(run.profile, encoding="ascii") as file:
            profile = handoff.read(file.read()).profile()
    except (OSError, ValueError) as error:
        notices.log(f"not recovered, its profile cannot be read: {error}")
        return None
    notices.log("recovering what an agent left behind")
    try:
        work = RunWork(run, profile, processes=Processes(), notices=notices, stdout=None)
        loop.drain_left_behind(work)
        work.begin_finish(is_left_behind=True)
    except Exception:  # noqa: BLE001 - one damaged run hides no others
        notices.failed("recovery")
        return None
    return work


def _wait_for_answers(work: RunWork, deadline: float) -> None:
    """Wait until all is delivered, or what is not waits for an endpoint that is away."""
    for channel in work.channels:
        while monotonic() < deadline and channel.state != "holding":
            if channel.wait_flushed(min(deadline, monotonic() + _LOOK_AGAIN_S)):
                break


def _finish(claim: Claim, work: RunWork, deadline: float) -> None:
    try:
        work.finish(deadline)
    except Exception:  # noqa: BLE001 - one damaged run hides no others
        Notices(claim.run.log, None).failed("recovery")
    _let_go(claim)


def _let_go(claim: Claim) -> None:
    """Leave a run to the next agent, which is to try the others first."""
    with suppress(OSError):  # the run is removed by now, or on a read-only file system
        os.utime(claim.run.lock)
    claim.release()


def recover_beside(root: str, budget_s: float) -> Callable[[float], None]:
    """Begin ``recover`` in a thread, if there is anything to recover; it tries again as long as something is left.

    Returns:
        What ends it, and waits for it until a monotonic deadline.
    """
    if not are_there(root):
        return lambda _: None
    import threading  # noqa: PLC0415 - seldom needed

    is_over = threading.Event()

    def keep_trying() -> None:
        pause_s = _SHORTEST_PAUSE_S
        recover(root, budget_s)
        while not is_over.wait(pause_s) and are_there(root):
            recover(root, budget_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def end(deadline: float) -> None:
        is_over.set()
        thread.join(max(0.0, deadline - monotonic()))

    thread = threading.Thread(target=keep_trying, name="otelrun-recovery", daemon=True)
    thread.start()
    return end


def are_there(root: str) -> bool:
    """Say, cheaply, whether some run below ``root`` was left behind."""
    for claim in recovery.leftovers(root):
        claim.release()
        return True
    return False


def root_of(run: RunDirectory) -> str:
    """Give the state directory that a run is in."""
    return os.path.dirname(os.path.dirname(run.path))
