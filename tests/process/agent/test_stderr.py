"""Where stderr is a pipe, as in a container, it gets one line a change; whoever reads it sees its end when the program ends."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.process.agent.conftest import DEADLINE_S, is_running
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process


def test_pipe_gets_one_line_when_delivery_begins_to_wait_and_one_when_it_goes_on(runs):
    port = free_port()
    run = runs.start(f"http://127.0.0.1:{port}", "recording.py", "10", "wait", is_quiet=False)
    place = f"otelrun: http://127.0.0.1:{port}"
    held = f"{place}: connection refused: telemetry is held locally until it answers\n"
    assert run.process.stderr.readline().decode() == held
    run.wait_until_held("spans", "logs")
    with OtlpSink(http_port=port) as sink:
        again = f"{place}: delivering again, 10 held spans and 10 held log records sent\n"
        assert run.process.stderr.readline().decode() == again
        wait_for(lambda: len(sink.spans()) == 10 and len(sink.logs()) == 10, DEADLINE_S)
    stdout, stderr = run.process.communicate(timeout=DEADLINE_S)
    assert (run.process.returncode, stdout, stderr) == (0, b"recorded\n", b"")


def test_reader_sees_the_end_of_the_pipe_when_the_program_ends_though_the_agent_goes_on_trying(runs):
    url = f"http://127.0.0.1:{free_port()}"
    run = runs.start(url, "recording.py", "10", "wait", is_quiet=False, exit_budget_ms=10_000)
    assert run.process.stderr.readline().endswith(b"held locally until it answers\n")
    run.process.send_signal(signal.SIGTERM)
    assert run.process.stderr.read() == b""
    assert is_running(run.agent)


def test_nothing_is_written_where_the_user_wants_quiet(runs):
    run = runs.start(f"http://127.0.0.1:{free_port()}", "recording.py", "10", "wait", is_quiet=True)
    wait_for(lambda: "held locally" in run.log(), DEADLINE_S)
    assert run.process.communicate(timeout=DEADLINE_S) == (b"recorded\n", b"")


def test_regular_file_is_left_to_the_program(runs, tmp_path):
    with open(tmp_path / "errors", "wb") as errors:
        url = f"http://127.0.0.1:{free_port()}"
        run = runs.start(url, "recording.py", "10", "wait", stderr=errors, is_quiet=False)
    wait_for(lambda: "held locally" in run.log(), DEADLINE_S)
    run.process.communicate(timeout=DEADLINE_S)
    assert (tmp_path / "errors").read_bytes() == b""


def test_both_outputs_in_one_pipe_keep_whole_lines(runs):
    url = f"http://127.0.0.1:{free_port()}"
    run = runs.start(url, "recording.py", "10", "wait", stderr=subprocess.STDOUT, is_quiet=False)
    lines = sorted(run.process.stdout.readline() for _ in range(2))
    assert (lines[0][:8], lines[1]) == (b"otelrun:", b"recorded\n")
    run.process.communicate(timeout=DEADLINE_S)
