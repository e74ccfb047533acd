"""gunicorn: a master that forks workers, before or after it has loaded the application, and replaces them."""

from __future__ import annotations

import os
import signal

import pytest

from tests.process.families.arrivals import assert_each_once, instances, without_numbers
from tests.process.families.serving import Server, serve_bare
from tests.support.otlp_sink import OtlpSink

pytestmark = pytest.mark.process

GUNICORN = ["-m", "gunicorn", "--bind", "127.0.0.1:PORT", "--workers", "2", "wsgi:application"]
GUNICORN += [
    "--graceful-timeout",
    "3",
]  # a worker that is still being started misses the signal to stop, and is killed then
KINDS = {
    "sync": [],
    "gthread": ["--worker-class", "gthread", "--threads", "2"],
    "preload": ["--preload"],
}
REQUESTS = 12


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_the_workers_did_arrives_when_it_is_stopped(tmp_path, kind):
    command = [*GUNICORN, *KINDS[kind]]
    bare = serve_bare(command)
    with OtlpSink() as sink, Server(command, tmp_path, sink) as server:
        for _ in range(REQUESTS):
            server.ask()
        server.wait_for_answer(lambda pid: pid != server.pids[0])
        observed = server.end()
        done = assert_each_once(sink, server.jobs)
    assert (observed.returncode, observed.stdout) == (bare.returncode, bare.stdout)
    assert without_numbers(observed.stderr) == without_numbers(bare.stderr)
    assert set(done) == set(server.pids)
    assert len(done) == len(instances(sink)) == 2


def test_workers_that_are_recycled_after_a_few_requests_lose_nothing(tmp_path):
    with OtlpSink() as sink, Server([*GUNICORN, "--max-requests", "3"], tmp_path, sink) as server:
        while len(server.jobs) < REQUESTS:
            server.wait_for_answer()
        observed = server.end()
        done = assert_each_once(sink, server.jobs)
    assert observed.returncode == 0
    assert set(done) == set(server.pids)
    assert len(done) == len(instances(sink)) >= 4


def test_a_worker_that_is_killed_loses_nothing_and_its_successor_records_as_itself(tmp_path):
    with OtlpSink() as sink, Server(GUNICORN, tmp_path, sink) as server:
        server.wait_for_answer(lambda pid: pid != server.pids[0])
        before = {*server.pids}
        os.kill(server.pids[0], signal.SIGKILL)
        server.wait_for_answer(lambda pid: pid not in before)
        observed = server.end()
        done = assert_each_once(sink, server.jobs)
    assert observed.returncode == 0
    assert set(done) == set(server.pids)
    assert len(instances(sink)) == len(done)
