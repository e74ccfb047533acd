"""The worker: the agent's process that reads, stores and sends. What it does from its first line to its last.

All that is heavy is loaded here, and only when there is something to do with it.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from otelrun.agent import leftovers, loop, retention
from otelrun.profile import handoff

if TYPE_CHECKING:
    from otelrun.agent.connections import Keeper
    from otelrun.agent.notices import Notices
    from otelrun.agent.summary import SummaryAnswer
    from otelrun.profile.model import Profile
    from otelrun.ring.directory import RunDirectory


def serve(  # noqa: PLR0913 - what the guard has
    run: RunDirectory,
    profile: Profile,
    answer: SummaryAnswer,
    notices: Notices,
    *,
    stdout: int | None,
    keeper: Keeper | None,
    takes_leftovers: bool,
) -> None:
    """Do all that is to be done for a run, and for earlier ones that were left behind.

    Args:
        run: the run's directory; its lock is held.
        profile: the run's profile.
        answer: is given to a program that asks for a summary; knows who is alive.
        notices: the agent's voice.
        stdout: a descriptor of the launcher's standard output, for a console exporter, or None.
        keeper: keeps the connections of this worker for the next one, and has those of the one before; None where nobody does.
        takes_leftovers: look after earlier runs, too. A worker that follows a dead one does not: one of those may have killed it.
    """
    budget_s = profile.otelrun.exit_budget_ms / 1000
    wait_for_recovery = (
        leftovers.recover_beside(leftovers.root_of(run), budget_s) if takes_leftovers else lambda _: None
    )
    is_begun = _is_begun(run)
    if is_begun or loop.wait_for_ring(run, answer):
        from otelrun.agent.work import RunWork  # noqa: PLC0415 - a run without telemetry never needs it

        work = RunWork(run, profile, processes=answer.processes, notices=notices, stdout=stdout, keeper=keeper)
        if is_begun:
            work.open()
        loop.follow(work, answer)
        notices.hush()
        deadline = monotonic() + budget_s
        work.begin_finish()
        loop.read_on(work, answer.processes, deadline)
        work.finish(deadline)
    else:
        deadline = monotonic() + budget_s
        _close_empty(run, profile)
    wait_for_recovery(deadline)
    if takes_leftovers:
        leftovers.recover(leftovers.root_of(run), max(0.0, deadline - monotonic()))
    _prune(run, profile, notices)


def _is_begun(run: RunDirectory) -> bool:
    """Say whether an earlier worker has made outboxes: it may have been killed when no ring was left, but not all delivered."""
    try:
        return bool(os.listdir(run.outbox))
    except OSError:
        return False


def end_without_records(run: RunDirectory, profile_text: str, notices: Notices) -> None:
    """End a run in which nothing was recorded: cheap enough for the guard.

    Args:
        run: the run's directory; its lock is held.
        profile_text: see ``read_profile``.
        notices: the agent's voice.
    """
    profile = read_profile(run, profile_text, notices)
    _close_empty(run, profile)
    leftovers.recover(leftovers.root_of(run), profile.otelrun.exit_budget_ms / 1000)
    _prune(run, profile, notices)


def read_profile_text(run: RunDirectory) -> str:
    """Read the file of a run's profile as it is at the start; empty where it is gone already."""
    try:
        with open(run.profile, encoding="ascii") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def read_profile(run: RunDirectory, text_at_start: str, notices: Notices) -> Profile:
    """Give a run's profile: its file may have been removed or damaged since the start; then it is written anew.

    Args:
        run: the run's directory.
        text_at_start: from ``read_profile_text``.
        notices: the agent's voice.

    Raises:
        ValueError: it was not there at the start.
    """
    profile = handoff.read(text_at_start).profile()
    if read_profile_text(run) != text_at_start:
        notices.log("the file of the profile was removed or changed; it is what it was at the start")
        with suppress(OSError):  # the run's directory was removed, too
            fd = os.open(run.profile, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w", encoding="ascii") as file:
                file.write(text_at_start)
    return profile


def _close_empty(run: RunDirectory, profile: Profile) -> None:
    from otelrun.agent.accounting import Accounting  # noqa: PLC0415 - otherwise loaded with the work

    Accounting(run).save((), (), time.time_ns())
    if not profile.otelrun.store.enabled:
        retention.remove(run)


def _prune(run: RunDirectory, profile: Profile, notices: Notices) -> None:
    lost = retention.prune(leftovers.root_of(run), profile.otelrun.store, run)
    if lost:
        notices.log(f"removed with undelivered telemetry, since too many runs hold some: {', '.join(lost)}")
