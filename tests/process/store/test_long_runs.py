"""Runs that record more than their store may hold, with readers and other runs beside them: numbers add up, nobody is locked out."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import sys

import pytest

from otelrun.ring.directory import list_runs
from otelrun.store.listing import list_run
from otelrun.store.queries import open_store
from tests.process.store.large import make, prune
from tests.support.programs import run_otelrun, start_otelrun, start_python, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
APP = os.path.join(CHECKOUT, "tests", "apps", "store", "writers.py")
LIMITED = {"OTELRUN_PROFILE": os.path.join(HERE, "limited.yaml")}
LIMIT = 8 * 1024 * 1024
DEADLINE_S = 90.0


def writers(processes, traces, size):
    return [sys.executable, APP, str(processes), str(traces), str(size)]


def counted(run):
    """Give what a run has recorded by its accounts, what its store has, and what was pruned of it: spans and log records."""
    listing = list_run(run)
    assert (listing.state, listing.problem) == ("ended", "")
    assert listing.accounts.lost() == 0
    recorded = listing.accounts.total().recorded
    with open_store(run.store) as store:
        totals, pruned = store.totals(), store.pruned()
    return (recorded["spans"], recorded["logs"]), (totals.spans, totals.logs), (pruned.spans, pruned.logs)


def is_whole(path):
    """Say whether a store is sound, and each trace in it has all its spans and its log record."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        sizes = set(connection.execute("SELECT count(*) FROM span GROUP BY trace_id"))
        logs = set(connection.execute("SELECT count(*) FROM log GROUP BY trace_id"))
        (strays,) = connection.execute("SELECT count(*) FROM log WHERE trace_id NOT IN (SELECT trace_id FROM span)")
        check = connection.execute("PRAGMA integrity_check").fetchall()
    finally:
        connection.close()
    return (sizes, logs, strays, check) == ({(3,)}, {(1,)}, (0,), [("ok",)])


def test_a_run_that_records_several_times_its_limit_keeps_the_newest_traces_whole_and_counts_the_rest(tmp_path):
    traces = 7_000  # of 3 spans with 2.5 kB each: some 55 MB
    result = run_otelrun(writers(1, traces, 2_500), otelrun_dir=tmp_path, env=LIMITED, deadline_s=DEADLINE_S)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"done\n", b"")

    [run] = list_runs(str(tmp_path))
    recorded, stored, pruned = counted(run)
    assert recorded == (3 * traces, traces)
    assert tuple(map(sum, zip(stored, pruned, strict=True))) == recorded
    assert os.path.getsize(run.store) <= LIMIT
    assert stored[0] * 2_500 > LIMIT / 3
    assert is_whole(run.store)
    with open_store(run.store) as store:
        [(oldest, newest)] = store.rows(
            "SELECT min(n), max(n) FROM (SELECT json_extract(attributes, '$.number') n FROM span)"
        )
    assert (oldest, newest) == (traces - stored[1], traces - 1), "what is left is the newest, without a gap"

    shown = run_otelrun(["show"], otelrun_dir=tmp_path).stdout.decode()
    assert f"pruned    {oldest:,} oldest traces · {pruned[0]:,} spans · {pruned[1]:,} logs\n" in shown
    assert "not in the store" not in shown
    missing = run_otelrun(["show", "0123456789abcdef"], otelrun_dir=tmp_path)
    assert b"it may have been pruned from run " + run.run_id.encode() in missing.stderr


