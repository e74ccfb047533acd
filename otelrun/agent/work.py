"""What is done for one run, live or left behind: rings → store and outboxes, metrics at their intervals, the end of it.

A record leaves its ring only when the store and every exporter's outbox have it on disk. An agent killed in between leaves
it in the ring for the next one: the store knows by the record's key that it has it, an outbox by its mark.
"""

from __future__ import annotations

import os
from time import time_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.agent import retention, rings, stored_state
from otelrun.agent.accounting import Accounting
from otelrun.agent.collection import Collection, Measured, Reader, close_reader, open_reader
from otelrun.agent.description import read_description
from otelrun.agent.rings import Ring, Rings
from otelrun.delivery import exporters
from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.handover import Handover
from otelrun.profile import delivered
from otelrun.ring.record import LogRecord, NoteRecord, SpanRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otelrun.agent.notices import Notices
    from otelrun.agent.owners import Processes
    from otelrun.agent.runtime_metrics import RuntimeMetrics
    from otelrun.agent.self_metrics import SelfMetrics
    from otelrun.delivery.channel import Channel
    from otelrun.delivery.exporters import Keeper
    from otelrun.profile.model import Profile
    from otelrun.ring.directory import RunDirectory
    from otelrun.ring.record import Record
    from otelrun.store.ingest import StoreWriter

READ_LIMIT = 512
"""Records read from one ring before the next one has its turn."""

_MIB = 1024 * 1024
_SAVE_INTERVAL_S = 1.0
_STORE_METRICS_INTERVAL_S = 5.0
_STORE_USAGE_INTERVAL_S = 60.0
_LOOK_INTERVAL_S = 1.0
_LARGEST_STEP = 4 * READ_LIMIT
"""Records read, of several rings, before they are handed over."""

_SHARE_WHILE_RECORDING = 0.5
_SHARE_AT_THE_END = 0.75
"""Of an outbox's limit: how much of it may be full, where the endpoint is there, for rings to be read."""


class Step(NamedTuple):
    """What was read of one ring at once, and is not yet given back there; pairs of position and record."""

    ring: Ring
    records: list[tuple[int, Record]]


