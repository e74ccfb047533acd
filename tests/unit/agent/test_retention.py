from __future__ import annotations

import json
import os

import pytest

from otelrun.agent import accounting, retention
from otelrun.profile.model import Store
from otelrun.ring import recovery
from otelrun.ring.directory import RunDirectory, list_runs
from otelrun.store import losses
from otelrun.store.losses import Loss


@pytest.fixture
def make_run(tmp_path):
    def make(name, *, is_holding=False, age_s=3_600, service="shop", size=0):
        run = RunDirectory(str(tmp_path / "runs" / name))
        os.makedirs(run.rings)
        os.makedirs(run.outbox)
        with open(run.description, "w", encoding="utf-8") as file:
            json.dump({"service_name": service}, file)
        if size:
            with open(run.store, "wb") as file:
                file.truncate(size)
        if is_holding:
            with open(os.path.join(run.outbox, "spans-0"), "wb"):
                pass
        make_old(run, age_s)
        return run

    return make


def make_old(run, age_s):
    moment = os.stat(run.path).st_mtime - age_s
    os.utime(run.path, (moment, moment))


def ids(root):
    return [run.run_id for run in list_runs(str(root))]


def test_oldest_finished_runs_go(tmp_path, make_run):
    *_, own = [make_run(name) for name in ("a", "b", "c", "d")]
    assert retention.prune(str(tmp_path), Store(keep_runs=2), own) == []
    assert ids(tmp_path) == ["d", "c"]


def test_each_service_has_its_own_newest_runs(tmp_path, make_run):
    for name, service in (("a", "shop"), ("b", "shop"), ("c", "job"), ("d", "shop"), ("e", "job")):
        own = make_run(name, service=service)
    retention.prune(str(tmp_path), Store(keep_runs=1), own)
    assert ids(tmp_path) == ["e", "d"]


def test_the_oldest_runs_go_until_the_rest_fits(tmp_path, make_run):
    for name, size in (("a", 5), ("b", 300), ("c", 200), ("d", 100), ("e", 300)):
        own = make_run(name, size=size * 1024 * 1024)
    retention.prune(str(tmp_path), Store(), own)
    assert ids(tmp_path) == ["e", "d"]


def test_stores_of_runs_that_stay_count_though_nothing_removes_them(tmp_path, make_run):
    make_run("a", size=100 * 1024 * 1024)
    make_run("b", size=500 * 1024 * 1024, is_holding=True)
    retention.prune(str(tmp_path), Store(), make_run("c"))
    assert ids(tmp_path) == ["c", "b"]


def test_a_store_counts_with_what_is_not_merged_into_it_yet(tmp_path, make_run):
    run = make_run("a", size=300 * 1024 * 1024)
    with open(run.store + "-wal", "wb") as file:
        file.truncate(300 * 1024 * 1024)
    make_old(run, 3_600)
    retention.prune(str(tmp_path), Store(), make_run("b"))
    assert ids(tmp_path) == ["b"]


def test_there_are_never_too_many_runs_of_however_many_services(tmp_path, make_run, monkeypatch):
    monkeypatch.setattr(retention, "MAX_RUNS", 2)
    for name in ("a", "b", "c"):
        own = make_run(name, service=name)
    retention.prune(str(tmp_path), Store(), own)
    assert ids(tmp_path) == ["c", "b"]


def test_own_run_stays_though_nothing_is_to_be_kept(tmp_path, make_run):
    own = make_run("a")
    retention.prune(str(tmp_path), Store(keep_runs=0), own)
    assert ids(tmp_path) == ["a"]


def test_run_that_holds_undelivered_data_or_is_alive_or_is_new_stays(tmp_path, make_run):
    make_run("a", is_holding=True)
    claim = recovery.claim(make_run("b"))
    make_run("c", age_s=1)
    make_run("d")
    retention.prune(str(tmp_path), Store(keep_runs=0), make_run("e"))
    claim.release()
    assert ids(tmp_path) == ["e", "c", "b", "a"]


def test_runs_that_hold_data_are_bounded_too_and_named(tmp_path, make_run, monkeypatch):
    monkeypatch.setattr(retention, "MAX_HOLDING_RUNS", 2)
    for name in ("a", "b", "c"):
        make_run(name, is_holding=True)
    assert retention.prune(str(tmp_path), Store(keep_runs=0), make_run("d")) == ["a (nothing that was counted)"]
    assert ids(tmp_path) == ["d", "c", "b"]


def test_what_goes_with_a_run_is_counted_and_kept(tmp_path, make_run, monkeypatch):
    monkeypatch.setattr(retention, "MAX_HOLDING_RUNS", 1)
    for name, held in (("a", 1_204), ("b", 1), ("c", 7)):
        run = make_run(name, is_holding=True)
        rows = [{"signal": "spans", "held": held}, {"signal": "logs", "held": 2}]
        with open(os.path.join(run.path, accounting.FILE), "w", encoding="utf-8") as file:
            json.dump({"destinations": rows}, file)
        make_old(run, 3_600)
    with open(os.path.join(run.rings, "1-1.ring"), "wb"):
        pass
    lost = retention.prune(str(tmp_path), Store(keep_runs=0), make_run("d"))
    assert lost == ["b (1 span, 2 log records)", "a (1,204 spans, 2 log records)"]
    assert losses.read(str(tmp_path)) == Loss(2, 1_205, 4)
    monkeypatch.setattr(retention, "MAX_HOLDING_RUNS", 0)
    assert retention.prune(str(tmp_path), Store(keep_runs=0), make_run("e")) == [
        "c (7 spans, 2 log records, 1 unread ring)"
    ]
    assert losses.read(str(tmp_path)) == Loss(3, 1_212, 6, 0, 1)
