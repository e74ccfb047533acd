"""What ``otelrun show`` says about what became of the telemetry."""

from __future__ import annotations

from typing import Any

import pytest

from otelrun.store.accounts import Delivery, ExporterAccount, ProcessAccount, RunAccounts
from otelrun.store.listing import Listing
from otelrun.store.rows import ProcessRow, RunRow
from otelrun.viewer.facts import RunFacts
from otelrun.viewer.terminal.arrival import lines
from otelrun.viewer.terminal.screen import Glyphs

SECOND = 1_000_000_000
NOW_NS = 1_795_514_400 * SECOND  # 2026-11-24 10:00:00 UTC
WIDTH = 68
URL = "http://localhost:4318"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def exporter(signal: str, *numbers: Any, url: str = URL, **more: Any) -> ExporterAccount:
    return ExporterAccount(f"{signal}-0", signal, url, delivery=Delivery(*numbers), **more)


def drawn(accounts: RunAccounts, state: str = "ended", destinations: tuple[str, ...] = ()) -> list[str]:
    rows = [ProcessRow(1, 101, 0, "shop", {}, 0, 0, "a.ring")]
    about = RunFacts(
        Listing(RunRow("r", destinations=destinations), state, accounts=accounts), "", rows, accounts=accounts
    )
    facts = [(label, text.plain) for label, text in lines(about, WIDTH, Glyphs(), NOW_NS)]
    return [f"{label}|{text}" for label, text in facts]


def test_before_the_first_delivery_it_says_where_it_is_to_go() -> None:
    assert drawn(RunAccounts(), destinations=("a", "b", "local store")) == ["sends to|a · b"]
    assert drawn(RunAccounts(exporters=(exporter("spans"),))) == [f"sends to|{URL}"]


def test_one_line_says_that_everything_arrived() -> None:
    exporters = exporter("spans", 1_204), exporter("logs"), exporter("metrics")
    assert drawn(RunAccounts(exporters=exporters)) == [f"sent to|everything arrived: 1,204 spans at {URL} ✓"]


def test_where_one_line_is_too_long_the_destination_has_its_own() -> None:
    exporters = exporter("spans", 1_204), exporter("logs", 80), exporter("metrics", 12)
    assert drawn(RunAccounts(exporters=exporters)) == [
        "sent to|everything arrived: 1,204 spans, 80 log records, 12 metric points",
        f"|at {URL} ✓",
    ]


def test_what_the_program_sends_itself_is_not_lost() -> None:
    run = RunAccounts(exporters=(exporter("spans", 5, 0, {"sent by the program itself": 7}),))
    assert drawn(run) == [f"sent to|everything arrived: 5 spans at {URL} ✓"]
    assert run.lost() == 0


def test_of_a_running_run_it_says_how_far_it_is() -> None:
    run = RunAccounts(exporters=(exporter("spans", 5, 3, state="delivering"),))
    assert drawn(run, "running") == [f"sent to|so far: 5 spans at {URL}; 3 on their way"]


def test_of_a_run_whose_agent_was_killed_it_does_not_say_that_everything_arrived() -> None:
    run = RunAccounts(exporters=(exporter("spans", 14),))
    assert drawn(run, "interrupted") == [f"sent to|so far: 14 spans at {URL}"]


def test_what_is_held_is_told_with_since_when_and_what_sends_it() -> None:
    away = {"state": "holding", "since_ns": NOW_NS - 90 * SECOND, "last_error": "Connection refused"}
    run = RunAccounts(exporters=(exporter("spans", 5, 1_200, **away), exporter("logs", 80)))
    assert drawn(run) == [
        f"sent to|{URL}",
        "|signal       recorded  exported   held  lost",
        "|spans           1,205         5  1,200     -",
        "|log records        80        80      -     -",
        "held|1,200 spans",
        "|Connection refused since 09:58:30",
        "|the next otelrun on this machine sends them; at once: otelrun true",
    ]
    assert drawn(run, "running")[-2:] == ["|Connection refused since 09:58:30", "|they are sent when it answers"]


