from __future__ import annotations

import os
import sqlite3
import sys
import types
from time import monotonic, time_ns

import pytest

from otelrun.agent import accounting, loop
from otelrun.agent.notices import Notices
from otelrun.agent.owners import Processes
from otelrun.agent.work import RunWork
from otelrun.delivery import exporters, outbox, retry
from otelrun.delivery.totals import Totals
from otelrun.profile.model import (
    Exporter,
    LoggerProvider,
    MeterProvider,
    MetricReader,
    Otelrun,
    Processor,
    Profile,
    Store,
    TracerProvider,
)
from otelrun.ring import layout
from otelrun.ring.directory import RunDirectory, create_run
from otelrun.ring.record import LOG, NOTE, SPAN, SUM_CELLS, encode, encode_definition
from otelrun.ring.writer import RingWriter

DEADLINE_S = 10.0
PROFILE = Profile(
    tracer_provider=TracerProvider((Processor("batch", Exporter("otlp_http", "http://there/v1/traces")),)),
    logger_provider=LoggerProvider((Processor("simple", Exporter("otlp_http", "http://there/v1/logs")),)),
    meter_provider=MeterProvider((MetricReader(Exporter("otlp_http", "http://there/v1/metrics"), interval_ms=1_000),)),
)


class FakeStore:
    """Has the interface of ``StoreWriter`` and remembers what it was told."""

    made: list[FakeStore]

    def __init__(self, path, limit):
        self.path = path
        self.calls = []
        self.is_broken = False
        self.made.append(self)

    def add_process(self, *arguments):
        self.calls.append(("add_process", *arguments))
        return 7

    def add(self, process, records, _):
        if self.is_broken:
            raise sqlite3.OperationalError("database or disk is full")
        self.calls.append(("add", process, len(records)))

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, *arguments))


@pytest.fixture
def stores(monkeypatch):
    module = types.ModuleType("otelrun.store.ingest")
    FakeStore.made = []
    module.StoreWriter = FakeStore
    monkeypatch.setitem(sys.modules, "otelrun.store.ingest", module)
    return FakeStore.made


@pytest.fixture
def sent(monkeypatch):
    payloads = []

    class FakeTransport:
        def __init__(self, signal):
            self.signal = signal

        def send(self, data):
            payloads.append((self.signal, data))
            return retry.Outcome(retry.DELIVERED)

        def forget(self):
            """Have nothing to forget."""

    monkeypatch.setattr(exporters, "open_transport", lambda _exporter, signal, *_: FakeTransport(signal))
    return payloads


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    directory = create_run(str(tmp_path))
    with open(directory.description, "w", encoding="utf-8") as file:
        file.write('{"run_id": "me"}')
    return directory


def make_work(run, profile=PROFILE):
    return RunWork(run, profile, processes=Processes(), notices=Notices(run.log, None), stdout=None)


def make_ring(run, name="1-1.ring"):
    writer = RingWriter(os.path.join(run.rings, name), data_size=65_536, tables_size=8_192)
    writer.define(layout.TABLE_PROCESS, encode_definition(({"service.name": "shop"},)))
    return writer


def end_process(writer):
    writer.words[layout.WORD_START_TICKS] = 1  # the pid is another process's by now


def append_span(writer, number=1, attributes=None):
    fields = (1, number, 0, 1, "work", 0, 5, 6, attributes or {}, 0)
    writer.append(SPAN, encode(SPAN, fields))


def finish(work):
    work.begin_finish()
    work.finish(monotonic() + DEADLINE_S)


def test_records_reach_store_and_exporters_and_leave_the_ring(run, stores, sent):
    writer = make_ring(run)
    append_span(writer)
    writer.append(LOG, encode(LOG, (5, 5, 1, 1, 1, 9, "INFO", "hello", {}, "", 0, 0)))
    writer.append(NOTE, encode(NOTE, (5, "slug", "something is off")))
    work = make_work(run)
    assert work.drain() == 3
    assert writer.words[layout.WORD_TAIL] & ~layout.TAIL_SET == writer.words[layout.WORD_HEAD]
    [store] = stores
    assert [call[0] for call in store.calls] == ["describe_run", "add_process", "add", "commit"]
    assert store.calls[1][1:3] == ("1-1.ring", os.getpid())
    finish(work)
    assert sorted(signal for signal, _ in sent) == ["logs", "spans"]
    assert "something is off" in open_text(run.log)


