"""Whether anything of a run still lives: its agent, its processes. Looks only, and gets in nobody's way."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from otelrun.ring.identity import start_ticks

if TYPE_CHECKING:
    from otelrun.ring.directory import RunDirectory

_CLAIMING_S = 1.0


def is_agent_alive(run: RunDirectory, *, may_start: bool) -> bool:
    """Say whether an agent holds the run's lock.

    Args:
        run: the run.
        may_start: its agent may be just starting. A look takes the lock for an instant; so that it never stands in the way
            of that agent, a lock file younger than a second counts as held without a look.
    """
    try:
        import fcntl  # noqa: PLC0415 - POSIX only; elsewhere there is no agent

        fd = os.open(run.lock, os.O_RDONLY | os.O_CLOEXEC)
    except (ImportError, OSError):
        return False
    try:
        if may_start and time.time() - os.fstat(fd).st_mtime < _CLAIMING_S:
            return True
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def is_process_alive(pid: int, ticks: int = 0) -> bool:
    """Say whether a process runs.

    Args:
        pid: its id; not positive is never alive.
        ticks: its start in clock ticks since boot, where known, so that a reused id is not taken for it.
    """
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there and belongs to somebody else
    return not ticks or start_ticks(pid) == ticks
