"""``otelrun show`` and ``otelrun runs`` as commands."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from otelrun.cli.runs import runs
from otelrun.cli.show import show
from otelrun.errors import NotFoundError, RunInUseError, StoreError
from otelrun.profile import handoff
from otelrun.profile.model import Otelrun, Profile, Store
from otelrun.ring.directory import RunDirectory, list_runs
from otelrun.ring.recovery import claim
from otelrun.store import losses
from otelrun.store.ingest import StoreWriter
from otelrun.store.losses import Loss
from tests.support.shop_trace import FAST_TRACE_ID, SCOPES, TRACE_ID, description, placed, span, write_run

if TYPE_CHECKING:
    from pathlib import Path

    import click

OLD, NEW = "20261123-110000-77b1", "20261124-110000-3f9a"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OTELRUN_DIR", str(tmp_path))
    return str(tmp_path)


def invoke(command: click.Command, *words: str) -> Result:
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def document(*words: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(invoke(show, *words, "--json").stdout)
    return value


def other_run(root: str) -> None:
    """Write an older run with one trace of its own, whose id begins like a trace of the newer one."""
    directory = os.path.join(root, "runs", OLD)
    os.makedirs(directory)
    with open(os.path.join(directory, "run.json"), "w", encoding="utf-8") as file:
        json.dump(description(OLD), file)
    writer = StoreWriter(os.path.join(directory, "store.db"))
    process = writer.add_process("r", 4_194_301, 0, 0, {"service.name": "old"})
    spans = [span(1, 0, "old work", (0, 3), trace_id=0x4B << 120)]
    writer.add(process, placed(spans), SCOPES.__getitem__)
    writer.end_run(1)
    writer.close()


@pytest.mark.parametrize("words", [(), ("last",), ("3f9a",), ("20261124",), (NEW,)])
def test_a_run_is_named_by_its_end_its_beginning_or_not_at_all(root: str, words: tuple[str, ...]) -> None:
    write_run(root, NEW)
    other_run(root)

    shown = document(*words)
    assert shown["run"]["run_id"] == NEW
    assert shown["trace"]["trace_id"] == f"{TRACE_ID:032x}"
    assert [row["trace_id"] for row in shown["other_traces"]] == [f"{FAST_TRACE_ID:032x}"]


def test_a_trace_is_found_by_its_beginning_in_any_of_the_newest_runs(root: str) -> None:
    write_run(root, NEW)
    other_run(root)

    assert document("0af7")["trace"]["name"] == "GET /health"
    assert document(f"{0x4B << 120:032x}")["run"]["run_id"] == OLD
    assert "GET /health" in invoke(show, "0af76519").stdout


def test_what_names_several_traces_or_nothing_is_told(root: str) -> None:
    write_run(root, NEW)
    other_run(root)

    with pytest.raises(NotFoundError, match=r"'4b' names several traces: 4bf92f.*, 4b0000"):
        CliRunner().invoke(show, ["4b"], catch_exceptions=False)
    with pytest.raises(NotFoundError, match=r"no run 'beef' .* and no trace .* see: otelrun runs"):
        CliRunner().invoke(show, ["beef"], catch_exceptions=False)
    with pytest.raises(NotFoundError, match="names 2 runs"):
        CliRunner().invoke(show, ["2026"], catch_exceptions=False)


def test_without_runs_show_is_an_error_and_runs_says_how_to_make_one(root: str) -> None:
    with pytest.raises(NotFoundError, match="no runs below"):
        CliRunner().invoke(show, [], catch_exceptions=False)

    assert invoke(runs).stdout == f"No runs below {root} yet. Record one: otelrun python app.py\n"
    assert json.loads(invoke(runs, "--json").stdout) == {
        "format": 1,
        "runs": [],
        "removed_undelivered": {"runs": 0, "spans": 0, "logs": 0, "metrics": 0, "rings": 0},
    }


def test_an_unreadable_store_is_an_error_of_show_and_a_word_in_runs(root: str) -> None:
    directory = write_run(root, NEW)
    with open(os.path.join(directory, "store.db"), "wb") as file:
        file.write(b"no database" * 1_000)

    with pytest.raises(StoreError, match="not a database"):
        CliRunner().invoke(show, [], catch_exceptions=False)
    assert "unreadable" in invoke(runs).stdout


def storeless_run(root: str, *, state: dict[str, Any] | None, destinations: list[str]) -> None:
    directory = os.path.join(root, "runs", NEW)
    os.makedirs(directory)
    about = {**description(NEW), "destinations": destinations}
    for name, value in (("run.json", about), ("state.json", state)):
        if value is not None:
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                json.dump(value, file)


def test_a_run_without_a_store_is_shown_from_the_agents_accounts(root: str) -> None:
    state = {"ended_ns": 2, "processes": [{"recorded": {"spans": 7}}]}
    storeless_run(root, state=state, destinations=["otlp http://localhost:4318"])

    text = invoke(show).stdout
    assert "recorded  7 spans" in text
    assert "keeps no store" in text
    assert invoke(runs).stdout.splitlines()[1].split()[:2] == ["3f9a", "shop"]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"ended_ns": 2, "processes": []}, "Nothing was recorded"),
        ({"ended_ns": 2, "processes": [{"recorded": {"spans": 7}}]}, "Its store could not be written"),
        (None, "What it recorded is not in its store yet."),
    ],
)
def test_a_run_whose_store_is_missing_is_never_said_to_keep_none(
    root: str, state: dict[str, Any] | None, text: str
) -> None:
    storeless_run(root, state=state, destinations=["local store"])

    assert text in invoke(show).stdout


def test_a_store_that_nothing_was_written_to_is_no_error(root: str) -> None:
    storeless_run(root, state=None, destinations=["local store"])
    with open(os.path.join(root, "runs", NEW, "store.db"), "wb"):
        pass

    assert "What it recorded is not in its store yet." in invoke(show).stdout


def test_what_did_not_reach_the_store_is_told(root: str) -> None:
    directory = write_run(root, NEW)  # 8 spans, 4 log records, 1 damaged
    process = {"recorded": {"spans": 1_010, "logs": 4}, "dropped": {"spans": {"no room": 2}}, "torn": 1}
    state = {"ended_ns": 2, "processes": [process]}
    with open(os.path.join(directory, "state.json"), "w", encoding="utf-8") as file:
        json.dump(state, file)

    assert "1,000 records not in the store (see agent.log beside it)" in invoke(show).stdout


def test_a_directory_with_an_undecodable_name_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = os.path.join(str(tmp_path), os.fsdecode(b"\xff"))
    monkeypatch.setenv("OTELRUN_DIR", root)
    write_run(root, NEW)

    assert document()["run"]["run_id"] == NEW


def test_filters_choose_among_the_traces(root: str) -> None:
    write_run(root, NEW)

    assert document("--errors")["other_traces"] == []
    assert document("--slow", "40")["trace"]["name"] == "POST /orders"
    assert "No trace of this run is like that." in invoke(show, "--slow", "5000").stdout


def test_runs_are_listed_newest_first(root: str) -> None:
    write_run(root, NEW)
    other_run(root)

    lines = invoke(runs).stdout.splitlines()
    assert [line.split()[0] for line in lines[:-2]] == ["run", "3f9a", "77b1"]
    assert re.fullmatch(r"2 runs, \d+ KiB", lines[-1])
    listed = json.loads(invoke(runs, "--json", "-n", "1").stdout)["runs"]
    assert [(row["run_id"], row["totals"]["spans"]) for row in listed] == [(NEW, 8)]


def test_show_waits_for_the_agent_of_a_run_that_is_over_not_for_long(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otelrun.cli.finding._PATIENCE_S", 0.2)
    held = claim(RunDirectory(write_run(root, NEW)))
    assert held is not None
    shown = document()
    held.release()

    assert shown["run"]["state"] == "finishing"


def holding_run(root: str) -> RunDirectory:
    run = RunDirectory(write_run(root, OLD))
    os.makedirs(run.outbox)
    with open(os.path.join(run.outbox, "spans-0"), "wb"):
        pass
    state = {"ended_ns": 2, "destinations": [{"name": "spans-0", "signal": "spans", "held": 7}]}
    with open(os.path.join(run.path, "state.json"), "w", encoding="utf-8") as file:
        json.dump(state, file)
    return run


def test_a_run_is_removed_with_all_it_holds(root: str) -> None:
    directory = write_run(root, NEW)
    write_run(root, OLD)

    assert re.fullmatch(f"removed {NEW}, \\d+ KiB\n", invoke(runs, "remove", "3f9a").stdout)
    assert not os.path.exists(directory)
    assert [run.run_id for run in list_runs(root)] == [OLD]


def test_what_is_not_delivered_yet_is_removed_only_if_that_is_said_and_is_counted(root: str) -> None:
    run = holding_run(root)
    with pytest.raises(RunInUseError, match=r"it holds undelivered telemetry \(7 spans\)"):
        CliRunner().invoke(runs, ["remove", "last"], catch_exceptions=False)
    assert invoke(runs, "remove", "--all").stdout == ""
    assert os.path.exists(run.path)

    assert invoke(runs, "remove", "--undelivered", "last").stdout.endswith(", undelivered: 7 spans\n")
    assert not os.path.exists(run.path)
    assert losses.read(root) == Loss(1, 7)


def test_a_run_that_an_agent_has_stays(root: str) -> None:
    run = RunDirectory(write_run(root, NEW))
    held = claim(run)
    assert held is not None
    with pytest.raises(RunInUseError, match="it is finishing; let it end first"):
        CliRunner().invoke(runs, ["remove", "last"], catch_exceptions=False)
    held.release()
    assert os.path.exists(run.path)


def test_what_to_remove_is_named_or_all(root: str) -> None:
    write_run(root, NEW)
    for words in (["remove"], ["remove", "--all", "last"]):
        result = CliRunner().invoke(runs, words)
        assert result.exit_code == 2
        assert "name the runs to remove, or say --all" in result.output
    with pytest.raises(NotFoundError):
        CliRunner().invoke(runs, ["remove", "beef"], catch_exceptions=False)
    assert len(list_runs(root)) == 1


def test_room_is_told_with_the_limit_of_the_newest_run(root: str) -> None:
    run = RunDirectory(write_run(root, NEW))
    profile = Profile(otelrun=Otelrun(store=Store(max_total_mb=300)))
    with open(run.profile, "w", encoding="ascii") as file:
        file.write(handoff.write(profile, run_directory=run.path, pipeline="agent"))

    assert re.search(r"\n1 run, \d+ KiB of 300 MiB \(store.max_total_mb\)\n$", invoke(runs).stdout)


def pruned_run(root: str) -> None:
    path = os.path.join(write_run(root, NEW), "store.db")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO pruned VALUES (1, 12000, 60000, 3000, 7, 5, 6)")
    connection.close()


def test_what_was_pruned_is_told_in_text_and_json(root: str) -> None:
    pruned_run(root)

    lines = invoke(show).stdout.splitlines()
    [kept] = [line for line in lines if line.startswith("  kept      8 spans (4 failed)")]
    assert lines[lines.index(kept) + 1 :][:2] == [
        "  pruned    12,000 oldest traces · 60,000 spans · 3,000 logs · 7 metric points",
        "            more room: distribution.otelrun.store.max_run_mb",
    ]
    pruned = {"traces": 12_000, "spans": 60_000, "logs": 3_000, "points": 7, "until_ns": 5, "pruned_ns": 6}
    assert document()["run"]["pruned"] == pruned


def test_a_trace_that_is_not_there_may_have_been_pruned(root: str) -> None:
    pruned_run(root)

    with pytest.raises(NotFoundError, match=rf"\nit may have been pruned from run {NEW}, at .* at the latest"):
        CliRunner().invoke(show, ["beef"], catch_exceptions=False)
    with pytest.raises(NotFoundError) as caught:
        CliRunner().invoke(show, ["no-trace"], catch_exceptions=False)
    assert "pruned" not in str(caught.value)
