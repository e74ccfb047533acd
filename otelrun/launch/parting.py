"""What a launcher that has stayed (``--init``, ``--root-span``) says when its program has ended: it is there to say it.

Where the launcher has become the program, the program says it itself: ``otelrun.startup.last_words``.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from otelrun import summary_reader, summary_request
from otelrun.ring.descriptors import above_standard

_STDERR = 2
_PATIENCE_S = 3.0
_POLL_S = 0.002


class Parting:
    """The exit summary of a run, to be printed by its launcher.

    Attributes:
        fd: a copy of stderr, which the launcher keeps for it.
    """

    def __init__(self, run_directory: str, mode: str) -> None:
        """Keep stderr.

        Args:
            run_directory: path of the run's directory.
            mode: ``line`` or ``full``.

        Raises:
            OSError: there is no stderr.
        """
        self.fd = above_standard(os.dup(_STDERR))
        self._run_directory = run_directory
        self._mode = mode

    def say(self, status: int) -> None:
        """Have it printed, and wait until it is, for three seconds at most.

        Args:
            status: how the program ended: its exit status, or minus the signal that killed it.
        """
        if os.isatty(self.fd) and not summary_request.is_in_foreground(self.fd):
            return
        with suppress(OSError):  # no process can be started: then nothing is said
            self._wait(summary_reader.start(self._run_directory, self._options(status), self.fd))

    def _options(self, status: int) -> list[str]:
        return [f"--{self._mode}", "--wait", f"--exit={status}"]

    def _wait(self, reader: int) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while os.waitpid(reader, os.WNOHANG)[0] == 0:
            if time.monotonic() >= deadline:
                os.kill(reader, signal.SIGKILL)
                os.waitpid(reader, 0)
                return
            time.sleep(_POLL_S)  # noqa: TID251 - the launcher's own
