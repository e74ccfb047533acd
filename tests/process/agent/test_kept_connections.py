"""A worker that is killed over a request does not have it sent twice: the next one reads the answer, or knows that there is none."""

from __future__ import annotations

import os
import socket

import pytest

from tests.process.agent.conftest import DEADLINE_S, is_running, kill, worker_of
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

COUNT = 10
ALL = [f"{number:016x}" for number in range(1, COUNT + 1)]
LARGE = 10_000_000


def kill_and_wait_for_another(run):
    worker = run.worker
    kill(worker)
    wait_for(lambda: worker_of(run.agent) not in (0, worker), DEADLINE_S, what="another worker")


def connections_of(pid):
    found = (os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
    return sum(target.startswith("socket:") for target in found)


def hold_requests(runs, sink, **options):
    """Start a run; give it when the endpoint has taken its first request of spans and of logs, and has answered neither."""
    sink.behave(hold=True)
    run = runs.start(sink.http_endpoint, "recording.py", str(COUNT), "wait", **options)
    run.wait_for_line("recorded")
    wait_for(lambda: sink.counts()["traces"] == sink.counts()["logs"] == COUNT, DEADLINE_S, what="the requests")
    return run


def test_request_that_was_taken_and_not_answered_when_the_worker_died_is_not_sent_again(runs, sink):
    run = hold_requests(runs, sink)
    kill_and_wait_for_another(run)
    sink.behave()
    run.process.communicate(timeout=DEADLINE_S)
    run.wait_for_agent()
    assert sorted(span.span_id for span in sink.spans()) == ALL
    assert sorted(record.span_id for record in sink.logs()) == ALL
    assert run.destinations() == {"spans": (COUNT, 0, 0), "logs": (COUNT, 0, 0), "metrics": (1, 0, 0)}


def test_workers_may_be_killed_one_after_the_other_over_the_same_request(runs, sink):
    run = hold_requests(runs, sink)
    for _ in range(3):
        kill_and_wait_for_another(run)
    sink.behave()
    run.process.communicate(timeout=DEADLINE_S)
    run.wait_for_agent()
    assert sorted(span.span_id for span in sink.spans()) == ALL
    assert run.destinations()["spans"] == (COUNT, 0, 0)


def test_request_that_was_answered_after_the_program_had_ended_is_not_sent_again(runs, sink):
    run = hold_requests(runs, sink, exit_budget_ms=20_000, store=False)
    run.process.communicate(timeout=DEADLINE_S)
    wait_for(lambda: sink.counts()["metrics"], DEADLINE_S, what="what is sent at the end")
    kill_and_wait_for_another(run)
    sink.behave()
    run.wait_for_agent()
    assert sorted(span.span_id for span in sink.spans()) == ALL
    assert [point.value for row in sink.metrics() for point in row.points] == [COUNT]
    assert not os.path.exists(run.directory.path)


def test_request_that_was_refused_after_the_worker_died_is_sent_again(runs, sink):
    sink.behave(hold=True, status=503)
    run = runs.start(sink.http_endpoint, "recording.py", str(COUNT), "wait")
    wait_for(lambda: len(sink.requests()) == 2, DEADLINE_S, what="the requests")
    kill_and_wait_for_another(run)
    sink.behave()
    run.process.communicate(timeout=DEADLINE_S)
    run.wait_for_agent()
    assert sorted(span.span_id for span in sink.spans()) == ALL
    assert run.destinations()["spans"] == (COUNT, 0, 0)


def test_request_that_was_half_written_when_the_worker_died_is_sent_once_and_whole(runs):
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        slow.bind(("127.0.0.1", free_port()))
        slow.listen()
        port = slow.getsockname()[1]
        run = runs.start(f"http://127.0.0.1:{port}", "recording.py", "0", "large", ring_size=32 * 1024 * 1024)
        connection, _ = slow.accept()
        connection.settimeout(DEADLINE_S)
        with connection:
            assert connection.recv(1_000).startswith(b"POST /v1/traces")
            kill_and_wait_for_another(run)
            rest = bytearray()
            while data := connection.recv(1_000_000):
                rest += data
            assert len(rest) < LARGE
    with OtlpSink(http_port=port) as sink:
        run.process.communicate(timeout=DEADLINE_S)
        run.wait_for_agent()
        assert [(span.span_id, len(span.name)) for span in sink.spans()] == [(ALL[0], LARGE)]


def test_guard_holds_one_connection_for_each_channel_and_ends_with_the_worker(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", str(COUNT), "wait", interval_ms=100)
    wait_for(lambda: all(sink.counts().values()), DEADLINE_S, what="all signals")
    guard = run.agent
    assert connections_of(guard) == 4  # and the line to the worker
    sink.stop()
    wait_for(lambda: connections_of(guard) < 4, DEADLINE_S, what="a connection that has ended to be let go")
    sink.start()
    run.process.communicate(timeout=DEADLINE_S)
    run.wait_for_agent()
    assert not is_running(guard)
