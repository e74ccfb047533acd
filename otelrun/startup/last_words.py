"""The program's last words: at its very end it asks the run's agent for the exit summary, waits for it, and prints it.

Never draws anything, and never fails: what is raised here would be told of as if it were the program's. See
``otelrun.summary_request`` for what passes between the two.
"""

from __future__ import annotations

import os
import sys
from time import monotonic

from otelrun import summary_request
from otelrun.diagnostics import is_strict
from otelrun.lifecycle.native import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

PATIENCE_S = 1.5
"""How long the program waits at its end, at most."""

_PATIENCE_OF_TESTS_S = 30.0
_POLL_S = 0.002
_STDERR = 2
_LATE = b"otelrun: the summary takes too long; see it with: otelrun summary\n"


class LastWords:
    """What the program is to ask for at its end, and where it stands at its start."""

    def __init__(self, run_directory: str, mode: str, *, is_anywhere: bool) -> None:
        """Remember.

        Args:
            run_directory: path of the run's directory.
            mode: ``line`` or ``full``.
            is_anywhere: print also where stderr is no terminal.
        """
        self._fifo = os.path.join(run_directory, summary_request.FIFO)
        self._text = os.path.join(run_directory, summary_request.TEXT)
        self._mode = mode
        self._is_anywhere = is_anywhere
        self._pid = os.getpid()
        self._stderr = _identity()

    def say(self) -> None:
        """Ask, wait, print; Ctrl-C ends the wait. Raises nothing."""
        try:
            if os.getpid() == self._pid and self._is_heard():
                self._say()
        except BaseException:  # noqa: BLE001, S110 - the program has ended; what is raised from here on is not its own
            pass

    def _is_heard(self) -> bool:
        """Say whether stderr is what it was at the start, and somebody looks at it."""
        if self._stderr is None or _identity() != self._stderr:
            return False
        return summary_request.is_in_foreground(_STDERR) if os.isatty(_STDERR) else self._is_anywhere

    def _say(self) -> None:
        _flush(sys.stdout, sys.__stdout__)
        _flush(sys.stderr, sys.__stderr__)
        is_terminal = os.isatty(_STDERR)
        columns = os.get_terminal_size(_STDERR).columns if is_terminal else 0
        text = self._ask(summary_request.question(self._mode, columns, is_terminal=is_terminal))
        data = text.replace(b"\n", b"\r\n") if is_terminal else text  # the program may have left it in raw mode
        while data:
            data = data[os.write(_STDERR, data) :]

    def _ask(self, question: bytes) -> bytes:
        """Give the agent's answer; empty where there is no agent any more."""
        fd = self._open()
        if fd is None:
            return b""
        try:
            os.write(fd, question)
        finally:
            os.close(fd)
        deadline = monotonic() + (_PATIENCE_OF_TESTS_S if is_strict() else PATIENCE_S)
        while (fd := self._open()) is not None:
            os.close(fd)
            if monotonic() >= deadline:
                return _LATE
            sleep(_POLL_S)
        with open(self._text, "rb") as file:
            return file.read()

    def _open(self) -> int | None:
        try:
            return os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # it is gone, or nobody reads it
            return None


def is_main_interpreter() -> bool:
    """Say whether this is the interpreter that the process ends with; a sub-interpreter ends before."""
    signals = sys.modules.get("_signal")  # loaded in every main interpreter
    if signals is None:
        return False
    try:
        before = signals.set_wakeup_fd(-1)  # at the start there is none; only the main interpreter may ask
        if before != -1:
            signals.set_wakeup_fd(before)
    except ValueError:
        return False
    return True


def _identity() -> tuple[int, int] | None:
    try:
        status = os.fstat(_STDERR)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _flush(stream: TextIO | None, original: TextIO | None) -> None:
    """Have the program's own output come first; what the program has put in a stream's place is left alone."""
    if stream is not None and stream is original:
        try:  # noqa: SIM105 - contextlib need not be loaded
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - the interpreter flushes once more, and says what is wrong
            pass
