"""A program on a terminal of its own, as somebody sits before it: the leader of its session, in the foreground."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.programs import DEADLINE_S, environment
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self


class Terminal:
    """The terminal and its program.

    Attributes:
        process: the program.
        seen: all that was written so far.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        columns: int = 80,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        """Start it.

        Args:
            command: its words.
            env: added to a scrubbed environment that knows of no CI.
            columns: width of the terminal.
            cwd: where it starts.
        """
        self._controller, device = pty.openpty()
        fcntl.ioctl(device, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.set_blocking(self._controller, False)
        added = {"TERM": "xterm-256color", "CI": "", **env}
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command], env=environment(added), cwd=cwd, stdin=device, stdout=device, stderr=device
        )
        self._device = device  # kept, so that what was written last stays readable, and the modes, too
        self.seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def text(self) -> str:
        """All that was written so far, with the line ends of a file."""
        return self.read().decode("utf-8", "replace").replace("\r\r\n", "\n").replace("\r\n", "\n")

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._controller, keys)

    def read_until(self, wanted: bytes) -> None:
        """Wait until something has been written."""
        wait_for(
            lambda: wanted in self.read(), DEADLINE_S, what=f"{wanted!r} on the terminal, where there is {self.seen!r}"
        )

    def read(self) -> bytes:
        """Give all that was written so far."""
        with suppress(OSError):  # nothing more
            while data := os.read(self._controller, 65_536):
                self.seen += data
        return self.seen

    def wait(self) -> int:
        """Wait for the end of the program; give its exit status, or minus the signal that killed it."""

        def has_ended() -> bool:
            self.read()  # else it may wait for room
            return self.process.poll() is not None

        wait_for(has_ended, DEADLINE_S, what=f"the end of the program, which wrote {self.seen!r}")
        self.read()
        return int(self.process.returncode)

    def state(self) -> bytes:
        """Give the state of the program's process, one letter."""
        return Path(f"/proc/{self.process.pid}/stat").read_bytes().rpartition(b")")[2].split()[0]

    def modes(self) -> list[object]:
        """Give the modes of the terminal."""
        return termios.tcgetattr(self._device)

    def close(self) -> None:
        """End it all."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        for fd in (self._controller, self._device):
            os.close(fd)
