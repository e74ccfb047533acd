"""An agent that is killed while it hands over is followed by one that neither repeats nor loses a record."""

from __future__ import annotations

import os
import random
from contextlib import contextmanager
from time import monotonic, time_ns

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelrun.agent.notices import Notices
from otelrun.agent.owners import Processes
from otelrun.agent.work import RunWork
from otelrun.delivery import exporters, outbox, retry
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
from otelrun.ring.directory import create_run
from otelrun.ring.reader import RingReader
from otelrun.ring.record import LOG, SPAN, SUM_CELLS, encode, encode_definition, encode_whole
from otelrun.ring.writer import RingWriter

DEADLINE_S = 20.0
BATCH = 8
PROFILE = Profile(
    tracer_provider=TracerProvider(
        (
            Processor("batch", Exporter("otlp_http", "http://a/v1/traces"), max_export_batch_size=BATCH),
            Processor("batch", Exporter("otlp_http", "http://b/v1/traces"), max_export_batch_size=BATCH),
        )
    ),
    logger_provider=LoggerProvider((Processor("batch", Exporter("otlp_http", "http://a/v1/logs")),)),
    meter_provider=MeterProvider(
        (MetricReader(Exporter("otlp_http", "http://a/v1/metrics", temporality="delta"), interval_ms=1_000),)
    ),
    otelrun=Otelrun(store=Store(enabled=False)),
)


class KilledError(BaseException):
    """Not an error that anybody handles: the agent ends here."""


class Places:
    """Stands for the endpoints: away until they are open; keeps what they got, by host and signal."""

    def __init__(self):
        self.is_open = False
        self.got = {}

    def open_transport(self, exporter, signal, *_):
        places = self

        class Transport:
            def send(self, data):
                if not places.is_open:
                    raise ConnectionRefusedError(111, "Connection refused")
                host = exporter.endpoint.split("/")[2]
                places.got.setdefault((host, signal), []).append(data)
                return retry.Outcome(retry.DELIVERED)

            def forget(self):
                """Have nothing to forget."""

        return Transport()

    def span_ids(self, host):
        requests = [ExportTraceServiceRequest.FromString(data) for data in self.got.get((host, "spans"), ())]
        return sorted(
            int.from_bytes(span.span_id, "big")
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        )

    def log_ids(self):
        requests = [ExportLogsServiceRequest.FromString(data) for data in self.got.get(("a", "logs"), ())]
        return sorted(
            int.from_bytes(record.span_id, "big")
            for request in requests
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        )

    def counted(self, name="n"):
        requests = [ExportMetricsServiceRequest.FromString(data) for data in self.got.get(("a", "metrics"), ())]
        return sum(
            point.as_int
            for request in requests
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.sum.data_points
        )


def make_ring(run, name, first):
    writer = RingWriter(
        os.path.join(run.rings, name), data_size=65_536, tables_size=8_192, open_size=4 * layout.OPEN_SLOT_SIZE
    )
    writer.words[layout.WORD_CREATED_NS] = first
    writer.define(layout.TABLE_PROCESS, encode_definition(({"service.name": "shop"},)))
    for number in range(first * 1_000, first * 1_000 + 30):
        writer.append(SPAN, encode(SPAN, (1, number, 0, 1, "work", 0, 5, 6, {}, 0)))
        if number % 2:
            writer.append(LOG, encode(LOG, (5, 5, 1, number, 1, 9, "INFO", "hello", {}, "", 0, 0)))
    for number in range(first * 1_000 + 30, first * 1_000 + 32):  # these had not ended
        writer.open_spans.put(encode_whole((1, number, 0, 1, "work", 0, 5, 0, {})))
    cell = writer.define(layout.TABLE_SERIES, encode_definition(("counter", "n", "", "", 0, {}, (), 1)), SUM_CELLS)
    writer.doubles[cell], writer.words[cell + 1] = 1.0, time_ns()
    writer.words[layout.WORD_START_TICKS] = 1  # its process has ended
    return writer, cell


class Scene:
    """A run with three rings whose processes have ended, and its endpoints."""

    def __init__(self, directory, monkeypatch):
        self.run = create_run(directory)
        with open(self.run.description, "w", encoding="utf-8") as file:
            file.write('{"run_id": "me"}')
        made = [make_ring(self.run, f"{number}-1.ring", number) for number in (1, 2, 3)]
        self.rings = [writer for writer, _ in made]
        self.cell = made[0][1]
        self.places = Places()
        self.profile = PROFILE
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(exporters, "open_transport", self.places.open_transport)

    def make_work(self):
        return RunWork(self.run, self.profile, processes=Processes(), notices=Notices(self.run.log, None), stdout=None)

    @contextmanager
    def killing(self, owner, name, call, *, before):
        """Have the n-th call of a method end the agent, before or after it has done its work."""
        original = getattr(owner, name)
        calls = iter(range(call + 1))

        def wrapper(instance, *arguments, **named):
            is_last = next(calls, -1) in (call, -1)
            if is_last and before:
                raise KilledError
            result = original(instance, *arguments, **named)
            if is_last:
                raise KilledError
            return result

        with self._monkeypatch.context() as patched:
            patched.setattr(owner, name, wrapper)
            with pytest.raises(KilledError):
                yield

    def finish(self):
        self.places.is_open = True
        work = self.make_work()
        work.open()
        while work.drain():
            pass
        work.drain()
        work.begin_finish()
        work.finish(monotonic() + DEADLINE_S)


