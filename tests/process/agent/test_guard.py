"""Whatever part of the agent is killed, all that was recorded is delivered, and the store has each record once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.agent.conftest import DEADLINE_S, is_running, kill, worker_of
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

KILLS = 5


def span_ids(made):
    return [f"{number:016x}" for number in range(1, made + 1)]


def received(sink):
    return sorted({span.span_id for span in sink.spans()})


def stored(run):
    with closing(sqlite3.connect(f"file:{run.directory.store}?mode=ro", uri=True)) as store:
        return [span_id for (span_id,) in store.execute("SELECT span_id FROM span ORDER BY span_id")]


def end_steady(run):
    """End a program that records steadily; give how many spans it made."""
    stdout, stderr = run.process.communicate(timeout=DEADLINE_S)
    assert (run.process.returncode, stderr) == (0, b"")
    return int(stdout)


def test_worker_that_is_killed_again_and_again_is_replaced_and_each_span_arrives_once(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "100", "steady")
    run.wait_for_line("recorded")
    for _ in range(KILLS):
        before = len(received(sink))
        wait_for(lambda before=before: len(received(sink)) > before, DEADLINE_S, what="the worker to deliver")
        kill(run.worker)
    made = end_steady(run)
    run.wait_for_agent()
    assert received(sink) == span_ids(made)
    assert stored(run) == span_ids(made)
    assert len(sink.spans()) == made
    assert run.state()["recorded"]["spans"] == made
    assert run.log().count("the agent was killed by signal 9; it is started again") == KILLS


def test_worker_goes_on_without_its_guard_and_keeps_the_run_to_itself(runs, sink):
    from otelrun.ring import recovery

    run = runs.start(sink.http_endpoint, "recording.py", "100", "steady")
    run.wait_for_line("recorded")
    worker = run.worker
    kill(run.agent)
    assert recovery.claim(run.directory) is None
    made = end_steady(run)
    wait_for(lambda: not is_running(worker), DEADLINE_S, what="the worker to end by itself")
    assert (received(sink), stored(run)) == (span_ids(made), span_ids(made))


def test_next_start_delivers_what_a_killed_guard_and_worker_left(runs, sink):
    sink.behave(hang=True)
    run = runs.start(sink.http_endpoint, "recording.py", "100", "steady")
    run.wait_for_line("recorded")
    kill(run.agent, run.worker)
    made = end_steady(run)
    sink.behave()
    second = runs.start(sink.http_endpoint, "silent.py")
    second.finish()
    second.wait_for_agent()
    assert (received(sink), stored(run)) == (span_ids(made), span_ids(made))
    assert (os.listdir(run.directory.rings), os.listdir(run.directory.outbox)) == ([], [])


def test_guard_ends_with_the_worker_whose_work_is_done(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "10", "wait")
    worker = run.worker
    run.process.communicate(timeout=DEADLINE_S)
    run.wait_for_agent()
    assert not is_running(worker)
    assert (len(sink.spans()), run.log()) == (10, "")


def test_guard_of_a_run_without_telemetry_has_no_worker(runs, sink):
    run = runs.start(sink.http_endpoint, "-c", "import sys; print('up', flush=True); sys.stdin.read()")
    run.wait_for_line("up")
    assert worker_of(run.agent) == 0
    run.process.communicate(timeout=DEADLINE_S)
    run.wait_for_agent()
    assert (json.loads(Path(run.directory.path, "state.json").read_text())["destinations"], run.log()) == ([], "")


def test_crash_loop_is_given_up_and_said_so(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "1", "wait", is_broken=True)
    run.wait_for_line("recorded")
    run.wait_for_agent()
    log = run.log()
    assert log.count("the agent ended with status 1; it is started again") == KILLS
    assert log.count("the agent ended with status 1, 6 times in a row; it is not started again") == 1
    assert run.process.poll() is None
    run.process.send_signal(signal.SIGTERM)
    run.process.communicate(timeout=DEADLINE_S)
