"""What the agent has to say: a log in the run's directory, and one line at a time on a terminal. Never the program's stderr."""

from __future__ import annotations

import os
import time

_LONGEST_LOG = 1024 * 1024


class Notices:
    """The agent's voice.

    The terminal is opened by its path for each line and closed again, so that the agent holds no descriptor of it; it is used
    only where the launcher's stderr was a terminal.
    """

    def __init__(self, log: str, terminal: str | None) -> None:
        """Prepare.

        Args:
            log: path of the log file.
            terminal: path of the terminal that the launcher's stderr was, or None.
        """
        self._log = log
        self._terminal = terminal
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
        """Write one line to the terminal, if there is one."""
        if self._terminal is None:
            return
        line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
        try:
            terminal = os.open(self._terminal, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return
        try:
            os.write(terminal, f"otelrun: {line}\r\n".encode("utf-8", "backslashreplace"))
        except OSError:
            pass  # nobody looks
        finally:
            os.close(terminal)

    def hush(self) -> None:
        """Write nothing to the terminal from now on: the program has ended, and the terminal is somebody else's."""
        self._terminal = None

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
