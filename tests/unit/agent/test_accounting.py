"""A run's accounts: what each process recorded and what became of it, on disk and across agents."""

from __future__ import annotations

import os

import pytest

from otelrun.agent import accounting
from otelrun.agent.accounting import Accounting
from otelrun.delivery.totals import Totals
from otelrun.ring import layout
from otelrun.ring.directory import RunDirectory, create_run
from otelrun.ring.reader import RingReader
from otelrun.ring.record import LOG, SPAN, encode
from otelrun.ring.writer import RingWriter
from otelrun.store.accounts import Delivery, ProcessAccount, from_state
from tests.support.exporters import CountingExporter

SPAN_BYTES = encode(SPAN, (1, 1, 0, 1, "work", 0, 5, 6, {}, 0))
LOG_BYTES = encode(LOG, (5, 5, 1, 1, 1, 9, "INFO", "hello", {}, "", 0, 0))


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    return create_run(str(tmp_path))


def make_ring(run, number=1):
    writer = RingWriter(os.path.join(run.rings, f"{number}.ring"), data_size=4096, tables_size=4096)
    writer.words[layout.WORD_CREATED_NS] = number
    return writer, RingReader(writer.path)


def take(reader, *exporters):
    records = reader.read(100)
    for exporter in exporters:
        exporter.put(reader.identity, len(records))
    reader.commit()


def test_a_process_has_what_it_recorded_and_what_became_of_it(run):
    writer, reader = make_ring(run)
    spans = CountingExporter("spans-0")
    for _ in range(4):
        writer.append(SPAN, SPAN_BYTES)
    writer.append(SPAN, bytes(5_000))
    take(reader, spans)
    spans.deliver(1)
    writer.append(SPAN, SPAN_BYTES)
    accounts = Accounting(run).save([reader], [spans], None)
    assert accounts.processes == (
        ProcessAccount(
            "1.ring",
            reader.identity,
            os.getpid(),
            recorded={"spans": 5},
            dropped={"spans": {"too large": 1}},
            deliveries={"spans-0": Delivery(3, 0, {"partial success": 1})},
        ),
    )
    assert from_state(accounting.read(run)) == accounts


def test_spans_that_its_end_interrupted_count_for_its_exporters(run):
    writer, reader = make_ring(run)
    writer.append(LOG, LOG_BYTES)
    spans, logs = CountingExporter("spans-0"), CountingExporter("logs-0")
    take(reader, logs)
    spans.put(reader.identity, 2)
    books = Accounting(run)
    books.leave(reader, interrupted=2)
    [process] = books.save([], [spans, logs], None).processes
    assert (process.recorded, process.interrupted) == ({"logs": 1}, 2)
    assert process.deliveries == {"spans-0": Delivery(0, 2), "logs-0": Delivery(0, 1)}


def test_what_an_outbox_has_dropped_is_not_forgotten_with_it(run):
    writer, reader = make_ring(run)
    writer.append(SPAN, SPAN_BYTES)
    spans, logs = CountingExporter("spans-0"), CountingExporter("logs-0")
    take(reader, spans)
    spans.deliver(1)
    logs.put(reader.identity, 0)
    books = Accounting(run)
    books.leave(reader)
    books.save([], [spans, logs], None)
    emptied = CountingExporter("spans-0", before=Accounting(run).before()["spans-0"])
    accounts = Accounting(run).save([], [emptied, logs], None)
    assert accounts.processes[0].deliveries["spans-0"] == Delivery(0, 0, {"partial success": 1})
    assert accounts.exporters[0].delivery == Delivery(0, 0, {"partial success": 1})


def test_an_agent_killed_before_it_removed_a_ring_does_not_count_it_twice(run):
    writer, reader = make_ring(run)
    writer.append(SPAN, SPAN_BYTES)
    spans = CountingExporter("spans-0")
    take(reader, spans)
    first = Accounting(run)
    first.leave(reader)
    first.save([], [spans], None)
    second = Accounting(run)
    [process] = second.save([reader], [spans], None).processes
    assert (process.is_gone, process.recorded) == (False, {"spans": 1})
    second.leave(reader)
    assert second.save([], [spans], None).total().recorded == {"spans": 1}


def test_a_ring_that_somebody_removed_keeps_its_last_account(run):
    writer, reader = make_ring(run)
    writer.append(SPAN, SPAN_BYTES)
    reader.read(1)
    Accounting(run).save([reader], [CountingExporter("spans-0")], None)
    [process] = Accounting(run).save([], [CountingExporter("spans-0")], None).processes
    assert (process.is_gone, process.recorded) == (True, {"spans": 1})


