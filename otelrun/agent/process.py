"""The agent as a process: what the launcher calls to bring it up, and the first lines of what it brings up.

The launcher's side imports little; everything else is loaded in the agent (``guard``, ``worker``), and only when needed.
"""

from __future__ import annotations

import json
import os
import sys
from typing import NamedTuple

from otelrun import summary_request
from otelrun.agent import detach
from otelrun.agent.notices import Notices, find_outlet
from otelrun.environment_variables import OTELRUN_QUIET
from otelrun.ring import recovery
from otelrun.ring.descriptors import above_standard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from otelrun.agent.notices import Outlet
    from otelrun.ring.directory import RunDirectory

_TRUE = ("1", "true", "yes")
_STDOUT = 1


def describe(run: RunDirectory, handoff_text: str, description: dict[str, Any]) -> None:
    """Write what the agent and the readers need to know of a run: ``<run>/profile`` and ``<run>/run.json``, both 0600.

    Args:
        run: the run's directory.
        handoff_text: ``profile.handoff.write`` of the whole profile, secrets included.
        description: what was run, when, by whom; without secrets.

    Raises:
        OSError: they cannot be written.
    """
    _write_private(run.profile, handoff_text)
    _write_private(run.description, json.dumps(description))


def _write_private(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)


def start(run: RunDirectory, *, root_pid: int, keep_stdout: bool) -> int:
    """Start the agent of a run. It holds the run's lock when this returns.

    Args:
        run: the run's directory, described.
        root_pid: the process to be followed, normally this one.
        keep_stdout: let a console exporter print to this process's standard output.

    Returns:
        The process id of the agent's guard.

    Raises:
        OSError: no agent can run here.
    """
    claim = recovery.claim(run)
    if claim is None:
        message = f"{run.lock} cannot be locked"
        raise OSError(message)
    root = detach.identity(root_pid)
    outlet = _outlet(root_pid)
    stdout = above_standard(os.dup(_STDOUT)) if keep_stdout else None
    request = summary_request.open_to_read(run.path)  # before the program can ask
    if request is not None:
        request = above_standard(request)
    try:
        return detach.fork_unseen(lambda: _run_agent(run, claim, root, outlet, _Kept(stdout, request)))
    finally:
        claim.release()  # the agent has its own copy of the descriptor, and with it the lock
        for fd in (stdout, request):
            if fd is not None:
                os.close(fd)


def _outlet(root_pid: int) -> Outlet | None:
    if os.environ.get(OTELRUN_QUIET, "").lower() in _TRUE:
        return None
    return find_outlet(root_pid)


class _Kept(NamedTuple):
    """Descriptors of the agent: the launcher's standard output, and what the program asks for a summary by; or None."""

    stdout: int | None
    request: int | None


def _run_agent(
    run: RunDirectory, claim: recovery.Claim, root: tuple[int, int], outlet: Outlet | None, kept: _Kept
) -> None:
    """Be the agent's first process. Nothing it meets may reach the user but by ``Notices``."""
    notices = Notices(run.log, outlet)
    try:
        detach.become_agent(fd for fd in (claim.fileno(), *kept) if fd is not None)
        sys.excepthook = lambda *_: notices.failed("the agent's guard")
        from otelrun.agent import guard  # noqa: PLC0415 - from here on, imports are the agent's and not the launcher's

        guard.watch_over(run, root, notices, stdout=kept.stdout, request=kept.request)
    except BaseException:  # noqa: BLE001 - the last frame of the process
        notices.failed("the agent's guard")
