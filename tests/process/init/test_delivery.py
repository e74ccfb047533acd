"""What was recorded in a container is delivered when the container ends, or by the next one."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.process.init.containers import (
    APPS,
    first_child_of,
    needs_containers,
    python,
    run_contained,
    start_contained,
)
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import DEADLINE_S, run_otelrun
from tests.support.store_rows import stored_spans
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process, needs_containers]

MAKE_AND_END = str(APPS / "init" / "make_and_end.py")
STEADY = str(APPS / "init" / "steady.py")
DAEMON_CHILD = str(APPS / "init" / "daemon_child.py")
MADE = 20
NUMBERS = list(range(MADE))
BUDGET_S = 2.0
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def patient(tmp_path):
    """Give a profile whose agent may take longer at the end than a test does."""
    profile = tmp_path / "patient.yaml"
    profile.write_text(
        'file_format: "1.1"\ndistribution: {otelrun: {extends: default, exit_budget_ms: 60000}}\n', encoding="utf-8"
    )
    return str(profile)


def numbers(sink, name="work"):
    return sorted(span.attributes["number"] for span in sink.spans() if span.name == name)


@pytest.mark.parametrize(("way", "status"), [("sys_exit", 3), ("_exit", 4), ("sigkill", 137), ("sigterm", 143)])
def test_all_is_delivered_when_the_container_has_ended(tmp_path, way, status):
    with OtlpSink() as sink:
        result = run_contained(["--init", *python(MAKE_AND_END, MADE, way)], tmp_path, {ENDPOINT: sink.http_endpoint})
        assert (result.returncode, result.stdout, result.stderr) == (status, b"", b"")
        assert numbers(sink) == NUMBERS
        assert sorted(log.body for log in sink.logs()) == sorted(f"made {number}" for number in NUMBERS)
        assert [point.value for row in sink.metrics() for point in row.points] == [MADE]
    assert len(stored_spans(tmp_path)) == MADE


def test_daemon_that_lives_on_is_ended_and_delivered_without_waiting_for_it(tmp_path, patient):
    with OtlpSink() as sink:
        words = ["--init", "--profile", patient, *python(DAEMON_CHILD, MADE)]
        result = run_contained(words, tmp_path, {ENDPOINT: sink.http_endpoint})
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
        assert (numbers(sink, "program"), numbers(sink, "daemon")) == (NUMBERS, NUMBERS)
        counted = [(point.attributes["who"], point.value) for row in sink.metrics() for point in row.points]
        assert sorted(counted) == [("daemon", MADE), ("program", MADE)]


@pytest.mark.parametrize("way", ["sys_exit", "sigkill"])
def test_what_an_absent_endpoint_leaves_is_delivered_at_the_next_start(tmp_path, way):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    run_contained(["--init", *python(MAKE_AND_END, MADE, way)], tmp_path, {ENDPOINT: url})
    assert time.monotonic() - started < BUDGET_S + 3
    with OtlpSink(http_port=port) as sink:
        run_contained(["--init", *python("pass\n")], tmp_path, {ENDPOINT: url})
        assert numbers(sink) == NUMBERS


def test_second_sigterm_ends_the_wait_for_a_hanging_endpoint(tmp_path, patient):
    with OtlpSink(hang=True) as sink:
        words = ["--init", "--profile", patient, *python(STEADY, MADE)]
        container = start_contained(words, tmp_path / "runs", {ENDPOINT: sink.http_endpoint})
        assert container.stdout.readline() == b"made\n"
        process_1 = first_child_of(container.pid)
        program = first_child_of(process_1)
        os.kill(process_1, signal.SIGTERM)
        wait_for(lambda: not os.path.exists(f"/proc/{program}"), DEADLINE_S, what="the program to end")
        assert container.poll() is None
        os.kill(process_1, signal.SIGTERM)
        container.communicate(timeout=DEADLINE_S)
        assert container.returncode == 128 + signal.SIGTERM
        sink.behave()
        run_otelrun(python("pass\n"), otelrun_dir=tmp_path / "runs", env={ENDPOINT: sink.http_endpoint})
        assert sorted(set(numbers(sink))) == NUMBERS


@pytest.mark.parametrize("options", [[], ["--init"]])
def test_process_1_that_is_killed_from_outside_is_delivered_by_the_next_start(tmp_path, options):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    container = start_contained([*options, *python(STEADY, MADE)], tmp_path, {ENDPOINT: url})
    assert container.stdout.readline() == b"made\n"
    os.kill(first_child_of(container.pid), signal.SIGKILL)
    container.communicate(timeout=DEADLINE_S)
    with OtlpSink(http_port=port) as sink:
        run_otelrun(python("pass\n"), otelrun_dir=tmp_path, env={ENDPOINT: url})
        assert numbers(sink) == NUMBERS


@pytest.mark.parametrize("options", [[], ["--init"]])
def test_worker_that_is_killed_in_a_container_is_replaced(tmp_path, options):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = [*options, *python(STEADY, MADE)]
    container = start_contained(words, tmp_path, {ENDPOINT: url, "OTELRUN_QUIET": "1"})
    assert container.stdout.readline() == b"made\n"
    process_1 = first_child_of(container.pid)
    killed = wait_for(lambda: worker_below(process_1), DEADLINE_S, what="a worker")
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: worker_below(process_1) not in (0, killed), DEADLINE_S, what="another worker")
    with OtlpSink(http_port=port) as sink:
        wait_for(lambda: numbers(sink) == NUMBERS, DEADLINE_S, what="the other worker to deliver")
    container.kill()
    os.kill(process_1, signal.SIGKILL)
    container.communicate(timeout=DEADLINE_S)


def worker_below(process_1):
    """Give the worker of the guard among the children of a process 1; 0 where there is none."""
    for guard in children_of(process_1):
        for pid in children_of(guard):
            with suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text() == "otelrun-agent\n":
                    return pid
    return 0


def children_of(pid):
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def test_agent_of_an_ordinary_process_goes_on_by_itself(tmp_path):
    with OtlpSink() as sink:
        env = {ENDPOINT: sink.http_endpoint}
        result = run_otelrun(["--init", *python(MAKE_AND_END, MADE, "sigkill")], otelrun_dir=tmp_path, env=env)
        assert (result.returncode, result.stderr) == (-signal.SIGKILL, b"")
        assert numbers(sink) == NUMBERS