def test_the_oldest_of_too_many_processes_are_summed_up(run, monkeypatch):
    monkeypatch.setattr(accounting, "MAX_LISTED", 2)
    spans = CountingExporter("spans-0")
    books = Accounting(run)
    for number in range(1, 6):
        writer, reader = make_ring(run, number)
        writer.append(SPAN, SPAN_BYTES)
        take(reader, spans)
        books.leave(reader)
        books.save([], [spans], None)
    spans.deliver(0)
    accounts = Accounting(run).save([], [spans], None)
    assert [process.ring for process in accounts.processes] == ["4.ring", "5.ring"]
    assert (accounts.older_count, accounts.older.recorded) == (3, {"spans": 3})
    assert accounts.older.deliveries == {"spans-0": Delivery(1, 2)}


def test_metric_points_belong_to_the_process_they_came_from(run):
    metrics = CountingExporter("metrics-0")
    _, one = make_ring(run, 1)
    _, two = make_ring(run, 2)
    books = Accounting(run)
    for reader, points in ((one, 3), (two, 4), (one, 2)):
        metrics.put(reader.identity, points)
        books.put_points(reader.identity, "metrics-0", points)
    metrics.deliver(0)
    books.leave(one)
    books.save([two], [metrics], None)
    accounts = Accounting(run).save([two], [metrics], None)
    assert [(process.ring, process.points, process.deliveries["metrics-0"]) for process in accounts.processes] == [
        ("1.ring", {"metrics-0": 5}, Delivery(3, 2)),
        ("2.ring", {"metrics-0": 4}, Delivery(0, 4)),
    ]


def test_what_an_agent_had_in_memory_only_when_it_was_killed_is_told_as_lost_with_it(run):
    writer, reader = make_ring(run)
    writer.append(SPAN, SPAN_BYTES)
    writer.append(SPAN, SPAN_BYTES)
    spans = CountingExporter("spans-0")
    reader.read(2)
    spans.put(reader.identity, 1)
    books = Accounting(run)
    for _ in range(2):
        [exporter] = books.save([reader], [spans], None).exporters
        assert exporter.delivery == Delivery(0, 1, {"lost with an agent": 1})
    assert Accounting(run).before() == {"spans-0": Totals(0, 1, 0)}


def test_reasons_that_an_outbox_does_not_know_any_more_are_taken_from_what_was_saved(run):
    spans = CountingExporter("spans-0")
    spans.put(7, 3)
    spans.deliver(2)
    Accounting(run).save([], [spans], None)
    emptied = CountingExporter("spans-0", before=Totals(1, 3, 0))
    emptied.lose(0, 1, "not known any more")
    [exporter] = Accounting(run).save([], [emptied], None).exporters
    assert exporter.delivery == Delivery(1, 0, {"partial success": 2, "not known any more": 2})


def test_since_when_an_endpoint_is_away_outlives_the_agent(run, monkeypatch):
    now = iter(range(100, 1_000))
    monkeypatch.setattr(accounting.time, "time_ns", lambda: next(now))
    spans = CountingExporter("spans-0")
    spans.state = "holding"
    since = [Accounting(run).save([], [spans], None).exporters[0].since_ns for _ in range(2)]
    assert since[0] == since[1] >= 100
    spans.state = "delivering"
    assert Accounting(run).save([], [spans], None).exporters[0].since_ns > since[0]


def test_without_channels_what_was_saved_of_them_stands(run):
    spans = CountingExporter("spans-0")
    spans.put(7, 3)
    saved = Accounting(run).save([], [spans], None)
    assert Accounting(run).save([], [], 5).exporters == saved.exporters
    assert Accounting(run).ended_ns == accounting.read(run)["ended_ns"] == 5


def test_nothing_is_written_while_nothing_changes(run):
    books = Accounting(run)
    spans = CountingExporter("spans-0")
    path = os.path.join(run.path, accounting.FILE)
    books.save([], [spans], None)
    before = os.stat(path).st_ino
    books.save([], [spans], None)
    assert os.stat(path).st_ino == before
    spans.put(7, 1)
    books.save([], [spans], None)
    assert os.stat(path).st_ino != before
    assert os.listdir(run.path).count("state.json.new") == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"processes": 7, "destinations": [null], "older": "x"}'])
def test_a_damaged_file_is_as_none(run, text):
    with open(os.path.join(run.path, accounting.FILE), "w", encoding="utf-8") as file:
        file.write(text)
    assert Accounting(run).save([], [], None).exporters == ()


def test_where_the_file_cannot_be_written_the_run_goes_on(run):
    os.mkdir(os.path.join(run.path, "state.json.new"))
    spans = CountingExporter("spans-0")
    spans.put(7, 2)
    assert Accounting(run).save([], [spans], None).exporters[0].delivery == Delivery(0, 2)
