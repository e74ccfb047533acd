from __future__ import annotations

import json
import os

import pytest

from otelrun.agent import accounting, retention
from otelrun.ring import recovery
from otelrun.ring.directory import RunDirectory, list_runs
from otelrun.store import losses
from otelrun.store.losses import Loss


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
    assert retention.prune(str(tmp_path), 0, make_run("d")) == ["a (nothing that was counted)"]
    assert ids(tmp_path) == ["d", "c", "b"]


def test_what_goes_with_a_run_is_counted_and_kept(tmp_path, make_run, monkeypatch):
    monkeypatch.setattr(retention, "MAX_HOLDING_RUNS", 1)
    for name, held in (("a", 1_204), ("b", 1), ("c", 7)):
        run = make_run(name, is_holding=True)
        rows = [{"signal": "spans", "held": held}, {"signal": "logs", "held": 2}]
        with open(os.path.join(run.path, accounting.FILE), "w", encoding="utf-8") as file:
            json.dump({"destinations": rows}, file)
        moment = os.stat(run.path).st_mtime - 3_600
        os.utime(run.path, (moment, moment))
    with open(os.path.join(run.rings, "1-1.ring"), "wb"):
        pass
    lost = retention.prune(str(tmp_path), 0, make_run("d"))
    assert lost == ["b (1 span, 2 log records)", "a (1,204 spans, 2 log records)"]
    assert losses.read(str(tmp_path)) == Loss(2, 1_205, 4)
    monkeypatch.setattr(retention, "MAX_HOLDING_RUNS", 0)
    assert retention.prune(str(tmp_path), 0, make_run("e")) == ["c (7 spans, 2 log records, 1 unread ring)"]
    assert losses.read(str(tmp_path)) == Loss(3, 1_212, 6, 0, 1)
