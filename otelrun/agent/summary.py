"""The agent's answer to the program that asks for the exit summary at its end: has it drawn, and hands over the text.

Draws nothing itself: a reader's process does. See ``otelrun.summary_request`` for what passes between the program and this.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from otelrun import summary_reader, summary_request
from otelrun.ring.identity import start_ticks

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.agent.notices import Notices
    from otelrun.agent.owners import Processes
    from otelrun.ring.directory import RunDirectory

_LONGEST_QUESTION = 64
_LONGEST_DRAIN_S = 0.25
_SHORT_WAIT_S = 0.005


class SummaryAnswer:
    """The one answer of a run: waits to be asked, starts the reader, hands over its text.

    Attributes:
        processes: who of the run is alive.
    """

    def __init__(self, run: RunDirectory, request: int | None, processes: Processes, notices: Notices) -> None:
        """Wait to be asked.

        Args:
            run: the run's directory.
            request: from ``summary_request.open_to_read``, or None.
            processes: their wait ends early when the program asks, and when the reader ends.
            notices: takes what goes wrong.
        """
        self.processes = processes
        self._run = run
        self._notices = notices
        self._request = request
        self._asked_at: float | None = None
        self._reader: int | None = None
        self._poll = select.poll()
        if request is not None:
            self._poll.register(request, select.POLLIN)
            processes.listen(request)

    @property
    def longest_wait_s(self) -> float:
        """How long the agent may pause while the program waits."""
        return _SHORT_WAIT_S if self._asked_at is not None and self._request is not None else 1.0

    def serve(self, prepare: Callable[[], None], *, is_all_read: bool = True) -> None:
        """Do what is next, if the program has asked; called again and again.

        Args:
            prepare: puts what was read where the reader finds it.
            is_all_read: the rings were found empty. Where others record without a pause, this is not waited for long.
        """
        if self._request is None:
            return
        if self._reader is not None:
            self._look()
            return
        if self._asked_at is None and self._poll.poll(0):
            self._asked_at = monotonic()
        if self._asked_at is not None and (is_all_read or monotonic() > self._asked_at + _LONGEST_DRAIN_S):
            prepare()
            self._start()

    def _start(self) -> None:
        assert self._request is not None
        try:
            options = summary_request.options(os.read(self._request, _LONGEST_QUESTION))
            output = os.open(self._run.summary_text, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                self._reader = summary_reader.start(self._run.path, options, output)
            finally:
                os.close(output)
            self.processes.watch(self._reader, start_ticks(self._reader))
        except (OSError, ValueError):
            self._notices.failed("the summary")
            self.close()

    def _look(self) -> None:
        """Hand over the text once the reader has ended; without a word where it failed."""
        assert self._reader is not None
        with suppress(ChildProcessError):
            pid, status = os.waitpid(self._reader, os.WNOHANG)
            if not pid:
                return
            if status:
                self._notices.log(f"the summary could not be drawn (status {os.waitstatus_to_exitcode(status)})")
        self.close()

    def close(self) -> None:
        """Answer nothing more: the program waits no longer."""
        if self._request is not None:
            with suppress(OSError):
                os.unlink(self._run.summary_request)
            os.close(self._request)
            self._request = None

    def clear(self) -> None:
        """Remove what is left of it, when the run is over."""
        self.close()
        with suppress(OSError):
            os.unlink(self._run.summary_text)
