"""Where runs live on disk, who may touch them, and which run is which. Paths and permissions only.

A run's directory (0700, every file in it 0600)::

    <root>/runs/<run id>/
        run.json      what was run, when, by whom; see ``agent``
        profile       the agent's handoff: the resolved profile (may hold secrets)
        rings/        one file per process
        outbox/       what waits for an exporter
        store.db      the local store
        summary.*     how the program asks for the exit summary, and its text; see ``otelrun.summary_request``
        stood_down/   one file per reason for which processes were left alone; see ``otelrun.stood_down``
        imported/     one file per library that was imported and is not instrumented; likewise
        agent.lock    held by the agent as long as it lives
        agent.log     what the agent could not tell anyone
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, NamedTuple

from otelrun import stood_down, summary_request
from otelrun.environment_variables import OTELRUN_DIR
from otelrun.errors import NotFoundError, RunDirectoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

SEE_RUNS = "; see: otelrun runs"
"""What ends the message that there is no such run."""

_TEMPORARY = "/tmp"  # noqa: S108 - only as a place for a directory whose owner and mode are checked


class RunDirectory(NamedTuple):
    """The directory of one run."""

    path: str

    @property
    def run_id(self) -> str:
        """The run's full id, e.g. ``20261124-093015-3f9a``."""
        return os.path.basename(self.path)

    @property
    def rings(self) -> str:
        """The directory of rings."""
        return os.path.join(self.path, "rings")

    @property
    def outbox(self) -> str:
        """The directory of what waits for an exporter."""
        return os.path.join(self.path, "outbox")

    @property
    def store(self) -> str:
        """The local store's file."""
        return os.path.join(self.path, "store.db")

    @property
    def lock(self) -> str:
        """The file that the agent of this run locks."""
        return os.path.join(self.path, "agent.lock")

    @property
    def log(self) -> str:
        """The agent's log file."""
        return os.path.join(self.path, "agent.log")

    @property
    def profile(self) -> str:
        """The file of the agent's handoff."""
        return os.path.join(self.path, "profile")

    @property
    def summary_request(self) -> str:
        """The FIFO by which the program asks for the exit summary; only in runs that have one."""
        return os.path.join(self.path, summary_request.FIFO)

    @property
    def summary_text(self) -> str:
        """The file of the exit summary's text; only while the program waits for it."""
        return os.path.join(self.path, summary_request.TEXT)

    @property
    def description(self) -> str:
        """The file that says what was run."""
        return os.path.join(self.path, "run.json")


def state_root(environment: Mapping[str, str]) -> str:
    """Give the directory that holds all runs of this user.

    OTELRUN_DIR, else the XDG state directory, else, where that can neither be used nor made (no home), TMPDIR or ``/tmp``.
    In a directory that others share (a mounted volume, ``/tmp``) it is one for this user alone.
    """
    chosen = environment.get(OTELRUN_DIR)
    if chosen:
        root = os.path.abspath(chosen)
    else:
        state = environment.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
        root = os.path.join(state, "otelrun")
        if not os.path.isabs(root) or not _can_be_made(root):
            root = os.path.abspath(environment.get("TMPDIR") or _TEMPORARY)
    return os.path.join(root, f"otelrun-{os.geteuid()}") if _is_shared(root) else root


def _can_be_made(path: str) -> bool:
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)


def _is_shared(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False
    return hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or bool(status.st_mode & stat.S_IWOTH))


def create_run(root: str) -> RunDirectory:
    """Make a directory for a new run.

    Raises:
        RunDirectoryError: it cannot be made, or ``root`` belongs to another user or is writable by others.
    """
    try:
        runs = os.path.join(root, "runs")
        os.makedirs(root, mode=0o700, exist_ok=True)
        os.makedirs(runs, mode=0o700, exist_ok=True)
        _check_ownership(root)
        _check_ownership(runs)
        for _ in range(64):
            run = RunDirectory(os.path.join(runs, _run_id(time.time_ns())))
            try:
                os.mkdir(run.path, 0o700)
            except FileExistsError:
                continue
            os.mkdir(run.rings, 0o700)
            os.mkdir(run.outbox, 0o700)
            ready = os.path.join(run.path, stood_down.NOT_RECORDING + stood_down.READY)
            os.close(os.open(ready, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            return run
    except OSError as error:
        message = (
            f"{error.filename or root}: {error.strerror or error}; set {OTELRUN_DIR} to a directory that can be written"
        )
        raise RunDirectoryError(message) from error
    message = f"{root}: no free run id"
    raise RunDirectoryError(message)


def _run_id(now_ns: int) -> str:
    """Name a run by when it began: the second, and which 65536th of it in hex, so that ids sort by time."""
    seconds, rest_ns = divmod(now_ns, 1_000_000_000)
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(seconds))}-{rest_ns * 65_536 // 1_000_000_000:04x}"


def _check_ownership(path: str) -> None:
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode):
        message = f"{path} is not a directory"
        raise RunDirectoryError(message)
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        message = f"{path} belongs to another user (uid {status.st_uid})"
        raise RunDirectoryError(message)
    if status.st_mode & stat.S_IWOTH:
        message = f"{path} can be written by every user; chmod it to 700"
        raise RunDirectoryError(message)


def list_runs(root: str) -> list[RunDirectory]:
    """List all runs below ``root``, newest first; empty where there are none."""
    runs = os.path.join(root, "runs")
    try:
        names = sorted(os.listdir(runs), reverse=True)
    except OSError:
        return []
    return [RunDirectory(os.path.join(runs, name)) for name in names if os.path.isdir(os.path.join(runs, name))]


def find_run(root: str, wanted: str | None) -> RunDirectory:
    """Find one run by its id, the end or beginning of it, or the newest for None or ``last``.

    Raises:
        NotFoundError: none or several match.
    """
    runs = list_runs(root)
    if wanted in (None, "last") and runs:
        return runs[0]
    found = [run for run in runs if run.run_id.startswith(wanted or "") or run.run_id.endswith(wanted or "")]
    if len(found) == 1:
        return found[0]
    if not found:
        message = f"no run {wanted!r} below {root}{SEE_RUNS}"
        if not runs:
            message = f"no runs below {root} yet; record one: otelrun python app.py"
    else:
        message = f"{wanted!r} names {len(found)} runs: {', '.join(run.run_id for run in found[:5])}"
    raise NotFoundError(message)