def test_four_writers_another_run_and_two_readers_work_at_once(tmp_path):
    environment = {"PYTHONPATH": CHECKOUT}
    with (
        start_otelrun(writers(4, 1_500, 1_500), otelrun_dir=tmp_path, env=LIMITED) as first,
        start_otelrun(writers(2, 500, 100), otelrun_dir=tmp_path, env=LIMITED) as second,
    ):
        runs = wait_for(lambda: len(list_runs(str(tmp_path))) == 2 and list_runs(str(tmp_path)), DEADLINE_S)
        stores = [run.store for run in runs]
        with (
            start_python([os.path.join(HERE, "watching.py"), *stores], env=environment) as page,
            start_python([os.path.join(HERE, "watching.py"), *stores], env=environment) as tail,
        ):
            readers = (page, tail)
            assert [reader.read_line(DEADLINE_S) for reader in readers] == [b"ready\n"] * 2
            for program in (first, second):
                assert program.read_line(DEADLINE_S) == b"done\n"
                assert program.finish(DEADLINE_S).returncode == 0
            wait_until_idle(str(tmp_path))
            for reader in readers:
                seen = json.loads(reader.finish(DEADLINE_S).stdout.splitlines()[-1])
                assert seen["errors"] == []
                assert all(number > 3 for number in seen["reads"].values()), seen

    recorded = {}
    for run in runs:
        what, stored, pruned = counted(run)
        assert tuple(map(sum, zip(stored, pruned, strict=True))) == what
        assert is_whole(run.store)
        with open(run.log, encoding="utf-8") if os.path.exists(run.log) else open(os.devnull) as log:
            assert "locked" not in log.read()
        recorded[what] = pruned[0] > 0
    assert recorded == {(18_000, 6_000): True, (3_000, 1_000): False}


def test_runs_are_removed_by_their_user_and_not_while_they_go_on(tmp_path):
    for name in ("a", "b"):
        run_otelrun([sys.executable, "-c", "pass", name], otelrun_dir=tmp_path)
    with start_otelrun(writers(1, 1, 1), otelrun_dir=tmp_path) as program:
        assert program.read_line(DEADLINE_S) == b"done\n"
        running, second, first = list_runs(str(tmp_path))
        refused = run_otelrun(["runs", "remove", "last"], otelrun_dir=tmp_path, is_agent_awaited=False)
        assert (refused.returncode, refused.stdout) == (1, b"")
        assert refused.stderr == f"otelrun: {running.run_id}: it is running; let it end first\n".encode()
        one = run_otelrun(["runs", "remove", first.run_id], otelrun_dir=tmp_path, is_agent_awaited=False)
        assert (one.returncode, one.stderr) == (0, b"")
        assert list_runs(str(tmp_path)) == [running, second]
        run_otelrun(["runs", "remove", "--all"], otelrun_dir=tmp_path, is_agent_awaited=False)
        assert list_runs(str(tmp_path)) == [running]
        program.finish()


def test_where_files_may_not_become_as_large_as_the_store_it_is_off_with_one_line_and_the_program_goes_on(tmp_path):
    script = tmp_path / "limited"
    script.write_text(f'#!/bin/sh\nulimit -f 12000\nexec {shlex.quote(sys.executable)} "$@"\n')  # some 6 MB
    script.chmod(0o755)
    state = tmp_path / "state"
    with start_otelrun(writers(1, 4_000, 2_500), otelrun_dir=state, env=LIMITED, python=str(script)) as program:
        assert program.read_line(DEADLINE_S) == b"done\n"
        line = program.read_line(DEADLINE_S, stream="stderr")
        assert line.startswith(b"otelrun: the local store is off: ")
        result = program.finish(DEADLINE_S)
    wait_until_idle(str(state))
    assert (result.returncode, result.stderr) == (0, line)
    [run] = list_runs(str(state))
    with open_store(run.store) as store:
        assert store.totals().spans > 300
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
    shown = run_otelrun(["show"], otelrun_dir=state).stdout.decode()
    assert "records not in the store (see agent.log beside it)" in shown


@pytest.mark.timeout(1_200)
def test_a_store_of_more_than_two_gigabytes_is_pruned_to_its_limit_in_small_steps(tmp_path, request):
    """By default the store has 24 MiB and a limit of 4; ``--full`` makes it 2.2 GiB with the default limit of 256."""
    size, limit = (2_200, 256) if request.config.getoption("--full") else (24, 4)
    path = str(tmp_path / "store.db")
    made = make(path, size * 1024 * 1024)
    taken, total_s = prune(path, limit * 1024 * 1024)
    taken.sort()
    print(
        f"{size} MiB: {len(taken)} steps in {total_s:.1f} s, median {taken[len(taken) // 2]:.3f}, worst {taken[-1]:.3f} s"
    )

    assert os.path.getsize(path) <= limit * 1024 * 1024
    with open_store(path) as store:
        totals, pruned = store.totals(), store.pruned()
    assert (totals.spans + pruned.spans, totals.traces + pruned.traces) == made
    assert totals.traces
    assert taken[len(taken) // 2] < 0.1
