"""Whatever the endpoint does, the program does not wait for it, and what can be delivered is."""

from __future__ import annotations

import os
import time

import pytest

from tests.process.agent.conftest import DEADLINE_S, elapsed_s, kill
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

ALL = [f"{number:016x}" for number in range(1, 101)]


def received(sink):
    return sorted(span.span_id for span in sink.spans()), sorted(record.span_id for record in sink.logs())


def test_nothing_listens_and_the_program_ends_as_ever(runs):
    run = runs.start(f"http://127.0.0.1:{free_port()}", "recording.py", "100", "return", exit_budget_ms=500)
    assert run.finish() == (0, "")
    since = time.monotonic()
    run.wait_for_agent()
    assert elapsed_s(since) < 3.0
    assert run.destinations() == {"spans": (0, 0, 100), "logs": (0, 0, 100), "metrics": (0, 0, 1)}
    assert run.log().count("telemetry is held locally until it answers") == 1


def test_endpoint_that_comes_up_while_the_program_runs_gets_everything(runs):
    port = free_port()
    run = runs.start(f"http://127.0.0.1:{port}", "recording.py", "100", "wait")
    run.wait_for_line("recorded")
    wait_for(lambda: "held locally" in run.log(), DEADLINE_S)
    with OtlpSink(http_port=port) as sink:
        wait_for(lambda: received(sink) == (ALL, ALL), DEADLINE_S)
        run.process.communicate(timeout=DEADLINE_S)
        run.wait_for_agent()
        assert run.destinations() == {"spans": (100, 0, 0), "logs": (100, 0, 0), "metrics": (1, 0, 0)}
    assert "delivering again" in run.log()


@pytest.mark.parametrize("kind", ["otlp_http", "otlp_grpc"])
def test_what_could_not_be_delivered_is_delivered_at_the_next_start(runs, kind):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    first = runs.start(url, "recording.py", "100", "kill", kind=kind, exit_budget_ms=300)
    first.finish()
    first.wait_for_agent()
    assert sorted(os.listdir(first.directory.outbox)) == ["logs-0", "metrics-0", "spans-0"]
    ports = {"http_port": port} if kind == "otlp_http" else {"grpc_port": port}
    with OtlpSink(**ports) as sink:
        second = runs.start(url, "silent.py", kind=kind)
        second.finish()
        second.wait_for_agent()
        assert received(sink) == (ALL, ALL)
    assert os.listdir(first.directory.outbox) == []
    assert first.destinations() == {"spans": (100, 0, 0), "logs": (100, 0, 0), "metrics": (1, 0, 0)}


def test_run_whose_endpoint_stays_away_keeps_no_other_waiting(runs):
    hanging = OtlpSink(hang=True)
    with hanging:
        for url in (hanging.http_endpoint, f"http://127.0.0.1:{free_port()}"):
            run = runs.start(url, "recording.py", "100", "return", exit_budget_ms=300)
            run.finish()
            run.wait_for_agent()
        port = free_port()
        held = runs.start(f"http://127.0.0.1:{port}", "recording.py", "100", "return", exit_budget_ms=300)
        held.finish()
        held.wait_for_agent()
        with OtlpSink(http_port=port) as sink:
            for _ in range(2):  # the one that hangs takes all the time there is, and is the last one then
                later = runs.start(f"http://127.0.0.1:{port}", "silent.py", exit_budget_ms=300)
                later.finish()
                later.wait_for_agent()
            assert received(sink) == (ALL, ALL)


def test_what_could_not_be_delivered_is_delivered_while_the_next_run_lives_once_the_endpoint_is_back(runs):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    first = runs.start(url, "recording.py", "100", "return", exit_budget_ms=300)
    first.finish()
    first.wait_for_agent()
    second = runs.start(url, "recording.py", "0", "wait", exit_budget_ms=300)
    second.wait_for_line("recorded")
    wait_for(lambda: first.log().count("held locally") > 1, DEADLINE_S, what="the next run to try it")
    with OtlpSink(http_port=port) as sink:
        wait_for(lambda: received(sink) == (ALL, ALL), DEADLINE_S)
        second.process.communicate(timeout=DEADLINE_S)
        second.wait_for_agent()
    assert os.listdir(first.directory.outbox) == []


