"""Whatever happens to records, agents and endpoints: the accounts add up, process by process and exporter by exporter."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from otelrun.agent import accounting
from otelrun.agent.accounting import Accounting
from otelrun.ring import layout
from otelrun.ring.directory import create_run
from otelrun.ring.mapping import let_go
from otelrun.ring.reader import RingReader
from otelrun.ring.record import LOG, NOTE, SPAN, LogRecord, SpanRecord, encode
from otelrun.ring.writer import RingWriter
from otelrun.store.accounts import Delivery, RunAccounts, add_deliveries, from_state
from tests.support.exporters import CountingExporter

MADE = {
    SPAN: encode(SPAN, (1, 1, 0, 1, "work", 0, 5, 6, {"text": "x" * 300}, 0)),
    LOG: encode(LOG, (5, 5, 1, 1, 1, 9, "INFO", "hello", {}, "", 0, 0)),
    NOTE: encode(NOTE, (5, "slug", "text")),
}
RINGS = st.integers(0, 7)
EVENTS = st.one_of(
    st.tuples(st.just("record"), RINGS, st.sampled_from([SPAN, LOG, NOTE]), st.integers(1, 6)),
    st.tuples(st.just("tear"), RINGS),
    st.tuples(st.just("read"), RINGS, st.integers(1, 9)),
    st.tuples(st.just("measure"), RINGS, st.integers(1, 5)),
    st.tuples(st.just("end"), RINGS, st.integers(0, 2)),
    st.tuples(st.just("save")),
    st.tuples(st.just("deliver"), st.integers(0, 3), st.integers(0, 2)),
    st.tuples(st.just("evict"), st.integers(0, 3)),
    st.tuples(st.just("kill"), RINGS, st.integers(0, 4)),
)


class World:
    """A run: programs that write rings, exporters that outlive agents, and the agent of the moment."""

    def __init__(self, root: str) -> None:
        self.run = create_run(root)
        self.exporters = [CountingExporter(name) for name in ("spans-0", "spans-1", "logs-0", "metrics-0")]
        self.writers: dict[int, RingWriter] = {}
        self.readers: dict[int, RingReader] = {}
        self.truth: dict[int, tuple[int, int]] = {}
        self.serial = 0
        self.accounting = Accounting(self.run)

    def ring(self, number: int) -> RingReader:
        if number not in self.writers:
            self.serial += 1
            path = os.path.join(self.run.rings, f"{self.serial}.ring")
            writer = RingWriter(path, data_size=4096, tables_size=4096)
            writer.words[layout.WORD_CREATED_NS] = self.serial
            self.writers[number] = writer
            self.readers[number] = RingReader(path)
        return self.readers[number]

    def record(self, number: int, kind: int, count: int) -> None:
        self.ring(number)
        for _ in range(count):
            self.writers[number].append(kind, MADE[kind])

    def tear(self, number: int) -> None:
        """Damage the record that is read next."""
        reader, writer = self.ring(number), self.writers[number]
        if not reader.is_drained:
            start = layout.HEADER_SIZE + 4096 + (reader.position & 4095)  # no room for open spans in these rings
            writer._map[start + 4] ^= 0xFF

    def read(self, number: int, limit: int, killed_after: int = 99) -> None:
        """Do one step; an agent killed in the middle of it has put to so many exporters."""
        reader = self.ring(number)
        records = reader.read(limit)
        for exporter in self.exporters[: min(3, killed_after)]:
            kind = SpanRecord if exporter.signal == "spans" else LogRecord
            new = [p for p, record in records if type(record) is kind and not exporter.has(reader.identity, p)]
            if new:
                exporter.put(reader.identity, len(new), new[-1])
        if killed_after == 99:
            reader.commit()

    def measure(self, number: int, points: int) -> None:
        reader = self.ring(number)
        self.exporters[3].put(reader.identity, points)
        self.accounting.put_points(reader.identity, "metrics-0", points)

    def end(self, number: int, interrupted: int) -> None:
        reader = self.ring(number)
        while not reader.is_drained:
            self.read(number, 100)
        if interrupted:
            for exporter in self.exporters[:2]:
                exporter.put(reader.identity, interrupted)
        self.accounting.leave(reader, interrupted)
        self.readers.pop(number)
        let_go(self.writers.pop(number).mapping)
        self.save()
        reader.close()
        os.unlink(reader.path)

    def save(self) -> None:
        self.accounting.save(self.readers.values(), self.exporters, None)

    def deliver(self, number: int, rejected: int) -> None:
        if self.exporters[number].frames:
            self.exporters[number].deliver(rejected)

    def evict(self, number: int) -> None:
        if self.exporters[number].frames:
            self.exporters[number].evict()

    def kill(self, number: int, killed_after: int) -> None:
        """Kill the agent in the middle of a step, and start another."""
        self.read(number, 5, killed_after)
        for reader in self.readers.values():
            reader.close()
        self.readers = {n: RingReader(writer.path) for n, writer in self.writers.items()}
        self.accounting = Accounting(self.run)
        for n in tuple(self.writers):  # what a successor does first: the same step again, at least
            self.read(n, 5)

    def check(self) -> RunAccounts:
        run = self.accounting.gather(self.readers.values(), self.exporters)
        for exporter, account in zip(self.exporters, run.exporters, strict=True):
            totals = exporter.totals()
            delivery = account.delivery
            assert (delivery.exported, sum(delivery.dropped.values()), delivery.held) == totals
            for process in run.processes:
                mine = process.deliveries.get(exporter.name, Delivery())
                if exporter.signal != "metrics":
                    assert mine.put == process.put(exporter.name, exporter.signal)
                    assert mine.put == exporter.given.get(process.identity, 0)
                    assert mine.exported == exporter.exported.get(process.identity, 0)
            together = run.total().deliveries.get(exporter.name, Delivery())
            assert add_deliveries(together, Delivery()) == delivery
            if exporter.signal != "metrics":
                assert run.total().put(exporter.name, exporter.signal) == delivery.put
        return run


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_the_accounts_add_up_after_every_event(events: list[tuple]) -> None:
    limit, accounting.MAX_LISTED = accounting.MAX_LISTED, 2
    try:
        with tempfile.TemporaryDirectory() as root:
            world = World(root)
            for name, *arguments in events:
                getattr(world, name)(*arguments)
                world.check()
            world.save()
            state = accounting.read(world.run)
            assert from_state(state) == world.check()
            for reader in world.readers.values():
                reader.close()
            assert Path(world.run.path, "state.json").exists()
    finally:
        accounting.MAX_LISTED = limit
