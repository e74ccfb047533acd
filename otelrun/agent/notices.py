"""What the agent has to say: a log in the run's directory, and one line at a time where the launcher's stderr goes.

The agent holds no descriptor of the program's stderr: a reader of it is to see its end when the program ends.
"""

from __future__ import annotations

import os
import stat
import time
from typing import NamedTuple

_STDERR = 2
_LONGEST_LOG = 1024 * 1024
_LONGEST_LINE = 1000  # far below PIPE_BUF, so that a pipe takes it in one piece


class Outlet(NamedTuple):
    """Where a line for people goes. It is opened by its path for each line and closed again.

    Attributes:
        path: of a terminal, or of the program's stderr in ``/proc``.
        line_end: a terminal may be in raw mode and need a carriage return.
        identity: device and inode that the file must have; None for any. The program may have put another file in its place.
    """

    path: str
    line_end: str
    identity: tuple[int, int] | None = None


def find_outlet(program_pid: int) -> Outlet | None:
    """Look at this process's stderr, which is or will be the program's.

    Args:
        program_pid: the process that is or will be the program.

    Returns:
        Its terminal, or the pipe that it is; None for anything else. A regular file is left alone: what the program writes next
        would overwrite the line, or be overwritten by it.
    """
    try:
        status = os.fstat(_STDERR)
        if stat.S_ISFIFO(status.st_mode):
            return Outlet(f"/proc/{program_pid}/fd/{_STDERR}", "\n", (status.st_dev, status.st_ino))
        return Outlet(os.ttyname(_STDERR), "\r\n")
    except OSError:
        return None


class Notices:
    """The agent's voice."""

    def __init__(self, log: str, outlet: Outlet | None) -> None:
        """Prepare.

        Args:
            log: path of the log file.
            outlet: where lines for people go, or None.
        """
        self._log = log
        self._outlet = outlet
        self._told: dict[str, tuple[str, str]] = {}

    def change(self, destination: str, state: str, text: str) -> None:
        """Tell that delivery to a destination has changed; the same change of several signals is told and logged once."""
        state_before, text_before = self._told.get(destination, ("delivering", ""))
        self._told[destination] = (state, text)
        if (state_before, text_before) != (state, text):
            self.log(f"{destination}: {text}")
        if state_before != state:
            self.tell(f"{destination}: {text}")

    def tell(self, text: str) -> None:
        """Write one line to the outlet, if there is one and it is still what it was."""
        outlet = self._outlet
        if outlet is None:
            return
        line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:_LONGEST_LINE])
        try:
            fd = os.open(outlet.path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return
        try:
            status = os.fstat(fd)
            if outlet.identity in (None, (status.st_dev, status.st_ino)):
                os.write(fd, f"otelrun: {line}{outlet.line_end}".encode("utf-8", "backslashreplace"))
        except OSError:
            pass  # nobody reads
        finally:
            os.close(fd)

    def hush(self) -> None:
        """Write no more lines from now on: the program has ended, and its terminal is somebody else's."""
        self._outlet = None

    def log(self, text: str) -> None:
        """Add one entry to the log; nothing more once it is too long, or cannot be written."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        try:
            with open(self._log, "a", encoding="utf-8", errors="backslashreplace") as file:
                if file.tell() < _LONGEST_LOG:
                    file.write(f"{stamp} [{os.getpid()}] {text}\n")
        except OSError:
            pass  # no space, or the directory was removed

    def failed(self, what: str) -> None:
        """Log the exception being handled."""
        from traceback import format_exc  # noqa: PLC0415 - 2 ms, for those who fail

        self.log(f"{what} failed\n{format_exc()}")
