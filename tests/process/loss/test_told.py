"""On a terminal, each change of an endpoint's state is told in one line, whichever and however many signals meet it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import DEADLINE_S, environment, wait_until_idle
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "ending.py")
LAUNCHER = os.path.join(os.path.dirname(__file__), "..", "..", "support", "launcher", "otelrun_from_checkout.py")
MADE = 40


class Terminal:
    """A terminal, and what has been written on it."""

    def __init__(self) -> None:
        self._controller, self.device = os.openpty()
        os.set_blocking(self._controller, False)
        self._written = b""

    def lines(self) -> list[str]:
        try:
            while data := os.read(self._controller, 4096):
                self._written += data
        except OSError:  # nothing more for now
            pass
        return self._written.decode().split("\n")[:-1]

    def close(self) -> None:
        os.close(self._controller)
        os.close(self.device)


def test_each_change_of_state_is_one_line(tmp_path: Path) -> None:
    terminal = Terminal()
    sink = OtlpSink(http_port=free_port())
    env = {
        "OTELRUN_DIR": str(tmp_path),
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_BLRP_SCHEDULE_DELAY": "50",
        "OTEL_METRIC_EXPORT_INTERVAL": "100",
    }

    def has_arrived(count: int) -> None:
        wait_for(lambda: sink.counts()["traces"] == count and sink.counts()["logs"] == count, DEADLINE_S)

    program = subprocess.Popen(
        [sys.executable, LAUNCHER, sys.executable, APP, str(MADE), "exit"],
        env=environment(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=terminal.device,
    )
    try:
        assert program.stdin is not None
        wait_for(lambda: len(terminal.lines()) == 1, DEADLINE_S, what="the first line")
        with sink:
            has_arrived(MADE // 2)
            wait_for(lambda: len(terminal.lines()) == 2, DEADLINE_S, what="the second line")
            sink.behave(status=503)
            program.stdin.write(b"\n")
            program.stdin.flush()
            wait_for(lambda: len(terminal.lines()) == 3, DEADLINE_S, what="the third line")
            sink.behave()
            has_arrived(MADE)
            wait_for(lambda: len(terminal.lines()) == 4, DEADLINE_S, what="the fourth line")
            program.communicate(b"\n", DEADLINE_S)
            wait_until_idle(tmp_path)
        assert [line.partition(": ")[0] for line in terminal.lines()] == ["otelrun"] * 4
        assert program.returncode == 0
    finally:
        program.kill()
        program.communicate()
        terminal.close()