def test_overloaded_endpoint_is_asked_again_when_it_said(runs, sink):
    sink.behave(status=503, retry_after_s=1)
    run = runs.start(sink.http_endpoint, "recording.py", "100", "wait")
    run.wait_for_line("recorded")
    wait_for(lambda: len(sink.requests()) >= 2, DEADLINE_S)
    refused = time.monotonic()
    sink.behave()
    wait_for(lambda: received(sink) == (ALL, ALL), DEADLINE_S)
    assert elapsed_s(refused) > 0.5
    run.process.communicate(timeout=DEADLINE_S)
    run.wait_for_agent()
    assert run.destinations()["spans"] == (100, 0, 0)


def test_rejected_telemetry_is_dropped_counted_and_explained(runs, sink):
    sink.behave(status=400)
    run = runs.start(sink.http_endpoint, "recording.py", "100", "return")
    run.finish()
    run.wait_for_agent()
    assert run.destinations() == {"spans": (0, 100, 0), "logs": (0, 100, 0), "metrics": (0, 1, 0)}
    assert {str(row["reasons"]) for row in run.state()["destinations"]} == {
        "{'rejected: HTTP 400': 100}",
        "{'rejected: HTTP 400': 1}",
    }


def test_partial_success_is_counted(runs, sink):
    sink.behave(rejected=1)
    run = runs.start(sink.http_endpoint, "recording.py", "100", "return", schedule_delay_ms=5000)
    run.finish()
    run.wait_for_agent()
    requests = sum(row.signal == "traces" for row in sink.requests())
    assert run.destinations()["spans"] == (100 - requests, requests, 0)


def test_hanging_endpoint_stops_neither_reading_nor_the_end(runs, sink):
    sink.behave(hang=True)
    run = runs.start(sink.http_endpoint, "recording.py", "5000", "return", exit_budget_ms=500)
    run.finish()
    since = time.monotonic()
    run.wait_for_agent()
    assert elapsed_s(since) < 10.0
    assert run.destinations()["spans"] == (0, 0, 5_000)
    sink.behave()
    second = runs.start(sink.http_endpoint, "silent.py", exit_budget_ms=10_000)
    second.finish()
    second.wait_for_agent()
    assert len({span.span_id for span in sink.spans()}) == 5_000
    assert run.destinations()["spans"] == (5_000, 0, 0)


def test_killed_agent_loses_nothing(runs, sink):
    sink.behave(hang=True)
    run = runs.start(sink.http_endpoint, "recording.py", "1000", "wait")
    run.wait_for_line("recorded")
    wait_for(sink.requests, DEADLINE_S)
    kill(run.agent, run.worker)
    run.process.kill()
    run.process.wait(DEADLINE_S)
    sink.behave()
    second = runs.start(sink.http_endpoint, "silent.py")
    second.finish()
    second.wait_for_agent()
    everything = sorted(f"{number:016x}" for number in range(1, 1001))
    assert sorted({span.span_id for span in sink.spans()}) == everything
    assert sorted({record.span_id for record in sink.logs()}) == everything
    duplicates = len(sink.spans()) - 1000
    assert duplicates <= 512, "at most the batch that was under way may arrive twice"
    assert os.listdir(run.directory.rings) == []
    assert os.listdir(run.directory.outbox) == []


def test_files_get_one_request_a_line(runs, tmp_path):
    path = tmp_path / "telemetry.jsonl"
    run = runs.start("", "recording.py", "10", "kill", kind="otlp_file", output_stream=f"file://{path}")
    run.finish()
    run.wait_for_agent()
    lines = path.read_text().splitlines()
    assert {line[:9] for line in lines} == {'{"resourc'}
    assert path.read_text().count('"spanId"') == 20


def test_console_prints_to_the_standard_output_of_the_launcher(runs):
    run = runs.start("", "recording.py", "3", "return", kind="console", keep_stdout=True)
    status, stdout = run.finish()
    run.wait_for_agent()
    assert status == 0
    assert sorted(line.split(",")[0] for line in stdout.splitlines()) == [
        '{"log": "line 0"',
        '{"log": "line 1"',
        '{"log": "line 2"',
        '{"metric": "work.done"',
        *['{"span": "work"'] * 3,
    ]
