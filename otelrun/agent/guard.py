"""The guard: the agent's first process. It waits for work, has a worker do it, and starts another where one dies.

A program cannot start a process unseen: ``wait`` would find it, SIGCHLD would tell of it. The guard can, and it costs the program
nothing. It loads nothing that a run without telemetry does not need, so that there is little in it to fail or to be killed for.
"""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from otelrun.agent import detach, leftovers, loop, worker
from otelrun.agent.owners import Processes
from otelrun.agent.summary import SummaryAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.agent.connections import Keeper, KeptConnections
    from otelrun.agent.notices import Notices
    from otelrun.ring.directory import RunDirectory

MOST_RESTARTS = 5
"""So many workers in a row may follow one that died early; then something is wrong that no restart cures."""

_EARLY_S = 10.0
_PAUSE_S = 2.0


def watch_over(
    run: RunDirectory, root: tuple[int, int], notices: Notices, *, stdout: int | None, request: int | None
) -> None:
    """Be the guard of a run from before its first record to its end.

    Args:
        run: the run's directory; its lock is held by this process.
        root: process id and start time of the run's first process.
        notices: the agent's voice.
        stdout: a descriptor of the launcher's standard output, for a console exporter, or None.
        request: see ``SummaryAnswer``.
    """
    profile_text = worker.read_profile_text(run)
    processes = Processes()
    processes.watch(*root)
    answer = SummaryAnswer(run, request, processes, notices)
    if not leftovers.are_there(leftovers.root_of(run)) and not loop.wait_for_ring(run, answer):
        answer.clear()
        worker.end_without_records(run, profile_text, notices)
        return

    def serve(is_first: bool, keeper: Keeper | None) -> None:
        profile = worker.read_profile(run, profile_text, notices)
        worker.serve(run, profile, answer, notices, stdout=stdout, keeper=keeper, takes_leftovers=is_first)

    cause = keep_at_work(serve, notices, processes)
    answer.clear()
    if cause and processes.is_alive(*root):
        notices.tell(f"{cause}; what is recorded from now on is delivered at the next start")


def keep_at_work(serve: Callable[[bool, Keeper | None], None], notices: Notices, processes: Processes) -> str:
    """Have ``serve`` done by a process of its own, and by another one where that dies or fails.

    The first restart follows at once, further ones of workers that died early every two seconds at most.

    Args:
        serve: the work; called with whether it is the first attempt, and with what keeps its connections, or None.
        notices: where each death is logged.
        processes: a pause between two attempts ends early when one of these ends.

    Returns:
        Why it was given up; empty where the work was done.
    """
    from otelrun.agent.connections import KeptConnections  # noqa: PLC0415 - a run without telemetry never needs it

    kept = KeptConnections()
    early = attempts = 0
    while True:
        begun = monotonic()
        death = _run_worker(partial(serve, attempts == 0), kept, notices)
        if not death:
            return ""
        attempts += 1
        early = early + 1 if monotonic() - begun < _EARLY_S else 0
        if early > MOST_RESTARTS:
            cause = f"the agent {death}, {early} times in a row; it is not started again"
            notices.log(cause)
            return cause
        notices.log(f"the agent {death}; it is started again")
        if early > 1:
            processes.wait(max(0.0, begun + _PAUSE_S - monotonic()))


def _run_worker(serve: Callable[[Keeper | None], None], kept: KeptConnections, notices: Notices) -> str:
    """Fork a worker, keep its connections, and wait for its end.

    Returns:
        How it died; empty where it did its work.
    """
    line = kept.open_line()
    gc.freeze()  # what the guard has is the worker's too: no collection of its copies the pages
    try:
        pid = os.fork()
    except OSError as error:
        return f"could not be forked ({error})"
    if pid == 0:
        _be_worker(lambda: serve(kept.keeper(line) if line else None), notices)
    if line:
        kept.listen(line)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status < 0:
        return f"was killed by signal {-status}"
    return f"ended with status {status}" if status else ""


def _be_worker(work: Callable[[], None], notices: Notices) -> None:
    """Work, and end without unwinding what is the guard's. Never returns."""
    status = 1
    try:
        detach.take_title(detach.WORKER)
        sys.excepthook = lambda *_: notices.failed("the agent")
        work()
        status = 0
    except BaseException:  # noqa: BLE001 - the last frame of the process
        notices.failed("the agent")
    finally:
        os._exit(status)
