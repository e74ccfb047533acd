"""An endpoint that comes up while the program runs has everything before the program ends. The rest is in ``test_table``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.process.loss.runs import agent_log
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import DEADLINE_S, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "ending.py")
MADE = 50


def test_what_was_held_is_delivered_while_the_program_goes_on(tmp_path: Path) -> None:
    port = free_port()
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with start_otelrun([sys.executable, APP, str(MADE), "exit"], otelrun_dir=tmp_path, env=env) as program:
        program.write(b"\n")
        wait_for(lambda: "held locally" in agent_log(tmp_path), DEADLINE_S)
        with OtlpSink(http_port=port) as sink:
            wait_for(lambda: sink.counts() == {"traces": MADE, "logs": MADE, "metrics": 0}, DEADLINE_S)
            assert program.finish(stdin=b"\n").returncode == 0
            wait_until_idle(tmp_path)
            assert sorted(span.attributes["number"] for span in sink.spans()) == list(range(MADE))


def test_what_waits_is_sent_at_the_end_though_its_retry_is_not_due(tmp_path: Path) -> None:
    with OtlpSink(status=503) as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with start_otelrun([sys.executable, APP, str(MADE), "exit"], otelrun_dir=tmp_path, env=env) as program:
            program.write(b"\n")
            wait_for(lambda: [row.signal for row in sink.requests()].count("traces") == 4, DEADLINE_S)
            sink.behave()  # the next retry would be after 4 s or more, and the exit budget is 2 s
            assert program.finish(stdin=b"\n").returncode == 0
            wait_until_idle(tmp_path)
        assert sink.counts() == {"traces": MADE, "logs": MADE, "metrics": 1}
