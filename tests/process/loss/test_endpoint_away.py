"""Nothing is lost while the endpoint is away, and nothing of it is felt in the program."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import run_otelrun, run_python, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "spans", "make_and_end.py")
MADE = 50
NOTICEABLE_S = 0.3


def test_refused_endpoint_neither_delays_the_exit_nor_prints_more_than_one_line() -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    bare = min(run_python([APP, str(MADE), "exit"]).duration_s for _ in range(3))
    runs = [run_otelrun([sys.executable, APP, str(MADE), "exit"], env=env, is_agent_awaited=False) for _ in range(3)]
    start_up = min(run_otelrun([sys.executable, "-c", "pass"]).duration_s for _ in range(3))
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert all(run.stderr.count(b"\n") <= 1 for run in runs)
    assert min(run.duration_s for run in runs) - bare - start_up < NOTICEABLE_S


def test_hanging_endpoint_does_not_delay_the_exit() -> None:
    bare = min(run_python([APP, str(MADE), "exit"]).duration_s for _ in range(3))
    start_up = min(run_otelrun([sys.executable, "-c", "pass"]).duration_s for _ in range(3))
    with OtlpSink(hang=True) as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        run = run_otelrun([sys.executable, APP, str(MADE), "exit"], env=env, is_agent_awaited=False)
    assert run.returncode == 0
    assert run.stderr.count(b"\n") <= 1
    assert run.duration_s - bare - start_up < NOTICEABLE_S


def test_endpoint_that_comes_up_while_the_program_runs_gets_everything(tmp_path: object) -> None:
    port = free_port()
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with start_otelrun([sys.executable, APP, str(MADE), "exit", "3"], otelrun_dir=str(tmp_path), env=env) as program:
        log = wait_for(lambda: _agent_log(str(tmp_path)), 10)
        with OtlpSink(http_port=port) as sink:
            wait_for(lambda: len(sink.spans()) >= MADE and len(sink.logs()) >= MADE, 20, what=log)
            result = program.finish()
            wait_until_idle(str(tmp_path))
            assert result.returncode == 0
            assert sorted(span.attributes["number"] for span in sink.spans()) == list(range(MADE))


def test_what_was_not_delivered_is_delivered_by_the_next_run(tmp_path: object) -> None:
    port = free_port()
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    run_otelrun([sys.executable, APP, str(MADE), "sigkill"], otelrun_dir=str(tmp_path), env=env)
    with OtlpSink(http_port=port) as sink:
        run_otelrun([sys.executable, APP, "1", "exit"], otelrun_dir=str(tmp_path), env=env)
        wait_for(lambda: len(sink.spans()) >= MADE + 1, 10)
        assert sorted(span.attributes["number"] for span in sink.spans()) == sorted([*range(MADE), 0])


def _agent_log(otelrun_dir: str) -> str:
    """Give the log of the only run's agent, once it says that the endpoint is away."""
    for folder, _, files in os.walk(otelrun_dir):
        if "agent.log" in files:
            with open(os.path.join(folder, "agent.log"), encoding="utf-8") as log:
                text = log.read()
            return text if "held locally" in text else ""
    return ""
