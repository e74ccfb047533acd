"""Writing a store."""

from __future__ import annotations

import math
import os
import sqlite3
import stat
from typing import TYPE_CHECKING, Any

import pytest

from otelrun.errors import StoreError
from otelrun.ring.record import EventRecord, NoteRecord, Scope, SpanRecord
from otelrun.store import schema
from otelrun.store.accounts import Delivery, ExporterAccount, ProcessAccount, RunAccounts
from otelrun.store.cutting import cut_text
from otelrun.store.ingest import StoreWriter
from otelrun.store.queries import open_store
from tests.support.shop_trace import SCOPES, counter, description, histogram, log, placed, quick_request, span

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNTS = RunAccounts(
    (
        ProcessAccount(
            "7-1.ring",
            pid=7,
            is_gone=True,
            recorded={"spans": 8},
            dropped={"spans": {"no room": 2}, "series": {"no room": 1}},
            torn=1,
            interrupted=3,
            deliveries={"spans-0": Delivery(5, 3, {"partial success": 1})},
        ),
    ),
    exporters=(
        ExporterAccount("spans-0", "spans", "d", last_error="x", delivery=Delivery(5, 3, {"partial success": 1})),
    ),
)


def scope_of(_: int) -> Scope:
    return SCOPES[1]


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def add_process(writer: StoreWriter, name: str = "7-1.ring") -> int:
    return writer.add_process(name, 7, 1, 2, {"service.name": "shop"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_the_file_is_for_its_owner_only_and_alone_after_close(path: Path) -> None:
    old = os.umask(0)
    try:
        writer = StoreWriter(str(path))
        add_process(writer)
        writer.commit()
        assert {stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()} == {0o600}
        writer.close()
    finally:
        os.umask(old)

    assert [p.name for p in path.parent.iterdir()] == ["store.db"]


def test_only_commit_keeps_what_was_added(path: Path) -> None:
    writer = StoreWriter(str(path))
    writer.add(add_process(writer), placed(quick_request()), scope_of)

    assert rows(path, "SELECT count(*) FROM span") == [(0,)]
    writer.commit()
    assert rows(path, "SELECT count(*) FROM span") == [(1,)]
    writer.close()


def test_everything_given_twice_is_stored_once_also_by_another_writer(path: Path) -> None:
    records = [*placed([*quick_request(), log(0xD1, 1, "x")]), (9000, NoteRecord(1, "s", "t"))]
    for _ in range(2):
        writer = StoreWriter(str(path))
        writer.describe_run(description("r"))
        for _ in range(2):
            process = add_process(writer)
            writer.add(process, records, scope_of)
            writer.set_metrics(process, [counter(3), histogram()], scope_of, 50)
            writer.set_accounts(ACCOUNTS)
            writer.end_run(99)
        writer.close()

    tables = ("run", "process", "scope", "span", "log", "note", "metric", "metric_point", "process_count", "delivery")
    tables += ("process_delivery",)
    counts = {table: rows(path, f"SELECT count(*) FROM {table}")[0][0] for table in tables}
    assert counts == dict.fromkeys(tables, 1) | {"metric": 2, "metric_point": 2, "process_count": 2}


def test_accounts_are_read_as_they_were_written(path: Path) -> None:
    writer = StoreWriter(str(path))
    add_process(writer)
    writer.set_accounts(ACCOUNTS._replace(processes=(ProcessAccount("7-1.ring", recorded={"spans": 1}),)))
    writer.set_accounts(ACCOUNTS)
    writer.close()

    with open_store(str(path)) as store:
        assert store.accounts() == ACCOUNTS


def test_accounts_that_have_not_changed_are_not_written_again(path: Path) -> None:
    writer = StoreWriter(str(path))
    add_process(writer)
    writer.set_accounts(ACCOUNTS)
    writer.commit()
    before = writer._connection.total_changes
    [exporter] = ACCOUNTS.exporters
    writer.set_accounts(ACCOUNTS._replace(exporters=(exporter._replace(state="holding", since_ns=5),)))
    assert writer._connection.total_changes == before
    writer.set_accounts(ACCOUNTS._replace(exporters=(exporter._replace(last_error="y"),)))
    assert writer._connection.total_changes > before
    writer.close()


def test_what_is_forgotten_of_a_process_keeps_its_number_and_its_account_may_change(path: Path) -> None:
    writer = StoreWriter(str(path))
    first = writer.add_process("7-1.ring", 7, 1, 2, {})
    writer.set_metrics(first, [counter(3)], scope_of, 50)
    writer.set_accounts(RunAccounts((ProcessAccount("7-1.ring", recorded={"spans": 1}),)))
    writer.commit()
    writer.forget_process("7-1.ring")
    assert (writer._processes, writer._metrics, writer._measured) == ({}, {}, {})
    second = writer.add_process("8-1.ring", 8, 1, 2, {})
    writer.set_accounts(RunAccounts((ProcessAccount("7-1.ring", recorded={"spans": 4}),)))
    writer.set_accounts(RunAccounts())  # both are summed up by now
    writer.set_accounts(RunAccounts((ProcessAccount("7-1.ring", recorded={"spans": 9}),)))
    writer.close()
    assert (first, second) == (1, 2)
    assert rows(path, "SELECT process, recorded FROM process_count WHERE kind = 'spans'") == [(1, 4)]


def test_accounts_of_a_process_without_a_row_are_left_out(path: Path) -> None:
    writer = StoreWriter(str(path))
    writer.set_accounts(ACCOUNTS)
    writer.close()

    with open_store(str(path)) as store:
        assert store.accounts() == RunAccounts(exporters=ACCOUNTS.exporters)


def test_a_resource_that_comes_late_completes_the_process(path: Path) -> None:
    writer = StoreWriter(str(path))
    first = writer.add_process("a.ring", 7, 1, 2, {})
    second = writer.add_process("a.ring", 7, 1, 2, {"service.name": "shop"})
    third = writer.add_process("a.ring", 7, 1, 2, {})
    other = writer.add_process("b.ring", 8, 1, 2, {})
    writer.close()

    assert (first, second, third, other) == (1, 1, 1, 2)
    assert rows(path, "SELECT id, service_name, resource FROM process ORDER BY id") == [
        (1, "shop", '{"service.name":"shop"}'),
        (2, None, "{}"),
    ]


def test_points_are_history_and_only_where_something_was_measured(path: Path) -> None:
    writer = StoreWriter(str(path))
    process = add_process(writer)
    writer.set_metrics(process, [counter(3)], scope_of, 100)
    writer.set_metrics(process, [counter(3)], scope_of, 200)
    writer.set_metrics(process, [counter(5)._replace(time_ns=250)], scope_of, 300)
    writer.close()

    assert rows(path, "SELECT time_ns, value, typeof(value) FROM metric_point") == [
        (100, 3, "integer"),
        (300, 5, "integer"),
    ]


def test_hostile_values_are_stored_and_hide_no_other_row(path: Path) -> None:
    event = EventRecord("e\ud800", 1 << 90, {"x": math.nan})
    hostile = [
        span(1, 0, "lone \ud800 surrogate", (0, 1), raw=b"\x00", nan=math.nan, big=1 << 100),
        span(2, 0, "x" * 1_000_000, (0, 1), text="\x00\x1b[31m\u202e</script>[bold]"),
        span(3, 0, "late", (0, 1))._replace(end_ns=1 << 80, events=(event,)),
        span(4, 0, "odd", (0, 1))._replace(name=("not", "a", "text")),
        span(5, 0, "odd ids", (0, 1))._replace(trace_id="not a number"),
        log(1, 0, "\ud800"),
        log(1, 0, b"\xff"),
        NoteRecord(1 << 70, "slug\ud800", "text"),
        *quick_request(),
    ]
    writer = StoreWriter(str(path))
    process = add_process(writer)
    writer.add(process, placed(hostile), scope_of)
    writer.set_metrics(
        process, [counter(math.nan)._replace(is_float=True), counter(math.inf)._replace(id=9)], scope_of, 1
    )
    writer.close()

    assert [name for (name,) in rows(path, "SELECT name FROM span ORDER BY id")] == [
        "lone \\ud800 surrogate",
        cut_text("x" * 1_000_000),
        "late",
        '["not","a","text"]',
        "GET /health",
    ]
    assert rows(path, "SELECT attributes FROM span ORDER BY id LIMIT 2") == [
        ('{"raw":{"base64":"AA=="},"nan":"NaN","big":1267650600228229401496703205376}',),
        ('{"text":"\\u0000\\u001b[31m\u202e</script>[bold]"}',),
    ]
    assert rows(path, "SELECT body, body_is_json FROM log ORDER BY id") == [("\\ud800", 0), ('{"base64":"/w=="}', 1)]
    assert rows(path, "SELECT slug FROM note") == [("slug\\ud800",)]
    assert rows(path, "SELECT value FROM metric_point ORDER BY metric") == [(None,), (math.inf,)]
    assert rows(path, "SELECT unstored FROM process") == [(1,)]
    assert len(rows(path, "SELECT * FROM spans")) == 5
    assert len(rows(path, "SELECT * FROM errors")) == 0


def test_a_failed_write_keeps_nothing_and_the_same_can_be_given_again(path: Path) -> None:
    writer = StoreWriter(str(path))
    writer.commit()
    process = add_process(writer)
    blocker = sqlite3.connect(path, isolation_level=None)
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")
    many = placed([span(i + 1, 0, "x" * 500, (0, 1)) for i in range(500)])

    with pytest.raises(StoreError, match="full"):
        writer.add(process, many, scope_of)

    writer._connection.execute("PRAGMA max_page_count = 1000000")
    writer.add(process, many, scope_of)
    writer.close()
    blocker.close()
    assert rows(
        path, "SELECT count(*) FROM span s JOIN process p ON p.id = s.process JOIN scope c ON c.id = s.scope"
    ) == [(500,)]


def test_a_file_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing"):
        StoreWriter(str(tmp_path / "missing" / "store.db"))
    (tmp_path / "store.db").write_text("no database at all" * 100)
    with pytest.raises(StoreError, match="not a database"):
        StoreWriter(str(tmp_path / "store.db"))


def test_a_store_of_a_newer_otelrun_is_not_touched(path: Path) -> None:
    StoreWriter(str(path)).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()

    with pytest.raises(StoreError, match="newer otelrun"):
        StoreWriter(str(path))


def test_a_reader_sees_each_commit_while_the_writer_goes_on(path: Path) -> None:
    writer = StoreWriter(str(path))
    process = add_process(writer)
    writer.commit()
    with open_store(str(path)) as store:
        for number in range(1, 4):
            writer.add(process, [(number * 512, span(number, 0, "s", (0, 1)))], scope_of)
            assert store.totals().spans == number - 1
            writer.commit()
            assert store.totals().spans == number
        writer.end_run(5)
        writer.close()
        assert store.ended_ns() == 5


def many(first: int) -> list[tuple[int, SpanRecord]]:
    return [(n * 512, span(n + 1, 0, "s", (n, n + 1), text="x" * 10_000)) for n in range(first, first + 400)]


def test_a_reader_that_does_not_let_go_makes_the_log_long_only_as_long_as_it_reads(path: Path) -> None:
    writer = StoreWriter(str(path))
    process = add_process(writer)
    writer.commit()
    log = path.with_name("store.db-wal")
    with open_store(str(path)) as store, store.snapshot():
        assert store.totals().spans == 0
        for first in range(0, 2_000, 400):
            writer.add(process, many(first), scope_of)
            writer.commit()
        assert log.stat().st_size > 20_000_000
        assert store.totals().spans == 0
    for first in range(2_000, 2_800, 400):
        writer.add(process, many(first), scope_of)
        writer.commit()
    assert log.stat().st_size < 9_000_000
    writer.close()
    assert rows(path, "SELECT count(*) FROM span") == [(2_800,)]


def test_a_log_as_long_as_the_file_may_be_takes_in_no_more_and_what_was_left_out_is_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otelrun.store.ingest._SHORTEST_FULL_LOG", 1)
    writer = StoreWriter(str(path), 10_000_000)
    process = add_process(writer)
    writer.commit()
    with open_store(str(path)) as store, store.snapshot():
        assert store.totals().spans == 0
        for first in range(0, 4_000, 400):
            writer.add(process, many(first), scope_of)
            writer.commit()
            writer.prune()
        assert path.with_name("store.db-wal").stat().st_size < 16_000_000
    for moment in (1, 2):
        writer.end_run(moment)
        writer.prune()
    writer.prune()
    writer.add(process, many(4_000), scope_of)
    writer.close()

    with open_store(str(path)) as store:
        [row] = store.processes()
        assert row.unstored > 1_000
        assert store.totals().spans + store.pruned().spans + row.unstored == 4_400


def test_ten_thousand_spans_are_stored_and_found(path: Path) -> None:
    writer = StoreWriter(str(path))
    process = add_process(writer)
    records: list[tuple[int, SpanRecord]] = []
    for trace in range(1, 1_001):
        spans = [
            span(trace * 100 + i, trace * 100 if i else 0, f"step {i}", (i, 10), trace_id=trace) for i in range(10)
        ]
        records.extend((trace * 4_096 + i * 8, item) for i, item in enumerate(spans))
    for start in range(0, len(records), 512):
        writer.add(process, records[start : start + 512], scope_of)
        writer.commit()
    writer.close()

    with open_store(str(path)) as store:
        assert (store.totals().spans, store.totals().traces) == (10_000, 1_000)
        trace = store.trace(f"{500:032x}")
        assert trace is not None
        assert [s.name for s in trace.spans] == [f"step {i}" for i in range(10)]
