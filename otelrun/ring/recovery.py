"""Which runs were left behind: telemetry on disk and no agent alive.

Claims by lock, so that no two agents take one run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from otelrun.ring.descriptors import above_standard
from otelrun.ring.directory import RunDirectory, list_runs

if TYPE_CHECKING:
    from collections.abc import Iterator


class Claim:
    """The lock of one run, held until ``release`` or the end of this process."""

    def __init__(self, run: RunDirectory, fd: int) -> None:
        """Take over the locked descriptor."""
        self.run = run
        self._fd = fd

    def fileno(self) -> int:
        """Give the locked descriptor; a forked process that keeps it keeps the lock."""
        return self._fd

    def release(self) -> None:
        """Let another agent claim the run."""
        os.close(self._fd)


def claim(run: RunDirectory) -> Claim | None:
    """Lock a run for this process; None where another process holds it or it cannot be locked."""
    import fcntl  # noqa: PLC0415 - POSIX only; elsewhere there is no agent

    try:
        fd = above_standard(os.open(run.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return Claim(run, fd)


def leftovers(root: str) -> Iterator[Claim]:
    """Claim each run below ``root`` that holds undelivered telemetry and has no agent.

    The one whose lock was touched longest ago comes first: so those that cannot be delivered do not stand in the way for ever.
    """
    holding = [run for run in reversed(list_runs(root)) if _has_files(run.rings) or _has_files(run.outbox)]
    for run in sorted(holding, key=_touched_ns):
        claimed = claim(run)
        if claimed is not None:
            yield claimed


def _touched_ns(run: RunDirectory) -> int:
    try:
        return os.stat(run.lock).st_mtime_ns
    except OSError:
        return 0


def _has_files(directory: str) -> bool:
    try:
        return bool(os.listdir(directory))
    except OSError:
        return False