def test_what_is_held_since_nobody_answered_in_time_says_so() -> None:
    assert drawn(RunAccounts(exporters=(exporter("spans", 0, 6),)))[-3:] == [
        "held|6 spans",
        "|no answer in time at the end: distribution.otelrun.exit_budget_ms",
        "|the next otelrun on this machine sends them; at once: otelrun true",
    ]


def test_each_loss_has_its_reason_and_what_mends_it() -> None:
    process = ProcessAccount(
        recorded={"spans": 19, "logs": 3},
        dropped={"spans": {"no room": 3}, "logs": {"no room": 2}, "series": {"no room": 1}},
        torn=1,
    )
    dropped = {"rejected: HTTP 404": 2, "outbox full": 4, "partial success": 1}
    run = RunAccounts((process,), exporters=(exporter("spans", 9, 0, dropped), exporter("logs", 1)))
    assert drawn(run) == [
        f"sent to|{URL}",
        "|signal       recorded  exported  held  lost",
        "|spans              19         9     -    10",
        "|log records         3         1     -     2",
        "lost|3 spans (no room)",
        "|2 log records (no room)",
        "|more room: distribution.otelrun.ring.size",
        "|a longer wait for it: distribution.otelrun.ring.hold_ms",
        "|1 metric series (no room)",
        "|more room: distribution.otelrun.ring.tables_size",
        "|1 record damaged",
        "|2 spans (rejected: HTTP 404)",
        "|check the endpoint of the exporter: nothing takes this signal there",
        "|4 spans (outbox full)",
        "|more room: distribution.otelrun.outbox_limit_mb",
        "|1 span (partial success)",
    ]


def test_processes_are_listed_where_there_are_several() -> None:
    whole = (
        ProcessAccount(
            "a.ring",
            pid=101,
            recorded={"spans": 2, "notes": 1},
            interrupted=1,
            points={"metrics-0": 4, "metrics-1": 4},
            deliveries={"spans-0": Delivery(3), "metrics-0": Delivery(4), "metrics-1": Delivery(4)},
        ),
        ProcessAccount("b.ring", pid=102, recorded={"spans": 1}, deliveries={"spans-0": Delivery(1)}),
    )
    run = RunAccounts(whole, exporters=(exporter("spans", 3),))
    assert drawn(run) == [
        f"sent to|everything arrived: 3 spans at {URL} ✓",
        "processes|pid        recorded",
        "|101  shop         7",
        "|102               1",
    ]


def test_of_many_processes_those_that_miss_something_come_first() -> None:
    processes = [
        ProcessAccount(f"{n}.ring", pid=200 + n, recorded={"spans": 1}, deliveries={"spans-0": Delivery(1)})
        for n in range(10)
    ]
    processes[7] = processes[7]._replace(deliveries={"spans-0": Delivery(0, 1)})
    processes[8] = processes[8]._replace(dropped={"spans": {"no room": 1}}, deliveries={})
    older = ProcessAccount(recorded={"spans": 90}, deliveries={"spans-0": Delivery(90)})
    run = RunAccounts(tuple(processes), older, 90, (exporter("spans", 98, 1),))
    text = drawn(run)
    table = text[next(number for number, line in enumerate(text) if line.startswith("processes|")) :]
    assert [line.split() for line in table[1:4]] == [
        ["|208", "1", "-", "-", "1"],
        ["|207", "1", "-", "1", "-"],
        ["|200", "1", "1", "-", "-"],
    ]
    assert len(table) == 9
    assert table[-1] == "|and 4 more: otelrun show --json"


def test_hostile_names_are_harmless() -> None:
    run = RunAccounts(exporters=(exporter("spans", 1, 1, url="http://\x1b[2J" + "x" * 100, last_error="\x07"),))
    assert "\x1b" not in "".join(drawn(run))
