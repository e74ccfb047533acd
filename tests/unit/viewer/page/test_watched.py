"""What the server remembers of the runs that are being looked at, and for how long."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from otelrun.ring.directory import RunDirectory
from otelrun.store.ingest import StoreWriter
from otelrun.store.queries import open_store
from otelrun.viewer.page import watched
from otelrun.viewer.page.watched import FORGOTTEN_AFTER_S, Watch, WatchedRun
from tests.support.shop_trace import SCOPES, START_NS, description, placed, span, write_run

if TYPE_CHECKING:
    from pathlib import Path

RUN = "20261124-110000-3f9a"


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.tick = 0.0

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_run_that_nobody_looks_at_is_forgotten(clock):
    watch = Watch(clock)
    first, other = watch.run("first"), watch.run("other")
    clock.now += FORGOTTEN_AFTER_S - 1
    assert watch.run("first") is first
    clock.now += FORGOTTEN_AFTER_S - 1
    assert watch.run("first") is first
    assert watch.run("other") is not other


def many(root: Path, traces: int) -> str:
    """Write a run of so many traces of one span."""
    path = os.path.join(root, "store.db")
    writer = StoreWriter(path)
    process = writer.add_process("1.ring", 1, 0, START_NS, {"service.name": "shop"})
    spans = [span(number, 0, "work", (number, number + 1), trace_id=number) for number in range(1, traces + 1)]
    writer.add(process, placed(spans), SCOPES.__getitem__)
    writer.close()
    return path


def test_an_answer_comes_in_time_with_what_was_taken_in_by_then(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(watched, "_PORTION", 10)
    run = WatchedRun(clock)
    with open_store(many(tmp_path, 45)) as reader:
        clock.tick = 1.0  # each look at the clock takes a second: there is time for one portion
        first = run.requests(reader, 0, is_over=True)
        assert (len(first.changes), first.is_complete) == (10, False)
        clock.tick = 0.0
        rest = run.requests(reader, first.sequence, is_over=True)
        assert (len(rest.changes), rest.is_complete) == (35, True)
        assert run.requests(reader, rest.sequence, is_over=True) == ([], rest.sequence, True)


def test_an_answer_has_so_many_rows_and_no_more(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(watched, "MOST_ROWS", 20)
    run, seen, sequence, is_complete = WatchedRun(clock), [], 0, False
    with open_store(many(tmp_path, 45)) as reader:
        while not is_complete:
            changes, sequence, is_complete = run.requests(reader, sequence, is_over=True)
            seen.append([change.entry.trace_id for change in changes])
    assert [len(some) for some in seen] == [20, 20, 5]
    assert len({trace for some in seen for trace in some}) == 45


def test_failures_are_found_anew_only_when_there_may_be_others(clock):
    run, found = WatchedRun(clock), []

    def find():
        found.append(1)
        return []

    for state in ((1, 1), (1, 1), (2, 1), (2, 1)):
        assert run.failures(state, find) == []
    assert len(found) == 2


@pytest.fixture
def counted(monkeypatch):
    """Count how often runs are counted."""
    calls = []
    original = watched.list_run
    monkeypatch.setattr(watched, "list_run", lambda directory: (calls.append(directory.run_id), original(directory))[1])
    return calls


def test_a_run_that_is_over_is_counted_once_until_its_files_change(tmp_path, clock, counted):
    directory = RunDirectory(write_run(str(tmp_path), RUN))
    watch = Watch(clock)
    for _ in range(3):
        clock.now += 100
        assert watch.listing(directory).totals.spans == 8
    assert len(counted) == 1
    with open(os.path.join(directory.path, "state.json"), "w", encoding="utf-8") as file:
        json.dump({"ended_ns": START_NS}, file)
    assert watch.listing(directory).state == "ended"
    assert len(counted) == 2
    watch.keep_only([])
    watch.listing(directory)
    assert len(counted) == 3


def test_a_run_that_is_slow_to_count_is_not_counted_all_the_time(tmp_path, clock, counted):
    directory = tmp_path / "runs" / RUN
    directory.mkdir(parents=True)
    (directory / "run.json").write_text(
        json.dumps({**description(RUN), "root_pid": os.getpid(), "pipeline": "in_process"})
    )
    watch = Watch(clock)
    clock.tick = 0.5  # so long takes each look
    assert watch.listing(RunDirectory(str(directory))).state == "running"
    watch.listing(RunDirectory(str(directory)))
    assert len(counted) == 1
    clock.now += 10
    watch.listing(RunDirectory(str(directory)))
    assert len(counted) == 2
