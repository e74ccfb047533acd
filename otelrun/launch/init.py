"""``--init``: otelrun stays as the parent of the program and does what process 1 of a container is for.

It forwards signals, reaps orphans, and passes the program's end on as its own. As process 1 it waits for the agents before that,
since its end is theirs. Linux only: it lives by ``sigtimedwait`` and ``__WALL``. The model for what is forwarded and how the
terminal is handed over is tini.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

INIT_PID = 1

_STDIN = 0
_WALL = 0x40000000  # wait for children made by clone, too: the agent of a process 1 is one
_NOT_FORWARDED = ("SIGSEGV", "SIGFPE", "SIGILL", "SIGBUS", "SIGABRT", "SIGTRAP", "SIGSYS", "SIGKILL", "SIGSTOP")
_STOPS = (signal.SIGTTIN, signal.SIGTTOU, signal.SIGTSTP)
_POLL_S = 0.01
_SWEEPS = 3
_HURRY = 2


def is_possible() -> bool:
    """Say whether this system has what an init needs."""
    return hasattr(signal, "sigtimedwait") and hasattr(os, "fork")


class NoChildError(Exception):
    """The system lets this process have no child. Nothing has changed by the attempt."""


class Program:
    """The program as a child of this process, from its fork to its end.

    Attributes:
        pid: its process id, which is also its process group's.
        status: how it ended: its exit status, or minus the signal that killed it; None until then.
    """

    def __init__(self, execute: Callable[[Mapping[str, str]], NoReturn]) -> None:
        """Fork it. It waits for its environment, so that a recording can begin with its process id.

        From here on signals wait for ``watch``.

        Args:
            execute: becomes the program; called in the child, with its environment. What it raises, the child raises.

        Raises:
            NoChildError: of this process; never in the child.
        """
        names = {getattr(signal, name) for name in _NOT_FORWARDED}
        self._awaited = signal.valid_signals() - names
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._awaited)
        self._on_child = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # noqa: TID251 - the launcher's own
        self._terminal = _foreground_terminal()
        self._asked_to_end = 0
        self.status: int | None = None
        source, self._handed = os.pipe()
        try:
            self.pid = os.fork()
        except OSError as error:
            os.close(source)
            self._let_go()
            raise NoChildError(str(error)) from error
        if self.pid == 0:
            os.close(self._handed)
            execute(self._wait_for_environment(source))
        os.close(source)

    def _wait_for_environment(self, source: int) -> dict[str, str]:
        """In the child: wait, then take the place in the process groups and the signals that a program expects."""
        with os.fdopen(source, "rb") as file:
            size, _, data = file.read().partition(b"\n")
        if size != b"%d" % len(data):
            os._exit(1)  # the parent has died over it
        os.setpgid(0, 0)
        if self._terminal is not None:
            with suppress(OSError):  # hung up meanwhile
                os.tcsetpgrp(_STDIN, os.getpgrp())
        signal.signal(signal.SIGCHLD, self._on_child or signal.SIG_DFL)  # noqa: TID251 - on behalf of the program
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: TID251 - a Ctrl-C so far kills it, not this code
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        pairs = (entry.partition(b"=") for entry in data.split(b"\0") if entry)
        return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}

    def abandon(self) -> None:
        """End the child before it has become the program, and be an ordinary process again."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._let_go()

    def _let_go(self) -> None:
        os.close(self._handed)
        if self._terminal is not None:
            os.close(self._terminal)
        signal.signal(signal.SIGCHLD, self._on_child or signal.SIG_DFL)  # noqa: TID251 - as it was
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def begin(self, environment: Mapping[str, str], keep: Collection[int] = ()) -> None:
        """Let the child become the program, and let go of everything that is the program's: streams, descriptors, directory.

        Args:
            environment: the program's.
            keep: descriptors that are this process's own.
        """
        entries = (os.fsencode(name) + b"=" + os.fsencode(value) + b"\0" for name, value in environment.items())
        data = b"".join(entries)
        with suppress(BrokenPipeError), os.fdopen(self._handed, "wb") as file:  # killed already: seen by watch
            file.write(b"%d\n%b" % (len(data), data))
        let_go_of_all_but({*keep, self._terminal})

    def watch(self) -> None:
        """Forward signals and reap orphans until the program has ended."""
        while self._reap() and self.status is None:
            self._forward(signal.sigwaitinfo(self._awaited).si_signo)
        if self.status is None:
            self.status = -signal.SIGKILL  # nothing else reaches it before it is watched, and then nobody heard
        self._move_terminal(self.pid, os.getpgrp())

    def wait_for_agents(self, titles: Collection[str], timeout_s: float) -> None:
        """As process 1, after the program has ended: end all others, and wait until the agents have delivered what they can.

        The end of process 1 would kill the others in the same way; killed before, all that they recorded is delivered. A second
        SIGTERM or SIGINT ends the wait.

        Args:
            titles: names of the processes that are agents.
            timeout_s: how long at most.
        """
        deadline = monotonic() + timeout_s
        for _ in range(_SWEEPS):  # what a killed one has just forked
            if not (_kill_all_but(titles) and self._reap()):
                break
        while self._reap() and monotonic() < deadline and self._asked_to_end < _HURRY:
            received = signal.sigtimedwait(self._awaited, _POLL_S)
            if received is not None:
                self._count(received.si_signo)

    def end_as_it_did(self) -> NoReturn:
        """End with the program's status; death by a signal is passed on as such, by process 1 (which none kills) as 128 + n."""
        status = self.status or 0
        if status < 0:
            if os.getpid() != INIT_PID:
                _die_by(-status)
            status = 128 - status
        os._exit(status)

    def _reap(self) -> bool:
        """Take in the ends of all children that have ended; say whether any child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | _WALL)
            except ChildProcessError:
                return False
            if pid == 0:
                return self.status is not None or _exists(self.pid)
            if pid == self.pid:
                if os.WIFSTOPPED(status):
                    self._stop_too(os.WSTOPSIG(status))
                else:
                    self.status = os.waitstatus_to_exitcode(status)

    def _forward(self, number: int) -> None:
        self._count(number)
        if number not in (signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU):
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _count(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._asked_to_end += 1

    def _stop_too(self, number: int) -> None:
        """Stop with a program that was stopped from the terminal, as the shell expects of its job, and go on with it."""
        if self._terminal is None or os.getpid() == INIT_PID or number not in _STOPS:
            return
        self._move_terminal(self.pid, os.getpgrp())
        os.kill(os.getpid(), signal.SIGSTOP)
        self._move_terminal(os.getpgrp(), self.pid)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGCONT)

    def _move_terminal(self, giver: int, taker: int) -> None:
        """Put another process group into the foreground, unless a third one has it: the shell of a job in the background."""
        if self._terminal is not None:
            with suppress(OSError):  # hung up
                if os.tcgetpgrp(self._terminal) == giver:
                    os.tcsetpgrp(self._terminal, taker)


def let_go_of_all_but(keep: Collection[int | None]) -> None:
    """Close all descriptors but these; the standard streams become /dev/null, and the directory the root."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    for fd in _numbers_in("/proc/self/fd"):
        if fd > 2 and fd not in keep:  # noqa: PLR2004 - the three are /dev/null now
            with suppress(OSError):  # the one that listed the directory is closed already
                os.close(fd)
    os.chdir("/")


def _foreground_terminal() -> int | None:
    """Give a descriptor of the terminal, where standard input is one and this process is in its foreground."""
    try:
        if os.tcgetpgrp(_STDIN) == os.getpgrp():
            return os.dup(_STDIN)
    except OSError:
        pass  # none, or not this session's
    return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's by now
    return True


def _kill_all_but(titles: Collection[str]) -> bool:
    """Kill every process of this pid namespace but this one and those of the given names; say whether there was any."""
    is_any = False
    for pid in _numbers_in("/proc"):
        if pid == os.getpid():
            continue
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                if comm.read().strip() in titles:
                    continue
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue  # ended meanwhile, or not to be killed
        is_any = True
    return is_any


def _numbers_in(directory: str) -> list[int]:
    try:
        return [int(name) for name in os.listdir(directory) if name.isdigit()]
    except OSError:
        return []  # no /proc here


def _die_by(number: int) -> None:
    """Die by the same signal, without a second core file. Returns where that signal does not kill."""
    import resource  # noqa: PLC0415 - POSIX only

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # SIGKILL takes no handler
        signal.signal(number, signal.SIG_DFL)  # noqa: TID251 - the launcher's own
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (number,))