@pytest.fixture
def scene(tmp_path, monkeypatch):
    return Scene(str(tmp_path), monkeypatch)


def abandon(work):
    """Leave everything as a killed agent does; only its threads have to go."""
    for channel in work.channels:
        channel.stop()


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    "where",
    [
        *[(outbox.Outbox, "put", call) for call in (0, 1, 4, 5, 8, 10, 12)],
        *[(RingReader, "commit", call) for call in (0, 1, 2)],
        *[(RingReader, "close", call) for call in (0, 1, 2)],  # when all of a ring is handed over, before it is removed
    ],
)
def test_killed_handing_over_loses_and_repeats_nothing(scene, where, before):
    work = scene.make_work()
    with scene.killing(*where, before=before):
        while True:
            work.drain()
    abandon(work)
    scene.finish()
    spans = [number for first in (1_000, 2_000, 3_000) for number in range(first, first + 32)]
    assert (scene.places.span_ids("a"), scene.places.span_ids("b")) == (spans, spans)
    assert scene.places.log_ids() == [number for number in spans if number % 2 and number % 1_000 < 30]
    assert scene.places.counted() == 3
    assert not os.path.exists(scene.run.path)


@pytest.mark.parametrize("seed", range(25))
def test_several_killed_while_all_processes_record_on_lose_and_repeat_nothing(scene, seed):
    chance = random.Random(seed)
    numbers = {first * 1_000: first * 1_000 + 32 for first in (1, 2, 3)}
    for ring in scene.rings:
        ring.words[layout.WORD_START_TICKS] = 0
    for _ in range(chance.randint(2, 5)):
        owner, name, most = chance.choice([(outbox.Outbox, "put", 14), (RingReader, "commit", 3)])
        work = scene.make_work()
        with scene.killing(owner, name, chance.randint(0, most), before=chance.random() < 0.5):
            while True:
                for ring, (first, number) in zip(scene.rings, numbers.items(), strict=True):
                    for more in range(number, number + chance.randint(0, 20)):
                        ring.append(SPAN, encode(SPAN, (1, more, 0, 1, "work", 0, 5, 6, {}, 0)))
                        numbers[first] = more + 1
                work.drain()
        abandon(work)
    for ring in scene.rings:
        ring.words[layout.WORD_START_TICKS] = 1
    scene.finish()
    spans = [number for first, end in numbers.items() for number in range(first, end)]
    assert (scene.places.span_ids("a"), scene.places.span_ids("b")) == (spans, spans)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("call", [0, 1, 2, 3, 4])
def test_killed_collecting_deltas_loses_and_repeats_none(scene, call, before):
    living = scene.rings[0]
    living.words[layout.WORD_START_TICKS] = 0
    work = scene.make_work()
    work.drain()
    work.tick(0.0)
    with scene.killing(outbox.Outbox, "put", call, before=before):
        for interval in range(1, 9):
            living.doubles[scene.cell] += 10.0
            living.words[scene.cell + 1] = time_ns()
            work.tick(interval * 1.0)
    total = 2.0 + living.doubles[scene.cell]
    abandon(work)
    living.words[layout.WORD_START_TICKS] = 1
    scene.finish()
    assert scene.places.counted() == total


def test_nothing_is_left_of_a_run_whose_own_metrics_are_deltas_too(scene):
    scene.profile = PROFILE._replace(otelrun=PROFILE.otelrun._replace(self_metrics=True))
    scene.finish()
    assert scene.places.counted() == 3
    assert not os.path.exists(scene.run.path)


def test_values_sent_are_kept_for_the_next_agent_while_a_process_records_on(scene):
    living = scene.rings[0]
    living.words[layout.WORD_START_TICKS] = 0
    scene.finish()
    assert scene.places.counted() == 2
    scene.places.got.clear()
    living.doubles[scene.cell] += 10.0
    living.words[layout.WORD_START_TICKS] = 1
    scene.finish()
    assert scene.places.counted() == 11
    assert not os.path.exists(scene.run.path)
