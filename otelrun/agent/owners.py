"""Who is still alive: processes watched by pidfd where the kernel has it, by id and start time elsewhere."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

from otelrun.environment_variables import OTELRUN_HANDOFF
from otelrun.profile import handoff
from otelrun.ring.identity import start_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator

_HANDOFF_ENTRY = f"{OTELRUN_HANDOFF}=".encode()
_AGENT = ("otelrun-agent", "otelrun-guard")
_MILLISECONDS = 1000


class Processes:
    """A set of processes, and a wait that ends early when one of them does."""

    def __init__(self) -> None:
        """Begin with none."""
        self._poll = select.poll()
        self._pidfds: dict[int, tuple[int, int]] = {}
        self._alive: dict[tuple[int, int], int] = {}

    def watch(self, pid: int, ticks: int) -> None:
        """Watch a process from now on. One that has ended, or whose id is another's by now, counts as dead at once.

        Args:
            pid: its id.
            ticks: its start time (``ring.identity.start_ticks``), 0 if unknown.
        """
        if (pid, ticks) in self._alive:
            return
        pidfd = _open_pidfd(pid)
        if not is_running(pid, ticks):
            if pidfd is not None:
                os.close(pidfd)
            return
        self._alive[pid, ticks] = -1 if pidfd is None else pidfd
        if pidfd is not None:
            self._pidfds[pidfd] = (pid, ticks)
            self._poll.register(pidfd, select.POLLIN)

    def listen(self, fd: int) -> None:
        """Have the next ``wait`` end early, once, when there is something to read.

        Args:
            fd: stays open until then.
        """
        self._poll.register(fd, select.POLLIN)

    def is_alive(self, pid: int, ticks: int) -> bool:
        """Say whether a watched process still runs; a zombie does not."""
        pidfd = self._alive.get((pid, ticks))
        if pidfd is None:
            return False
        if pidfd < 0 and not is_running(pid, ticks):
            del self._alive[pid, ticks]
            return False
        return True

    def is_any_alive(self) -> bool:
        """Say whether any watched process still runs."""
        return any(self.is_alive(*process) for process in tuple(self._alive))

    def wait(self, timeout_s: float) -> None:
        """Wait that long, or until a watched process ends or something can be read."""
        for fd, _ in self._poll.poll(timeout_s * _MILLISECONDS):
            self._poll.unregister(fd)
            if fd in self._pidfds:
                os.close(fd)
                self._alive.pop(self._pidfds.pop(fd), None)


def _open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def is_running(pid: int, ticks: int) -> bool:
    """Say whether a process runs; a zombie does not.

    Args:
        pid: its id.
        ticks: its start time (``ring.identity.start_ticks``), 0 if unknown.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            state = stat.read().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in (b"Z", b"X") and (not ticks or start_ticks(pid) == ticks)


def can_find_members() -> bool:
    """Say whether ``members`` can see processes on this system."""
    return os.path.exists("/proc/self/environ")


def members(run_directory: str) -> Iterator[tuple[int, int]]:
    """Find the processes that belong to a run by their environment: pid and start time. They may have recorded nothing yet.

    Args:
        run_directory: the run's path, as the handoff names it.
    """
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read()
            if _HANDOFF_ENTRY not in environment or not _belongs(environment, run_directory):
                continue
            with open(f"/proc/{name}/comm", encoding="utf-8", errors="replace") as comm:
                if comm.read().strip() in _AGENT:
                    continue
        except OSError:
            continue  # ended meanwhile, or another user's
        yield int(name), start_ticks(int(name))


def _belongs(environment: bytes, run_directory: str) -> bool:
    for entry in environment.split(b"\0"):
        if entry.startswith(_HANDOFF_ENTRY):
            try:
                return handoff.read(entry[len(_HANDOFF_ENTRY) :].decode("ascii")).run_directory == run_directory
            except ValueError:
                return False
    return False
