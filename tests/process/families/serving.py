"""Servers under test: start one on a free port, ask it for jobs until it is told to end, as a deployment does."""

from __future__ import annotations

import http.client
import signal
import sys
import time
from typing import TYPE_CHECKING

from tests.process.families.arrivals import APPS, left_behind, to_sink
from tests.support.otlp_sink import free_port
from tests.support.programs import start_otelrun, start_python, wait_until_idle
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from tests.support.otlp_sink import OtlpSink
    from tests.support.programs import Result

_READY_S = 20.0


class Server:
    """A server of ``tests/apps/families``, which has answered once when ``with`` is entered.

    Attributes:
        jobs: the paths that it was asked for and answered, each the name of a job.
        pids: the processes that answered.
        ending_s: how long it took to end after the signal; known then.
    """

    def __init__(
        self,
        args: Sequence[str],
        otelrun_dir: str | os.PathLike[str] | None = None,
        sink: OtlpSink | None = None,
        *,
        python: str = sys.executable,
    ) -> None:
        """Start it in the folder of the programs.

        Args:
            args: of ``python``; ``PORT`` in them becomes the number of a free one.
            otelrun_dir: the OTELRUN_DIR; None runs it bare.
            sink: where everything goes.
            python: the server's interpreter.
        """
        self._port = free_port()
        self._otelrun_dir = otelrun_dir
        command = [word.replace("PORT", str(self._port)) for word in args]
        if otelrun_dir is None:
            self.program = start_python(command, cwd=APPS, python=python)
        else:
            assert sink is not None
            env = to_sink(sink)
            self.program = start_otelrun([python, *command], otelrun_dir=otelrun_dir, env=env, cwd=APPS)
        self.jobs: list[str] = []
        self.pids: list[int] = []
        self.ending_s = 0.0

    def __enter__(self) -> Self:
        """Wait until it answers."""
        try:
            self.wait_for_answer()
        except BaseException:
            self.program.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running."""
        self.program.__exit__()

    def ask(self, job: str = "") -> int:
        """Ask for one more job; give the process that did it.

        Args:
            job: its path; by default a number. To be given where several are asked for at a time.

        Raises:
            OSError, http.client.HTTPException: there was no answer, and the job was not done.
        """
        job = job or f"/{len(self.jobs)}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", job)
            response = connection.getresponse()
            assert response.status == 200
            pid = int(response.read())
        finally:
            connection.close()
        self.jobs.append(job)
        self.pids.append(pid)
        return pid

    def wait_for_answer(self, is_wanted: Callable[[int], bool] = bool) -> None:
        """Ask for jobs until one is done, by a process that is wanted."""

        def asked() -> bool:
            try:
                return is_wanted(self.ask())
            except (OSError, http.client.HTTPException):
                return False

        wait_for(asked, _READY_S, what=f"an answer; it said {self.program.stdout!r} {self.program.stderr!r}")

    def end(self, number: int = signal.SIGTERM) -> Result:
        """Send it a signal, and wait for its end and, under otelrun, for its agent's."""
        signalled = time.monotonic()
        self.program.send_signal(number)
        result = self.program.finish()
        self.ending_s = time.monotonic() - signalled
        if self._otelrun_dir is not None:
            wait_until_idle(self._otelrun_dir)
            assert left_behind(self._otelrun_dir) == []
        return result


def serve_bare(args: Sequence[str], requests: int = 0, *, python: str = sys.executable) -> Result:
    """Run a server bare: let it answer, and ``requests`` times more, and end it by SIGTERM."""
    with Server(args, python=python) as server:
        for _ in range(requests):
            server.ask()
        return server.end()
