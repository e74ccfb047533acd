"""Forking so that the program never notices: no child to wait for, no SIGCHLD, no descriptor, no signal, no terminal.

On a normal host the agent is forked twice and falls to init. Where it would fall back to the launcher itself (the launcher
is PID 1 of a container, or a child subreaper), the kernel would turn it into an ordinary child of the program; there it is
made by ``clone`` with no exit signal instead, which ``wait`` and SIGCHLD pass over.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import time
from contextlib import suppress

from otelrun.ring.identity import start_ticks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    _Handler = Callable[[int, FrameType | None], object] | int

_INIT_PID = 1
_NICENESS = 5
_REPARENT_POLL_S = 0.0002
_CLONE_NUMBERS = {"x86_64": 56, "aarch64": 220, "riscv64": 220, "loongarch64": 220, "ppc64le": 120}
_IGNORED_SIGNALS = ("SIGINT", "SIGHUP", "SIGTERM", "SIGQUIT", "SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTSTP")
_LARGEST_DESCRIPTOR = 65_536

GUARD = b"otelrun-guard"
"""Title of the agent's first process."""

WORKER = b"otelrun-agent"
"""Title of the process that does its work."""

TITLES = (GUARD.decode(), WORKER.decode())
"""Both, as ``/proc/<pid>/comm`` has them."""


def fork_unseen(main: Callable[[], None]) -> int:
    """Run ``main`` in a new process that is no child of this one as far as this one can tell.

    Args:
        main: called in the new process, which ends without unwinding when it returns or raises.

    Returns:
        The new process's id.

    Raises:
        OSError: the system does not allow it.
    """
    if os.getpid() != _INIT_PID:
        pid = _fork_twice(main)
        if pid:
            return pid
    return _clone_unseen(main)


def _fork_twice(main: Callable[[], None]) -> int:
    """Fork an orphan; 0 where orphans come back to this process (then it has ended again)."""
    report, told = os.pipe()
    launcher = os.getpid()
    # While SIGCHLD is ignored the kernel reaps the go-between itself: nothing is left in RUSAGE_CHILDREN or pending.
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN) or signal.SIG_DFL
    try:
        between = os.fork()
        if between == 0:
            _go_between(main, launcher, report, told, before)
        os.close(told)
        answer = os.read(report, 32)
        _wait_until_reaped(between)
        if answer.startswith(b"back "):
            _wait_until_reaped(int(answer[5:]))
    finally:
        os.close(report)
        signal.signal(signal.SIGCHLD, before)
    if not answer:
        raise OSError(errno.EAGAIN, "the agent could not be forked")
    return 0 if answer.startswith(b"back ") else int(answer)


def _wait_until_reaped(pid: int) -> None:
    with suppress(ChildProcessError):  # reaped by the kernel, as wanted
        os.waitpid(pid, 0)


def _go_between(main: Callable[[], None], launcher: int, report: int, told: int, before: _Handler) -> None:
    """The middle process: fork the agent and be gone at once. Never returns."""
    try:
        between = os.getpid()
        if os.fork() == 0:
            os.close(report)
            while os.getppid() == between:
                time.sleep(_REPARENT_POLL_S)
            if os.getppid() == launcher:
                os.write(told, b"back %d" % os.getpid())
                os._exit(0)
            os.write(told, b"%d" % os.getpid())
            os.close(told)
            signal.signal(signal.SIGCHLD, before)
            main()
    finally:
        os._exit(0)


def _clone_unseen(main: Callable[[], None]) -> int:
    """Fork a child whose end sends no signal and which only ``wait`` with ``__WALL`` would see."""
    number = _CLONE_NUMBERS.get(os.uname().machine)
    if number is None or not sys.platform.startswith("linux") or sys.maxsize < 1 << 32:
        raise OSError(errno.ENOSYS, "the agent cannot be hidden from a program that is PID 1 on this platform")
    import ctypes  # noqa: PLC0415 - 5 ms, for containers alone

    python = ctypes.pythonapi
    for name in ("PyOS_BeforeFork", "PyOS_AfterFork_Child", "PyOS_AfterFork_Parent"):
        getattr(python, name).restype = None
    system_call = ctypes.PyDLL(None, use_errno=True).syscall
    system_call.restype = ctypes.c_long
    arguments = [ctypes.c_long(value) for value in (number, 0, 0, 0, 0, 0)]
    python.PyOS_BeforeFork()
    pid: int = system_call(*arguments)
    if pid == 0:
        python.PyOS_AfterFork_Child()
        try:
            main()
        finally:
            os._exit(0)
    python.PyOS_AfterFork_Parent()
    if pid < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return pid


def become_agent(keep: Iterable[int]) -> None:
    """Let go, in the new process, of everything of the launcher that the program has too.

    A session of its own, ``/`` as the directory, no descriptor but ``keep`` and /dev/null, signals ignored (the agent ends by
    itself, bounded by its budget), but for SIGCHLD, as many descriptors as the system
    allows, a lower priority, and a name of its own in the list of processes.
    """
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    for name in _IGNORED_SIGNALS:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, nobody hears how a child died
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _close_all_but(set(keep))
    _allow_descriptors()
    with suppress(OSError):
        os.nice(_NICENESS)
    take_title(GUARD)
    _prefer_own_libraries()
    gc.freeze()


def _allow_descriptors() -> None:
    """Open as many files as the system lets this user, however few the program was given for itself."""
    import resource  # noqa: PLC0415 - in the agent only

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _close_all_but(keep: set[int]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for fd in _open_descriptors():
        if fd > 2 and fd not in keep:  # noqa: PLR2004 - 0, 1 and 2 are /dev/null now
            with suppress(OSError):  # the one that listed the directory is closed already
                os.close(fd)


def _open_descriptors() -> list[int]:
    for directory in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return [int(name) for name in os.listdir(directory)]
    return list(range(min(os.sysconf("SC_OPEN_MAX"), _LARGEST_DESCRIPTOR)))


def take_title(title: bytes) -> None:
    """Rename the process, so that ``pkill -f app.py`` finds the program and not its agent."""
    with suppress(OSError, ValueError, IndexError):  # no such thing on this system
        _write_command_line(title)
    with suppress(OSError), open("/proc/self/comm", "wb") as comm:  # last: who sees it sees both
        comm.write(title)


def _write_command_line(title: bytes) -> None:
    with open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
    start, end = int(fields[45]), int(fields[46])  # arg_start and arg_end of proc(5), counted after the name
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(start)
        memory.write(title[: end - start - 1].ljust(end - start, b"\0"))


def _prefer_own_libraries() -> None:
    """Look in PYTHONPATH last: a module of the user's with a library's name is not the agent's."""
    theirs = [os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    moved = [entry for entry in sys.path if entry in theirs and entry != own]
    sys.path[:] = [entry for entry in sys.path if entry not in moved] + moved


def identity(pid: int) -> tuple[int, int]:
    """Give what names a process for ever: its id and its start time in clock ticks."""
    return pid, start_ticks(pid)