def test_a_program_that_waits_for_delivery_is_answered_when_all_is_delivered(run, stores, sent):
    writer = make_ring(run)
    append_span(writer)
    series = encode_definition(("counter", "hits", "", "", 0, {}, (), 1))
    cell = writer.define(layout.TABLE_SERIES, series, SUM_CELLS)
    writer.doubles[cell], writer.words[cell + 1] = 3.0, time_ns()
    work = make_work(run)
    work.drain()
    work.answer_flushes()
    assert sent == []
    writer.words[layout.WORD_FLUSH_WANTED] = 1
    deadline = monotonic() + DEADLINE_S
    while not writer.words[layout.WORD_FLUSH_DONE] and monotonic() < deadline:
        work.answer_flushes()
    assert sorted(signal for signal, _ in sent) == ["metrics", "spans"]
    [state] = [accounting.read(run)]
    assert [row["held"] for row in state["destinations"]] == [0, 0, 0]
    assert state["ended_ns"] > 0
    finish(work)


def test_a_program_does_not_wait_for_an_endpoint_that_is_away(run, stores, sent, monkeypatch):
    monkeypatch.setattr(exporters, "open_transport", lambda *_: (_ for _ in ()).throw(ConnectionRefusedError()))
    writer = make_ring(run)
    append_span(writer)
    work = make_work(run)
    work.drain()
    writer.words[layout.WORD_FLUSH_WANTED] = 1
    deadline = monotonic() + DEADLINE_S
    while not writer.words[layout.WORD_FLUSH_DONE] and monotonic() < deadline:
        work.answer_flushes()
    assert [row["held"] for row in accounting.read(run)["destinations"]] == [1, 0, 0]
    work.finish(monotonic())


def open_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_ended_run_is_accounted_for_and_its_rings_are_removed(run, stores, sent):
    writer = make_ring(run)
    append_span(writer)
    end_process(writer)
    work = make_work(run)
    assert work.drain() == 1
    finish(work)
    assert [signal for signal, _ in sent] == ["spans"]
    assert os.listdir(run.rings) == os.listdir(run.outbox) == []
    state = accounting.read(run)
    assert state["recorded"] == {"spans": 1, "logs": 0, "notes": 0}
    [process] = state["processes"]
    assert (process["pid"], process["is_gone"], process["recorded"]) == (os.getpid(), True, {"spans": 1})
    assert [(row["name"], row["exported"], row["held"]) for row in state["destinations"]] == [
        ("spans-0", 1, 0),
        ("logs-0", 0, 0),
        ("metrics-0", 0, 0),
    ]
    assert state["ended_ns"] is not None
    names = [call[0] for call in stores[0].calls]
    assert "end_run" in names
    assert names[-1] == "close"


def test_libraries_and_the_end_of_a_process_reach_the_store(run, stores, sent):
    writer = make_ring(run)
    writer.define(layout.TABLE_LIBRARY, encode_definition(("queue", "queue", "hooked", "otelrun", "")))
    append_span(writer)
    end_process(writer)
    work = make_work(run)
    work.drain()
    work.tick(monotonic())
    work.tick(monotonic() + 2)
    writer.define(layout.TABLE_LIBRARY, encode_definition(("flask", "flask", "imported", "d", "")))
    finish(work)

    (store,) = stores
    told = [call for call in store.calls if call[0] in ("set_libraries", "end_process")]
    assert [call[:2] for call in told] == [("set_libraries", 7), ("set_libraries", 7), ("end_process", 7)]
    assert [[library.library for library in call[2]] for call in told[:2]] == [["queue"], ["flask"]]


