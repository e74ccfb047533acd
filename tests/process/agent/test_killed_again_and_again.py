"""Agents that are killed one after the other at any moment: each record arrives once in the end."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.process.agent.conftest import DEADLINE_S, is_running
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

COUNT = 4_000
ALL = [f"{number:016x}" for number in range(1, COUNT + 1)]
KILLS = 6


def kill_agent(pid):
    """Kill a run's agent, with whatever process of its own it may have."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if is_running(pid) else []
    for one in (pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    wait_for(lambda: not any(is_running(int(one)) for one in (pid, *children)), DEADLINE_S)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_record_arrives_once_whenever_agents_are_killed(runs, seed):
    chance = random.Random(seed)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = {"exit_budget_ms": 2_000, "temporality": "delta"}
    first = runs.start(url, "recording.py", str(COUNT), "wait", **options)
    kill_at = time.monotonic() + chance.uniform(0.1, 0.5)
    wait_for(lambda: time.monotonic() >= kill_at, DEADLINE_S, poll_s=0.001)
    kill_agent(first.agent)
    first.wait_for_line("recorded")
    first.process.kill()
    first.process.wait(DEADLINE_S)
    for _ in range(KILLS):
        another = runs.start(url, "silent.py", **options)
        another.finish()
        kill_at = time.monotonic() + chance.uniform(0.0, 0.12)
        wait_for(lambda until=kill_at: time.monotonic() >= until, DEADLINE_S, poll_s=0.001)
        kill_agent(another.agent)
    with OtlpSink(http_port=port) as sink:
        last = runs.start(url, "silent.py", **{**options, "exit_budget_ms": 20_000})
        last.finish()
        last.wait_for_agent()
        assert sorted(span.span_id for span in sink.spans()) == ALL
        assert sorted(record.span_id for record in sink.logs()) == ALL
        assert [point.value for row in sink.metrics() for point in row.points] == [COUNT]
    assert first.destinations() == {"spans": (COUNT, 0, 0), "logs": (COUNT, 0, 0), "metrics": (1, 0, 0)}
    assert os.listdir(first.directory.rings) == os.listdir(first.directory.outbox) == []
    with sqlite3.connect(first.directory.store) as store:
        assert store.execute("SELECT count(*), count(DISTINCT span_id) FROM span").fetchone() == (COUNT, COUNT)
    store.close()
