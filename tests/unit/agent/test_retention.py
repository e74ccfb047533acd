from __future__ import annotations

import os

import pytest

from otelrun.agent import retention
from otelrun.ring import recovery
from otelrun.ring.directory import RunDirectory, list_runs


@pytest.fixture
def make_run(tmp_path):
    def make(name, *, is_holding=False, age_s=3_600):
        run = RunDirectory(str(tmp_path / "runs" / name))
        os.makedirs(run.rings)
        os.makedirs(run.outbox)
        if is_holding:
            with open(os.path.join(run.outbox, "spans-0"), "wb"):
                pass
        moment = os.stat(run.path).st_mtime - age_s
        os.utime(run.path, (moment, moment))
        return run

    return make


def ids(root):
    return [run.run_id for run in list_runs(str(root))]


def test_oldest_finished_runs_go(tmp_path, make_run):
    *_, own = [make_run(name) for name in ("a", "b", "c", "d")]
    assert retention.prune(str(tmp_path), 2, own) == []
    assert ids(tmp_path) == ["d", "c"]


def test_own_run_stays_though_nothing_is_to_be_kept(tmp_path, make_run):
    own = make_run("a")
    retention.prune(str(tmp_path), 0, own)
    assert ids(tmp_path) == ["a"]


def test_run_that_holds_undelivered_data_or_is_alive_or_is_new_stays(tmp_path, make_run):
    make_run("a", is_holding=True)
    claim = recovery.claim(make_run("b"))
    make_run("c", age_s=1)
    make_run("d")
    retention.prune(str(tmp_path), 0, make_run("e"))
    claim.release()
    assert ids(tmp_path) == ["e", "c", "b", "a"]


def test_runs_that_hold_data_are_bounded_too_and_named(tmp_path, make_run, monkeypatch):
    monkeypatch.setattr(retention, "MAX_HOLDING_RUNS", 2)
    for name in ("a", "b", "c"):
        make_run(name, is_holding=True)
    assert retention.prune(str(tmp_path), 0, make_run("d")) == ["a"]
    assert ids(tmp_path) == ["d", "c", "b"]
