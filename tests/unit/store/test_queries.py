"""Reading a store."""

from __future__ import annotations

import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from otelrun.errors import StoreError
from otelrun.store import schema
from otelrun.store.accounts import ProcessAccount, RunAccounts
from otelrun.store.ingest import StoreWriter
from otelrun.store.queries import StoreReader, open_store
from otelrun.store.rows import NoteRow, Totals, TraceRow
from tests.support.shop_trace import (
    ACCOUNTS,
    FAST_TRACE_ID,
    MS,
    SCOPES,
    START_NS,
    TRACE_ID,
    log,
    placed,
    span,
    write_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[StoreReader]:
    with open_store(os.path.join(write_run(str(tmp_path)), "store.db")) as store:
        yield store


def test_totals_count_everything(shop: StoreReader) -> None:
    assert shop.totals() == Totals(processes=3, traces=2, spans=8, errors=4, logs=4, metrics=2, metric_points=2)
    assert shop.ended_ns() == START_NS + 1_520 * MS


def test_accounts_of_the_run(shop: StoreReader) -> None:
    assert shop.accounts() == ACCOUNTS
    assert shop.notes() == [NoteRow("no-tls", "sending without TLS", 1)]
    assert [(p.service_name, p.torn, p.resource) for p in shop.processes()] == [
        ("shop", 1, {"service.name": "shop", "process.pid": 4_194_301}),
        ("stock", 0, {"service.name": "stock", "process.pid": 4_194_302}),
        ("pricing", 0, {"service.name": "pricing", "process.pid": 4_194_303}),
    ]


def test_the_failed_trace_comes_first(shop: StoreReader) -> None:
    order = {
        "http.route": "/orders",
        "url.path": "/orders",
        "http.request.method": "POST",
        "http.response.status_code": 500,
        "error.type": "500",
    }
    health = {"http.response.status_code": 200, "url.path": "/health"}
    times = (START_NS, START_NS + 48_200_000)
    failed = TraceRow(f"{TRACE_ID:032x}", "POST /orders", "server", "shop", order, *times, spans=7, errors=4, logs=4)
    times = (START_NS + 60 * MS, START_NS + 60_800_000)
    quick = TraceRow(
        f"{FAST_TRACE_ID:032x}", "GET /health", "server", "shop", health, *times, spans=1, errors=0, logs=0
    )

    assert shop.traces() == [failed, quick]
    assert shop.traces(limit=1) == [failed]
    assert shop.traces(has_errors=True) == [failed]
    assert shop.traces(slower_than_ns=40 * MS) == [failed]
    assert shop.traces(slower_than_ns=60 * MS) == []


def test_without_errors_the_slowest_trace_comes_first(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    writer = StoreWriter(path)
    process = writer.add_process("r", 1, 0, 0, {})
    spans = [span(i, 0, f"took {ms}", (0, ms), trace_id=i) for i, ms in ((1, 5), (2, 90), (3, 40))]
    writer.add(process, placed(spans), SCOPES.__getitem__)
    writer.close()

    with open_store(path) as store:
        assert [t.name for t in store.traces()] == ["took 90", "took 40", "took 5"]


def test_an_interrupted_trace_comes_before_slower_ones_and_after_those_with_errors(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    writer = StoreWriter(path)
    records = [
        span(1, 0, "slow", (0, 90), trace_id=1),
        span(2, 0, "killed", (0, 5), trace_id=2, otelrun__interrupted=True),
        span(3, 0, "failed", (0, 1), trace_id=3, status=2),
    ]
    writer.add(writer.add_process("r", 1, 0, 0, {}), placed(records), SCOPES.__getitem__)
    writer.set_accounts(RunAccounts((ProcessAccount("r", interrupted=1),)))
    writer.close()

    with open_store(path) as store:
        assert [(t.name, t.interrupted) for t in store.traces()] == [("failed", 0), ("killed", 1), ("slow", 0)]
        killed = store.trace(f"{2:032x}")
    assert killed is not None
    assert killed.summary.interrupted == 1


def test_a_trace_holds_its_spans_by_start_and_its_logs_by_time(shop: StoreReader) -> None:
    trace = shop.trace(f"{TRACE_ID:032x}")

    assert trace is not None
    assert [(s.name, s.service_name, s.parent_span_id) for s in trace.spans] == [
        ("POST /orders", "shop", ""),
        ("check stock", "shop", "00000000000000a1"),
        ("GET", "shop", "00000000000000a2"),
        ("GET /stock/{item}", "stock", "00000000000000a3"),
        ("shop.Pricing/Quote", "shop", "00000000000000a1"),
        ("shop.Pricing/Quote", "pricing", "00000000000000a4"),
        ("find price", "pricing", "00000000000000c1"),
    ]
    assert [(entry.body, entry.logger, entry.severity_text) for entry in trace.logs] == [
        ("order 17 received", "shop.orders", "INFO"),
        ("1 durian left", "shop.orders", "WARNING"),
        ("quote for durian", "shop.pricing", "DEBUG"),
        ("order 17 failed", "shop.orders", "ERROR"),
    ]
    assert trace.spans[-1].events[0].attributes["exception.type"] == "ValueError"
    assert shop.trace("0" * 32) is None


@pytest.mark.parametrize(
    ("prefix", "found"), [("4bf9", True), ("4BF9", True), ("4bfa", False), ("", False), ("4%", False)]
)
def test_traces_are_found_by_the_beginning_of_their_id(shop: StoreReader, prefix: str, found: bool) -> None:
    assert shop.find_trace_ids(prefix) == ([f"{TRACE_ID:032x}"] if found else [])


def test_logs_outside_traces_are_the_newest_in_order(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    writer = StoreWriter(path)
    logs = [log(0, at, f"line {at}") for at in range(5)]
    records = [*logs, span(1, 0, "GET", (8, 10)), log(1, 9, "inside")]
    writer.add(writer.add_process("r", 1, 0, 0, {}), placed(records), SCOPES.__getitem__)
    writer.close()

    with open_store(path) as store:
        assert [entry.body for entry in store.logs_outside_traces(limit=2)] == ["line 3", "line 4"]


def test_logs_of_a_trace_without_a_span_so_far_are_outside_traces(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    writer = StoreWriter(path)
    writer.add(writer.add_process("r", 1, 0, 0, {}), placed([log(1, 9, "in a request")]), SCOPES.__getitem__)
    writer.close()

    with open_store(path) as store:
        assert [entry.body for entry in store.logs_outside_traces(limit=2)] == ["in a request"]


def test_a_row_that_cannot_be_decoded_is_shown_as_it_is(tmp_path: Path) -> None:
    path = os.path.join(write_run(str(tmp_path)), "store.db")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE span SET attributes = '{broken', name = CAST(x'ff' AS TEXT) WHERE name = 'find price'")
    connection.execute("UPDATE log SET body = '{', body_is_json = 1, attributes = '[1]'")
    connection.commit()
    connection.close()

    with open_store(path) as store:
        trace = store.trace(f"{TRACE_ID:032x}")
    assert trace is not None
    assert (trace.spans[-1].name, trace.spans[-1].attributes) == ("\ufffd", {"unreadable": "{broken"})
    assert (trace.logs[0].body, trace.logs[0].attributes) == ("{", {"unreadable": [1]})


def test_what_is_no_store_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with pytest.raises(StoreError, match="there is no store"), open_store(str(path)):
        pass
    path.touch()
    with pytest.raises(StoreError, match="nothing written yet"), open_store(str(path)):
        pass
    path.write_bytes(b"something else" * 1_000)
    with pytest.raises(StoreError, match="not a database"), open_store(str(path)):
        pass


def test_a_store_of_a_newer_otelrun_says_what_to_do(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    StoreWriter(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()

    with pytest.raises(StoreError, match=r"newer otelrun .* upgrade otelrun"), open_store(path):
        pass


def test_reading_changes_nothing_and_a_path_may_hold_any_character(tmp_path: Path) -> None:
    folder = tmp_path / "a ?#%20 ü"
    folder.mkdir()
    path = os.path.join(write_run(str(folder)), "store.db")
    before = (os.stat(path).st_mtime_ns, os.listdir(os.path.dirname(path)))

    with open_store(path) as store:
        assert store.totals().spans == 8
        with pytest.raises(StoreError, match="readonly"):
            store.rows("DELETE FROM span")
    assert (os.stat(path).st_mtime_ns, os.listdir(os.path.dirname(path))) == before


def test_a_store_in_write_ahead_mode_on_read_only_media_is_read_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.path.join(write_run(str(tmp_path)), "store.db")
    connect = sqlite3.connect

    def refuse_shared_memory(database: str, **options: object) -> sqlite3.Connection:
        if "immutable" not in database:
            message = "unable to open database file"
            raise sqlite3.OperationalError(message)
        return connect(database, **options)  # type: ignore[arg-type, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", refuse_shared_memory)
    with open_store(path) as store:
        assert store.totals().spans == 8


def test_what_a_killed_agent_had_committed_is_read(tmp_path: Path) -> None:
    (tmp_path / "left").mkdir()
    writer = StoreWriter(str(tmp_path / "store.db"))
    writer.add(writer.add_process("r", 1, 0, 0, {}), placed([span(1, 0, "kept", (0, 1))]), SCOPES.__getitem__)
    writer.commit()
    for name in ("store.db", "store.db-wal"):
        shutil.copy(tmp_path / name, tmp_path / "left" / name)
    writer.close()

    with open_store(str(tmp_path / "left" / "store.db")) as store:
        assert [trace.name for trace in store.traces()] == ["kept"]


def test_what_a_killed_agent_had_half_changed_is_undone(tmp_path: Path) -> None:
    path = os.path.join(write_run(str(tmp_path)), "store.db")
    (tmp_path / "left").mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(
        "PRAGMA cache_size = 1"
    )  # what is changed goes to the file at once, and how it was to the journal
    connection.execute("BEGIN")
    connection.execute("DELETE FROM span")
    connection.executemany("INSERT INTO note (id, text) VALUES (?, ?)", ((n, "x" * 3_000) for n in range(100, 200)))
    for name in ("store.db", "store.db-journal"):
        shutil.copy(os.path.join(os.path.dirname(path), name), tmp_path / "left" / name)
    connection.close()

    with open_store(str(tmp_path / "left" / "store.db")) as store:
        assert store.totals().spans == 8
        assert len(store.notes()) < 100


def test_the_views_answer_what_people_ask(tmp_path: Path) -> None:
    path = os.path.join(write_run(str(tmp_path)), "store.db")
    connection = sqlite3.connect(path)
    try:
        requests = (
            "SELECT service, name, is_error, status_code, route, duration_ms FROM requests ORDER BY duration_ms DESC"
        )
        assert connection.execute(requests).fetchall() == [
            ("shop", "POST /orders", 1, 500, "/orders", 48.2),
            ("pricing", "shop.Pricing/Quote", 1, "UNKNOWN", None, 21.8),
            ("stock", "GET /stock/{item}", 0, 200, None, 7.2),
            ("shop", "GET /health", 0, 200, None, 0.8),
        ]
        errors = "SELECT name, type, message FROM errors ORDER BY duration_ms"
        assert connection.execute(errors).fetchall() == [
            ("find price", "ValueError", "no price for 'durian'"),
            ("shop.Pricing/Quote", "ValueError", "no price for 'durian'"),
            ("shop.Pricing/Quote", "UNKNOWN", "no price for 'durian'"),
            ("POST /orders", "500", ""),
        ]
        assert connection.execute(
            "SELECT time_utc, severity, logger, body FROM logs ORDER BY time_ns LIMIT 1"
        ).fetchall() == [("2026-11-24 10:00:00.000", "INFO", "shop.orders", "order 17 received")]
        assert connection.execute("SELECT name, value, count FROM metrics ORDER BY name").fetchall() == [
            ("http.server.request.duration", 0.051, 2),
            ("orders", 3, None),
        ]
    finally:
        connection.close()
