"""Celery: a pool of forked workers, replaced after so many tasks, or because a task has killed its own."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.process.families.arrivals import APPS, app, assert_each_once, instances, left_behind, to_sink
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_python, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

WORKER = ["-m", "celery", "--app", "tasks", "worker", "--concurrency", "2", "--loglevel", "WARNING"]
ALONE = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
DEADLINE_S = 40.0
JOBS = [f"job-{number}" for number in range(12)]


def start_worker(folder, options, sink, otelrun_dir):
    folder.mkdir()
    env = {"TASKS_FOLDER": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*WORKER, *ALONE, *options]
    return start_otelrun([sys.executable, *command], otelrun_dir=otelrun_dir, env=to_sink(sink, env), cwd=APPS)


def ask(folder, jobs):
    result = run_python([app("tasks.py"), *jobs], env={"TASKS_FOLDER": str(folder)}, cwd=APPS)
    assert (result.returncode, result.stderr) == (0, b"")


def done(folder, jobs):
    """Wait until all these jobs are done; give the processes that did them."""
    wait_for(lambda: set(jobs) <= set(os.listdir(folder / "done")), DEADLINE_S, what=f"{jobs} to be done")
    return {int(wait_for((folder / "done" / job).read_text, DEADLINE_S)) for job in jobs}


@pytest.mark.parametrize("tasks_per_child", [1, 5])
def test_every_task_of_workers_that_are_replaced_arrives_and_a_warm_shutdown_loses_none(tmp_path, tasks_per_child):
    options = ["--max-tasks-per-child", str(tasks_per_child)]
    with OtlpSink() as sink:
        with start_worker(tmp_path / "tasks", options, sink, tmp_path / "runs") as worker:
            ask(tmp_path / "tasks", JOBS)
            pids = done(tmp_path / "tasks", JOBS)
            worker.send_signal(signal.SIGTERM)
            observed = worker.finish(DEADLINE_S)
        wait_until_idle(tmp_path / "runs")
        did = assert_each_once(sink, JOBS)
    assert observed.returncode == 0
    assert set(did) == pids
    assert max(len(jobs) for jobs in did.values()) <= tasks_per_child
    assert len(instances(sink)) == len(did)
    assert left_behind(tmp_path / "runs") == []


def test_neither_a_killed_worker_process_nor_a_killed_worker_loses_anything(tmp_path):
    folder = tmp_path / "tasks"
    with OtlpSink() as sink:
        with start_worker(folder, [], sink, tmp_path / "runs") as worker:
            ask(folder, ["before", "kill"])
            done(folder, ["before", "kill"])
            wait_for(lambda: b"(SIGKILL)" in worker.stderr, DEADLINE_S, what="Celery to notice")
            ask(folder, ["after"])
            pids = done(folder, ["before", "kill", "after"])
            worker.send_signal(signal.SIGKILL)
            assert worker.finish(DEADLINE_S).returncode == -signal.SIGKILL
        wait_until_idle(tmp_path / "runs")
        did = assert_each_once(sink, ["before", "kill", "after"])
    assert set(did) == pids
    assert len(instances(sink)) == len(did)
    assert left_behind(tmp_path / "runs") == []