class RunWork:
    """The rings, the store and the channels of one run. Nothing is made or loaded for a run that has recorded nothing.

    Attributes:
        run: the run's directory.
        profile: the run's profile.
    """

    def __init__(
        self,
        run: RunDirectory,
        profile: Profile,
        *,
        processes: Processes,
        notices: Notices,
        stdout: int | None,
        keeper: Keeper | None = None,
    ) -> None:
        """Prepare.

        Args:
            run: the run's directory.
            profile: the run's profile.
            processes: is told of the owners of rings, and knows which are alive.
            notices: takes what goes wrong.
            stdout: a descriptor of the launcher's standard output, for a console exporter, or None.
            keeper: keeps connections for the next worker, or None.
        """
        self.run = run
        self.profile = profile
        self._notices = notices
        self._stdout = stdout
        self._keeper = keeper
        self._accounting = Accounting(run)
        self._collection = Collection(self._accounting, notices)
        self._rings = Rings(run, processes, notices)
        self._is_open = False
        self._is_flushing = False
        self._is_drop_told = False
        self._ended_ns = self._accounting.ended_ns  # an earlier agent may have seen the end
        self._last_end_ns = 0
        self._store: StoreWriter | None = None
        self._spans: list[Channel] = []
        self._logs: list[Channel] = []
        self._readers: list[Reader] = []
        self._due: dict[str, float] = {}
        self._runtime: RuntimeMetrics | None = None
        if profile.otelrun.runtime_metrics and exporters.metric_readers(profile):
            from otelrun.agent.runtime_metrics import RuntimeMetrics  # noqa: PLC0415 - for those who ask for them

            self._runtime = RuntimeMetrics()
        self._own: SelfMetrics | None = None
        if profile.otelrun.self_metrics and exporters.metric_readers(profile):
            from otelrun.agent.self_metrics import SelfMetrics  # noqa: PLC0415 - for those who ask for them

            self._own = SelfMetrics(
                profile, run.run_id, read_description(run, notices), self._accounting.agent_resource
            )

    @property
    def channels(self) -> list[Channel]:
        """All channels, of all signals."""
        return [*self._spans, *self._logs, *(reader.channel for reader in self._readers)]

    def has_rings(self) -> bool:
        """Say whether there are rings that are not done with."""
        return bool(self._rings)

    def is_any_owner_alive(self) -> bool:
        """Say whether the process of any ring still runs."""
        return self._rings.is_any_alive()

    def open(self) -> None:
        """Open the store and the channels; what waits in outboxes goes on its way."""
        if self._is_open:
            return
        self._is_open = True
        description = read_description(self.run, self._notices)
        surroundings = exporters.Surroundings(
            cwd=str(description.get("cwd") or "/"),
            outbox=self.run.outbox,
            console=os.path.join(self.run.path, "console.jsonl"),
            stdout=self._stdout,
            before=self._accounting.before(),
            outbox_limit=self.profile.otelrun.outbox_limit_mb * _MIB,
            destinations={},
            tell=self._notices.change,
            keeper=self._keeper,
        )
        for signal, processors, channels in (
            ("spans", delivered.span_processors(self.profile), self._spans),
            ("logs", delivered.log_processors(self.profile), self._logs),
        ):
            for number, processor in enumerate(processors):
                if processor.exporter is not None:
                    when = exporters.batching(processor)
                    channels.append(
                        exporters.open_channel(f"{signal}-{number}", processor.exporter, when, surroundings)
                    )
        for number, wanted in enumerate(exporters.metric_readers(self.profile)):
            self._readers.append(open_reader(number, wanted, surroundings))
        if self.profile.otelrun.store.enabled:
            self._store = self._guarded(lambda: self._open_store(description))
        for channel in self.channels:
            channel.wake()

    def _open_store(self, description: dict[str, Any]) -> StoreWriter:
        from otelrun.store.ingest import StoreWriter  # noqa: PLC0415 - sqlite3 is for runs that record something

        store = StoreWriter(self.run.store, self.profile.otelrun.store.run_limit)
        store.describe_run(description)
        return store

    def _guarded(self, use: Callable[[], Any]) -> Any:
        """Use the store; where it fails it is off, and delivery goes on without it."""
        try:
            return use()
        except Exception as error:  # noqa: BLE001 - no space, a damaged file: none of it may stop delivery
            self._notices.failed("the store")
            self._notices.tell(f"the local store is off: {error}")
            self._store = None
            return None

    def _with_store(self, use: Callable[[StoreWriter], Any]) -> None:
        store = self._store
        if store is not None:
            self._guarded(lambda: use(store))

    def drain(self) -> int:
        """Read each ring once, hand over what was read, and give its space back.

        Returns:
            How many records were read. Zero while an endpoint that is there takes them too slowly: so the rings fill, and
            their programs are held as the profile says; where the endpoint is away reading goes on, and outboxes make room.
        """
        self._rings.discover()
        share = _SHARE_WHILE_RECORDING if self.is_any_owner_alive() else _SHARE_AT_THE_END
        if any(channel.is_behind(share) for channel in self.channels):
            return 0
        total = waiting = 0
        steps: list[Step] = []
        for ring, is_first in self._in_order():
            reader = ring.reader
            before = reader.position
            records = reader.read(READ_LIMIT)
            if reader.position != before:
                steps.append(Step(ring, records))
                waiting += len(records)
            elif self._rings.is_done(ring):
                self._finish_ring(ring)
            if is_first or waiting >= _LARGEST_STEP:
                self._take_steps(steps)
                total, waiting, steps = total + waiting, 0, []
        self._take_steps(steps)
        return total + waiting

    def _in_order(self) -> list[tuple[Ring, bool]]:
        """Give all rings, and first the one, if any, that an earlier agent was killed over: it is to be done with at once.

        That agent has put records of it into outboxes, and their marks say so until something else is put there.
        """
        if self._rings:
            self.open()
        channels = (*self._spans, *self._logs)
        rings = [
            (ring, any(channel.has(ring.reader.identity, ring.reader.position) for channel in channels))
            for ring in self._rings
        ]
        return sorted(rings, key=lambda pair: not pair[1])

    def _take_steps(self, steps: Sequence[Step]) -> None:
        """Give the store all that was read, at one commit; then ring after ring: to the outboxes, and out of the ring.

        An outbox remembers how far it has got in one ring, the last. So at no time more than one ring's records may be in
        outboxes and in their ring. The store knows each record, and takes all of them once more where need be.
        """
        for ring, records in steps:
            if records:
                self._keep(ring, records)
        if steps:
            self._with_store(lambda store: store.commit())
        for ring, records in steps:
            if records:
                self._deliver(ring, records)
            ring.reader.commit()

    def _hand_over(self, ring: Ring, records: Sequence[tuple[int, Record]]) -> None:
        """Give the store and the outboxes records of a ring that is removed next: that is what takes them out of it."""
        self._keep(ring, records)
        self._with_store(lambda store: store.commit())
        self._deliver(ring, records)

    def _keep(self, ring: Ring, records: Sequence[tuple[int, Record]]) -> None:
        self._introduce(ring)
        process = ring.process
        if process is not None:
            self._with_store(lambda store: store.add(process, records, ring.reader.scope))
        for _, record in records:
            if type(record) is NoteRecord:
                self._notices.log(f"process {ring.reader.pid}: {record.text}")

    def _deliver(self, ring: Ring, records: Sequence[tuple[int, Record]]) -> None:
        encoder = self._introduce(ring)
        spans = [pair for pair in records if type(pair[1]) is SpanRecord]
        logs = [pair for pair in records if type(pair[1]) is LogRecord]
        for handover, found in (
            (Handover(self._spans, encoder.spans, self._notices.failed), spans),
            (Handover(self._logs, encoder.logs, self._notices.failed), logs),
        ):
            handover.put(ring.reader.identity, found)

    def _introduce(self, ring: Ring) -> ProcessEncoder:
        """Make what a ring needs once its process is described, which is before its first record."""
        if ring.encoder is None:
            self.open()
            reader = ring.reader
            resource = reader.resource()
            ring.encoder = ProcessEncoder(resource, self.profile.resource.schema_url or "", reader.scope)
            self._look_at([ring])
            self._with_store(lambda store: self._add_process(store, ring, resource))
        return ring.encoder

    def _add_process(self, store: StoreWriter, ring: Ring, resource: dict[str, Any]) -> None:
        reader = ring.reader
        ring.process = store.add_process(ring.name, reader.pid, reader.start_ticks, reader.created_ns, resource)

    def tick(self, now: float) -> None:
        """Do what is due at ``now`` (monotonic seconds): collect metrics, save the accounts.

        Args:
            now: the current time.
        """
        if not self._is_open:
            return
        if self._is_due("look", _LOOK_INTERVAL_S, now):
            self._look_at(self._rings)
        for reader in self._readers:
            if self._is_due(reader.channel.name, reader.interval_s, now):
                self._collect(reader, self._rings)
                self._collect_own(reader)
        if self._is_due("usage", _STORE_USAGE_INTERVAL_S, now):
            for ring in self._rings:
                self._store_usage(ring)
        if self._is_due("store", _STORE_METRICS_INTERVAL_S, now):
            self._store_all_metrics()
        if self._is_due("save", _SAVE_INTERVAL_S, now):
            self._save()
        self._with_store(lambda store: store.prune())

    def _is_due(self, what: str, interval_s: float, now: float) -> bool:
        due = self._due.setdefault(what, now + interval_s)
        if now >= due:
            self._due[what] = now + interval_s
        return now >= due

    def _look_at(self, rings: Iterable[Ring]) -> None:
        """Look at what the processes of rings use, where the profile wants that."""
        if self._runtime is not None:
            for ring in filter(self._rings.is_alive, rings):
                self._runtime.look(ring)

    def _collect(self, reader: Reader, rings: Iterable[Ring]) -> None:
        self._collection.collect(reader, [measured for ring in rings for measured in self._measured(ring)])

    def _measured(self, ring: Ring) -> list[Measured]:
        own = Measured(ring.name, ring.reader.identity, ring.reader.series(), lambda: self._introduce(ring))
        if self._runtime is None:
            return [own]
        return [own, self._runtime.measured(ring, self.profile.resource.schema_url or "")]

    def _collect_own(self, reader: Reader) -> None:
        """Collect the metrics about the run's telemetry, where the profile wants them."""
        if self._own is None:
            return
        for ring in self._rings:
            self._collect_own_of(reader, ring)
        accounts = self._accounting.gather(self._rings.readers, self.channels)
        self._collection.collect(reader, [self._own.of_exporters(accounts, time_ns())])

    def _collect_own_of(self, reader: Reader, ring: Ring, interrupted: int = 0) -> None:
        if self._own is None:
            return
        process = self._accounting.present(ring.reader, interrupted)
        measured = self._own.of_process(ring.reader, process, time_ns())
        self._accounting.agent_resource = self._own.resource
        self._collection.collect(reader, [measured])
        if not self._rings.is_alive(ring):
            reader.temporality.forget(measured.name)

    def settle(self) -> None:
        """Have the store hold all that was read and measured so far."""
        self._store_all_metrics()
        self._save()

    def _store_all_metrics(self) -> None:
        for ring in self._rings:
            self._store_metrics(ring)

    def _store_libraries(self, ring: Ring) -> None:
        self._with_store(lambda store: stored_state.store_libraries(store, ring))

    def _store_metrics(self, ring: Ring) -> None:
        if ring.process is None and ring.reader.series():  # a process may measure, and record nothing else
            self._introduce(ring)
        self._with_store(lambda store: stored_state.store_metrics(store, ring))

    def _store_usage(self, ring: Ring) -> None:
        runtime = self._runtime
        if runtime is not None:
            self._with_store(lambda store: stored_state.store_usage(store, ring, runtime))

    def _finish_ring(self, ring: Ring) -> None:
        """Take the last of a ring whose process has ended, with the spans it was in, and remove it."""
        self._tell_of_drops()
        reader = ring.reader
        ended_ns = ring.ended_ns()
        self._last_end_ns = max(self._last_end_ns, ended_ns)
        interrupted = reader.interrupted(ended_ns)
        if interrupted:
            self._hand_over(ring, interrupted)
        if reader.series():
            self._introduce(ring)
        for metric_reader in self._readers:
            self._collect(metric_reader, [ring])
            for measured in self._measured(ring):
                metric_reader.temporality.forget(measured.name)
            self._collect_own_of(metric_reader, ring, len(interrupted))
        self._store_metrics(ring)
        self._store_usage(ring)
        self._with_store(lambda store: stored_state.store_end(store, ring, ended_ns))
        if self._runtime is not None:
            self._runtime.forget(ring)
        lost = rings.describe_losses(reader)
        if lost:
            self._notices.log(f"process {reader.pid}: lost {lost}")
        self._accounting.leave(reader, len(interrupted))
        self._rings.forget(ring)
        if self._is_open:
            self._save()
            self._with_store(lambda store: store.forget_process(ring.name))
        rings.remove(ring)

    def _save(self) -> None:
        """Write down what has become of every record so far."""
        self._tell_of_drops()
        accounts = self._accounting.save(self._rings.readers, self.channels, self._ended_ns)
        for ring in self._rings:
            self._store_libraries(ring)
        self._with_store(lambda store: store.set_accounts(accounts))
        self._with_store(lambda store: store.commit())

    def _tell_of_drops(self) -> None:
        """Tell, once in a run, that a process records more than can be read; how much is in the accounts."""
        if self._is_drop_told:
            return
        for reader in self._rings.readers:
            if any(reader.counts().dropped.values()):
                self._is_drop_told = True
                text = (
                    "records more than can be read, what finds no room in its ring is dropped and counted: otelrun show"
                )
                self._notices.tell(f"process {reader.pid} {text}")
                return

    def answer_flushes(self) -> None:
        """After all was read: deliver at once for programs that wait for it, and answer them when each channel has tried.

        These are processes 1 of a container, at their end: the run, and this agent, end with them.
        """
        asking = [ring for ring in self._rings if ring.reader.is_flush_wanted]
        if not asking or not all(ring.reader.is_drained for ring in asking):
            return
        if not self._is_flushing:
            self._is_flushing = True
            self._end_run()
            for reader in self._readers:
                self._collect(reader, self._rings)
            self._store_all_metrics()
            for channel in self.channels:
                channel.begin_flush()
        if all(channel.state == "holding" or not channel.totals().held for channel in self.channels):
            self._save()
            for ring in asking:
                ring.reader.answer_flush()

    def begin_finish(self, *, is_left_behind: bool = False) -> None:
        """After the last record: collect what is left, close the store's account of the run, send what waits at once.

        Args:
            is_left_behind: the run may have ended long ago: when its last process had, or its agent was last seen.
        """
        for ring in self._rings:
            if self._rings.is_done(ring):
                self._finish_ring(ring)
        if not self.is_any_owner_alive():
            self._rings.discover(is_run_over=True)
            self._end_run(max(self._last_end_ns, self._accounting.saved_ns) if is_left_behind else 0)
        self._save()
        for channel in self.channels:
            channel.begin_flush()

    def _end_run(self, ended_ns: int = 0) -> None:
        self._ended_ns = ended_ns = self._ended_ns or ended_ns or time_ns()
        self._with_store(lambda store: store.end_run(ended_ns))

    def finish(self, deadline: float) -> None:
        """Deliver what waits until ``deadline`` (monotonic seconds), write down the rest, and let go of everything.

        Args:
            deadline: one for all channels together.
        """
        for channel in self.channels:
            channel.wait_flushed(deadline)
        for reader in self._readers:
            if not reader.channel.totals().held:  # else the agent that delivers them has the last word
                self._collect_own(reader)
                reader.channel.wait_flushed(deadline)
        for channel in self.channels:
            channel.stop()
        self._save()
        self._close_channels()
        self._save()  # what was in memory alone may have found no place on disk
        self._with_store(lambda store: store.close())
        self._rings.close()
        if not self.profile.otelrun.store.enabled and self.is_empty():
            retention.remove(self.run)

    def _close_channels(self) -> None:
        for channel in (*self._spans, *self._logs):
            channel.close()
        for reader in self._readers:
            close_reader(reader, is_over=not self._rings.readers)

    def is_empty(self) -> bool:
        """Say whether no ring and no outbox is left on disk."""
        return not any(
            os.path.isdir(directory) and os.listdir(directory) for directory in (self.run.rings, self.run.outbox)
        )