def test_ring_of_a_living_process_stays(run, stores, sent):
    writer = make_ring(run)
    append_span(writer)
    work = make_work(run)
    work.drain()
    work.drain()
    finish(work)
    assert os.listdir(run.rings) == ["1-1.ring"]
    assert accounting.read(run)["ended_ns"] is None
    assert "end_run" not in [call[0] for call in stores[0].calls]


def test_store_that_fails_is_off_and_delivery_goes_on(run, stores, sent):
    writer = make_ring(run)
    work = make_work(run)
    append_span(writer)
    work.drain()
    stores[0].is_broken = True
    append_span(writer, 2)
    work.drain()
    append_span(writer, 3)
    work.drain()
    end_process(writer)
    finish(work)
    assert accounting.read(run)["destinations"][0]["exported"] == 3
    assert open_text(run.log).count("the store failed") == 1


def test_record_that_has_no_form_in_otlp_hides_no_other(run, stores, sent):
    writer = make_ring(run)
    append_span(writer, 1)
    append_span(writer, -5)
    append_span(writer, 3)
    end_process(writer)
    work = make_work(run)
    work.drain()
    finish(work)
    assert accounting.read(run)["destinations"][0]["exported"] == 2
    assert "encoding SpanRecord" in open_text(run.log)


def test_metrics_are_collected_at_their_interval_and_once_at_the_end(run, stores, sent):
    writer = make_ring(run)
    series = ("counter", "work.done", "1", "", 0, {}, (), 100)
    cell = writer.define(layout.TABLE_SERIES, encode_definition(series), SUM_CELLS)
    writer.doubles[cell], writer.words[cell + 1] = 5.0, time_ns()
    work = make_work(run)
    append_span(writer)
    work.drain()
    for now in (0.0, 0.9, 1.0, 1.5):
        work.tick(now)
    [channel] = [channel for channel in work.channels if channel.signal == "metrics"]
    assert sum(channel.totals()) == 1
    finish(work)
    end_process(writer)
    next_agent = make_work(run)
    next_agent.drain()
    finish(next_agent)
    assert os.listdir(run.rings) == []
    assert sum(signal == "metrics" for signal, _ in sent) == 2


def test_a_process_that_only_measures_is_stored_while_it_runs(run, stores, sent):
    writer = make_ring(run)
    series = ("counter", "work.done", "1", "", 0, {}, (), 100)
    cell = writer.define(layout.TABLE_SERIES, encode_definition(series), SUM_CELLS)
    writer.doubles[cell], writer.words[cell + 1] = 5.0, time_ns()
    work = make_work(run, Profile())
    work.drain()
    for now in (0.0, 4.9, 5.0):
        work.tick(now)
    (store,) = stores
    assert [call[:2] for call in store.calls if call[0] == "set_metrics"] == [("set_metrics", 7)]
    finish(work)


def test_run_without_a_store_and_with_nothing_left_is_removed(run, sent):
    writer = make_ring(run)
    append_span(writer)
    end_process(writer)
    profile = Profile(tracer_provider=PROFILE.tracer_provider, otelrun=Otelrun(store=Store(enabled=False)))
    work = make_work(run, profile)
    work.drain()
    finish(work)
    assert not os.path.exists(run.path)


def test_that_a_ring_is_full_is_told_once_in_a_run(run, stores, sent):
    told = []
    work = make_work(run)
    work._notices.tell = told.append
    writers = [make_ring(run, f"{number}-1.ring") for number in (1, 2)]
    now = monotonic()
    for step in range(3):
        for writer in writers:
            for number in range(2_000):
                append_span(writer, number + 1)
        work.drain()
        work.tick(now + step)
    [line] = told
    assert line.startswith(f"process {os.getpid()} records more than can be read")
    finish(work)


def test_what_a_slow_endpoint_left_no_room_for_is_read_after_the_end_as_it_makes_room(run, stores, sent, monkeypatch):
    writer = make_ring(run)
    append_span(writer)
    work = make_work(run)
    work.drain()
    append_span(writer)
    monkeypatch.setattr(work._rings, "is_alive", lambda _: False)
    [channel] = [channel for channel in work.channels if channel.signal == "spans"]
    answers = iter([True, True, False])
    monkeypatch.setattr(channel, "is_behind", lambda _: next(answers, False))
    loop.read_on(work, Processes(), monotonic() + DEADLINE_S)
    assert (work.has_rings(), os.listdir(run.rings)) == (False, [])
    finish(work)


