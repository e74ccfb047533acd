"""Runs whose agent died: their rings are drained and their outboxes delivered, with the profile each of them had."""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING

from otelrun.agent.notices import Notices
from otelrun.profile import handoff
from otelrun.ring import recovery

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.ring.directory import RunDirectory


def recover(root: str, budget_s: float) -> int:
    """Do for every run left behind below ``root`` what its own agent would have done.

    Args:
        root: the state directory.
        budget_s: for delivery of all of them together; what is not delivered then stays where it is.

    Returns:
        How many runs were taken up.
    """
    deadline = monotonic() + budget_s
    count = 0
    for claim in recovery.leftovers(root):
        try:
            _recover_run(claim.run, deadline)
            count += 1
        finally:
            claim.release()
        if monotonic() > deadline:
            break
    return count


def _recover_run(run: RunDirectory, deadline: float) -> None:
    from otelrun.agent import loop  # noqa: PLC0415 - seldom needed
    from otelrun.agent.owners import Processes  # noqa: PLC0415
    from otelrun.agent.work import RunWork  # noqa: PLC0415

    notices = Notices(run.log, None)
    try:
        with open(run.profile, encoding="ascii") as file:
            profile = handoff.read(file.read()).profile()
    except (OSError, ValueError) as error:
        notices.log(f"not recovered, its profile cannot be read: {error}")
        return
    notices.log("recovering what an agent left behind")
    try:
        work = RunWork(run, profile, processes=Processes(), notices=notices, stdout=None)
        loop.drain_left_behind(work)
        work.begin_finish()
        work.finish(deadline)
    except Exception:  # noqa: BLE001 - one damaged run hides no others
        notices.failed("recovery")


def recover_beside(root: str, budget_s: float) -> Callable[[float], None]:
    """Begin ``recover`` in a thread, if there is anything to recover.

    Returns:
        What waits for it, until a monotonic deadline.
    """
    if not are_there(root):
        return lambda _: None
    import threading  # noqa: PLC0415 - seldom needed

    thread = threading.Thread(target=recover, args=(root, budget_s), name="otelrun-recovery", daemon=True)
    thread.start()
    return lambda deadline: thread.join(max(0.0, deadline - monotonic()))


def are_there(root: str) -> bool:
    """Say, cheaply, whether some run below ``root`` was left behind."""
    for claim in recovery.leftovers(root):
        claim.release()
        return True
    return False


def root_of(run: RunDirectory) -> str:
    """Give the state directory that a run is in."""
    return os.path.dirname(os.path.dirname(run.path))
