"""Which runs there are and how they stand."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from otelrun.ring.directory import RunDirectory
from otelrun.ring.recovery import claim
from otelrun.store.accounts import Delivery, ExporterAccount, ProcessAccount, RunAccounts
from otelrun.store.activity import is_agent_alive, is_process_alive
from otelrun.store.listing import list_run
from tests.support.shop_trace import MS, START_NS, description, write_run

if TYPE_CHECKING:
    from pathlib import Path


def bare_run(tmp_path: Path, **about: object) -> RunDirectory:
    """Make a run that keeps no store."""
    folder = tmp_path / "runs" / "20261124-110000-00ff"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({**description(folder.name), **about}))
    return RunDirectory(str(folder))


def test_a_finished_run_is_described_from_its_files(tmp_path: Path) -> None:
    listing = list_run(RunDirectory(write_run(str(tmp_path))))

    assert (listing.state, listing.problem) == ("ended", "")
    assert listing.duration_ns(0) == 1_520 * MS
    assert listing.run.command == ("python", "docs/examples/shop/shop.py")
    assert listing.run.service_name == "shop"
    assert listing.totals is not None
    assert (listing.totals.spans, listing.totals.errors, listing.totals.logs) == (8, 4, 4)


def test_a_run_without_a_store_is_described_by_the_agents_accounts(tmp_path: Path) -> None:
    run = bare_run(tmp_path)
    state = {
        "ended_ns": START_NS + MS,
        "processes": [{"recorded": {"spans": 3, "logs": 1}, "dropped": {"spans": {"no room": 2}}}, {"pid": "x"}, 7],
        "destinations": [
            8,
            {"destination": "otlp", "signal": "spans", "exported": 1, "held": 2, "last_error": "refused"},
        ],
    }
    with open(os.path.join(run.path, "state.json"), "w", encoding="utf-8") as file:
        json.dump(state, file)

    listing = list_run(run)
    assert (listing.state, listing.totals, listing.duration_ns(0)) == ("ended", None, MS)
    assert listing.accounts == RunAccounts(
        (ProcessAccount(recorded={"spans": 3, "logs": 1}, dropped={"spans": {"no room": 2}}),),
        exporters=(ExporterAccount("", "spans", "otlp", last_error="refused", delivery=Delivery(1, 2)),),
    )


def test_missing_and_broken_files_hide_no_run(tmp_path: Path) -> None:
    run = bare_run(tmp_path, command="not a list", started_ns="x", destinations={"a": 1}, root_pid=None)
    (tmp_path / "runs" / run.run_id / "state.json").write_text("{broken")
    (tmp_path / "runs" / run.run_id / "store.db").write_text("no database" * 500)

    listing = list_run(run)
    assert (listing.state, listing.totals, listing.run.command, listing.run.started_ns) == ("interrupted", None, (), 0)
    assert "not a database" in listing.problem
    assert list_run(RunDirectory(str(tmp_path / "gone"))).run.run_id == "gone"


def test_a_run_is_running_while_its_agent_and_a_process_live(tmp_path: Path) -> None:
    run = bare_run(tmp_path, root_pid=os.getpid())
    held = claim(run)
    assert held is not None
    listing = list_run(run)
    held.release()

    assert listing.state == "running"
    assert listing.duration_ns(START_NS + 5) == 5


def test_a_run_is_finishing_while_only_its_agent_lives(tmp_path: Path) -> None:
    run = RunDirectory(write_run(str(tmp_path)))
    held = claim(run)
    assert held is not None
    finishing = list_run(run).state
    held.release()

    assert (finishing, list_run(run).state) == ("finishing", "ended")


def test_a_run_whose_agent_went_before_the_end_is_interrupted(tmp_path: Path) -> None:
    directory = write_run(str(tmp_path))
    connection = sqlite3.connect(os.path.join(directory, "store.db"))
    connection.execute("UPDATE run SET ended_ns = NULL")
    connection.commit()
    connection.close()

    listing = list_run(RunDirectory(directory))
    assert (listing.state, listing.duration_ns(time.time_ns())) == ("interrupted", None)


def test_a_run_that_has_ended_and_left_a_ring_unread_is_interrupted(tmp_path: Path) -> None:
    run = RunDirectory(write_run(str(tmp_path)))
    os.mkdir(run.rings)
    assert list_run(run).state == "ended"
    with open(os.path.join(run.rings, "1-1.ring"), "wb"):
        pass
    assert list_run(run).state == "interrupted"


def test_a_run_without_an_agent_by_choice_is_not_interrupted(tmp_path: Path) -> None:
    assert list_run(bare_run(tmp_path, pipeline="in_process")).state == "ended"


def test_looking_never_stands_in_the_way_of_an_agent_that_starts(tmp_path: Path) -> None:
    run = bare_run(tmp_path)
    assert is_agent_alive(run, may_start=True) is False
    with open(run.lock, "w", encoding="ascii"):
        pass
    assert is_agent_alive(run, may_start=True) is True
    assert is_agent_alive(run, may_start=False) is False
    os.utime(run.lock, (1, 1))
    assert is_agent_alive(run, may_start=True) is False


def test_a_reused_process_id_is_not_the_process() -> None:
    assert is_process_alive(os.getpid()) is True
    assert is_process_alive(os.getpid(), 1) is False
    assert is_process_alive(0) is False
    assert is_process_alive(-1) is False