def test_what_a_slow_endpoint_leaves_no_room_for_stays_in_the_ring(run, stores, sent, monkeypatch):
    writer = make_ring(run)
    append_span(writer)
    work = make_work(run)
    work.drain()
    append_span(writer)
    monkeypatch.setattr(work._rings, "is_alive", lambda _: False)
    monkeypatch.setattr(type(work.channels[0]), "is_behind", lambda *_: True)
    loop.read_on(work, Processes(), monotonic() + 0.05)
    assert work.has_rings()
    finish(work)
    assert os.listdir(run.rings) == [os.path.basename(writer.path)]


def test_slow_endpoint_holds_up_reading_and_one_that_is_away_does_not(run, stores, sent, monkeypatch):
    writer = make_ring(run)
    append_span(writer)
    work = make_work(run)
    work.drain()
    [channel] = [channel for channel in work.channels if channel.signal == "spans"]
    channel.stop()  # from here on its state is what the test says
    monkeypatch.setattr(type(channel), "totals", lambda _: Totals())
    monkeypatch.setattr(outbox.Outbox, "is_above", lambda self, share: share == 0.5 and self.path.endswith("spans-0"))
    append_span(writer)
    for state, read in (("delivering", 0), ("idle", 0), ("holding", 1)):
        channel.state = state
        assert work.drain() == read
    append_span(writer)
    channel.state = "delivering"
    monkeypatch.setattr(work, "is_any_owner_alive", lambda: False)
    assert work.drain() == 1  # nobody is held up any more
    finish(work)


def test_a_run_ended_when_its_first_agent_saw_it_end(run, stores, sent, monkeypatch):
    monkeypatch.setattr(exporters, "open_transport", lambda *_: (_ for _ in ()).throw(ConnectionRefusedError()))
    writer = make_ring(run)
    append_span(writer)
    end_process(writer)
    ended = []
    for _ in range(2):
        work = make_work(run)
        work.open()
        work.drain()
        work.begin_finish()
        work.finish(monotonic())
        ended.append(accounting.read(run)["ended_ns"])
    assert ended[0] == ended[1] > 0


def test_a_run_that_was_left_behind_ended_when_its_last_process_had(run, stores, sent):
    writer = make_ring(run)
    append_span(writer)
    end_process(writer)
    os.utime(writer.path, ns=(5_000, 5_000))
    work = make_work(run)
    while work.drain():
        pass
    work.begin_finish(is_left_behind=True)
    work.finish(monotonic() + DEADLINE_S)
    assert accounting.read(run)["ended_ns"] == 5_000


def test_without_self_metrics_nothing_of_them_is_loaded(run, monkeypatch):
    monkeypatch.delitem(sys.modules, "otelrun.agent.self_metrics", raising=False)
    make_work(run)
    assert "otelrun.agent.self_metrics" not in sys.modules
    make_work(run, PROFILE._replace(otelrun=Otelrun(self_metrics=True)))
    assert "otelrun.agent.self_metrics" in sys.modules


def test_metrics_about_the_run_follow_the_temporality_of_the_reader(run, stores, sent):
    exporter = Exporter("otlp_http", "http://there/v1/metrics", temporality="delta")
    reader = MetricReader(exporter, interval_ms=1_000)
    profile = PROFILE._replace(meter_provider=MeterProvider((reader,)), otelrun=Otelrun(self_metrics=True))
    writer = make_ring(run)
    work = make_work(run, profile)
    now = monotonic()
    for number in range(3):
        append_span(writer, number + 1)
        work.drain()
        work.tick(now + number)
    end_process(writer)
    work.drain()
    finish(work)
    data = b"".join(data for signal, data in sent if signal == "metrics")
    assert data.count(b"otel.sdk.processor.span.processed") == 2, "at two intervals; unchanged at the end"
    assert not os.path.exists(run.log)
