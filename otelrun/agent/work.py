"""What is done for one run, live or left behind: rings → store and outboxes, metrics at their intervals, the end of it.

A record leaves its ring only when the store and every exporter's outbox have it on disk. An agent killed in between leaves
it in the ring for the next one: the store knows by the record's key that it has it, an outbox by its mark.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from otelrun.agent import retention
from otelrun.agent.accounting import Accounting
from otelrun.delivery import encode_metrics, exporters
from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.frames import Mark
from otelrun.delivery.handover import LARGEST_BATCH, Handover
from otelrun.delivery.versions import Versions
from otelrun.ring.reader import RingReader
from otelrun.ring.record import LogRecord, NoteRecord, SpanRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otelrun.agent.notices import Notices
    from otelrun.agent.owners import Processes
    from otelrun.agent.self_metrics import SelfMetrics
    from otelrun.delivery.channel import Channel
    from otelrun.delivery.encode import Payload
    from otelrun.delivery.encode_metrics import Point
    from otelrun.profile.model import Profile
    from otelrun.ring.directory import RunDirectory
    from otelrun.ring.reader import SeriesState
    from otelrun.ring.record import Record
    from otelrun.store.ingest import StoreWriter

READ_LIMIT = 512
"""Records read from one ring before the next one has its turn."""

_MIB = 1024 * 1024
_SAVE_INTERVAL_S = 1.0
_STORE_METRICS_INTERVAL_S = 5.0
_LOOK_AT_IMAGE_S = 1.0
_LARGEST_STEP = 4 * READ_LIMIT
"""Records read, of several rings, before they are handed over."""

_SHARE_WHILE_RECORDING = 0.5
_SHARE_AT_THE_END = 0.75
"""Of an outbox's limit: how much of it may be full, where the endpoint is there, for rings to be read."""


class Ring:
    """One process's ring, and what has been made for it."""

    def __init__(self, name: str, reader: RingReader) -> None:
        """Take the reader; the encoder and the store's process id come with the first record."""
        self.name = name
        self.reader = reader
        self.encoder: ProcessEncoder | None = None
        self.process: int | None = None
        self.stored_ns = 0
        self.is_live = False
        self._looked_at = monotonic()
        self._is_replaced = False

    def is_replaced(self) -> bool:
        """Say whether the process has become another program (exec); looks at it now and then only."""
        now = monotonic()
        if now - self._looked_at >= _LOOK_AT_IMAGE_S and not self._is_replaced:
            self._looked_at = now
            self._is_replaced = self.reader.is_replaced()
        return self._is_replaced

    def ended_ns(self) -> int:
        """Give when the process of a drained ring ended, as nearly as can be known, ns since the epoch."""
        if self.is_live:
            return time_ns()
        return max(self.reader.last_ns, os.stat(self.reader.path).st_mtime_ns)


class Step(NamedTuple):
    """What was read of one ring at once, and is not yet given back there; pairs of position and record."""

    ring: Ring
    records: list[tuple[int, Record]]


class Reader(NamedTuple):
    """A metric reader of the profile at work: where to, how often, in which temporality."""

    channel: Channel
    interval_s: float
    temporality: encode_metrics.Temporality
    last: Versions


class RunWork:
    """The rings, the store and the channels of one run. Nothing is made or loaded for a run that has recorded nothing.

    Attributes:
        run: the run's directory.
        profile: the run's profile.
    """

    def __init__(
        self, run: RunDirectory, profile: Profile, *, processes: Processes, notices: Notices, stdout: int | None
    ) -> None:
        """Prepare.

        Args:
            run: the run's directory.
            profile: the run's profile.
            processes: is told of the owners of rings, and knows which are alive.
            notices: takes what goes wrong.
            stdout: a descriptor of the launcher's standard output, for a console exporter, or None.
        """
        self.run = run
        self.profile = profile
        self._processes = processes
        self._notices = notices
        self._stdout = stdout
        self._accounting = Accounting(run)
        self._rings: dict[str, Ring] = {}
        self._is_open = False
        self._is_flushing = False
        self._ended_ns = self._accounting.ended_ns  # an earlier agent may have seen the end
        self._store: StoreWriter | None = None
        self._spans: list[Channel] = []
        self._logs: list[Channel] = []
        self._readers: list[Reader] = []
        self._due: dict[str, float] = {}
        self._own: SelfMetrics | None = None
        if profile.otelrun.self_metrics and exporters.metric_readers(profile):
            from otelrun.agent.self_metrics import SelfMetrics  # noqa: PLC0415 - for those who ask for them

            self._own = SelfMetrics(profile, run.run_id, self._describe(), self._accounting.agent_resource)

    @property
    def channels(self) -> list[Channel]:
        """All channels, of all signals."""
        return [*self._spans, *self._logs, *(reader.channel for reader in self._readers)]

    def discover(self) -> None:
        """Take up rings that have appeared, and watch their owners."""
        try:
            names = os.listdir(self.run.rings)
        except OSError:
            return  # the directory was removed: nothing to read
        for name in names:
            if name in self._rings:
                continue
            path = os.path.join(self.run.rings, name)
            try:
                reader = RingReader(path)
            except (OSError, ValueError):
                self._remove_unfinished(path, name)
                continue
            ring = self._rings[name] = Ring(name, reader)
            self._processes.watch(reader.pid, reader.start_ticks)
            ring.is_live = self._is_owner_alive(ring)

    def _remove_unfinished(self, path: str, name: str) -> None:
        """Remove a file that its process was killed over before it was a ring."""
        pid = name.partition("-")[0]
        if pid.isdigit():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                os.unlink(path)
                self._notices.log(f"{name}: its process ended while making it")
            except OSError:
                pass  # alive, and another user's

    def is_any_owner_alive(self) -> bool:
        """Say whether the process of any ring still runs."""
        return any(self._is_owner_alive(ring) for ring in self._rings.values())

    def _is_owner_alive(self, ring: Ring) -> bool:
        """Say whether what writes a ring still runs: not where the process has ended, or become another program (exec)."""
        return self._processes.is_alive(ring.reader.pid, ring.reader.start_ticks) and not ring.is_replaced()

    def open(self) -> None:
        """Open the store and the channels; what waits in outboxes goes on its way."""
        if self._is_open:
            return
        self._is_open = True
        description = self._describe()
        surroundings = exporters.Surroundings(
            cwd=str(description.get("cwd") or "/"),
            outbox=self.run.outbox,
            console=os.path.join(self.run.path, "console.jsonl"),
            stdout=self._stdout,
            before=self._accounting.before(),
            outbox_limit=self.profile.otelrun.outbox_limit_mb * _MIB,
            destinations={},
            tell=self._notices.change,
        )
        for signal, processors, channels in (
            ("spans", exporters.span_processors(self.profile), self._spans),
            ("logs", exporters.log_processors(self.profile), self._logs),
        ):
            for number, processor in enumerate(processors):
                if processor.exporter is not None:
                    when = exporters.batching(processor)
                    channels.append(
                        exporters.open_channel(f"{signal}-{number}", processor.exporter, when, surroundings)
                    )
        for number, reader in enumerate(exporters.metric_readers(self.profile)):
            channel = exporters.open_channel(f"metrics-{number}", reader.exporter, None, surroundings)
            temporality = encode_metrics.Temporality(reader.exporter.temporality)
            last = Versions(os.path.join(self.run.outbox, f"{channel.name}.last"))
            temporality.restore(last.load(channel.mark.position))
            self._readers.append(Reader(channel, reader.interval_ms / 1000, temporality, last))
        if self.profile.otelrun.store.enabled:
            self._store = self._guarded(lambda: self._open_store(description))
        for channel in self.channels:
            channel.wake()

    def _describe(self) -> dict[str, Any]:
        try:
            with open(self.run.description, encoding="utf-8") as file:
                description: dict[str, Any] = json.load(file)
        except (OSError, ValueError):
            self._notices.failed("reading what was run")
            return {"run_id": self.run.run_id}
        return description

    def _open_store(self, description: dict[str, Any]) -> StoreWriter:
        from otelrun.store.ingest import StoreWriter  # noqa: PLC0415 - sqlite3 is for runs that record something

        store = StoreWriter(self.run.store)
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
            How many records were read. None while an endpoint that is there takes them too slowly: so the rings fill, and
            their programs are held as the profile says; where the endpoint is away reading goes on, and outboxes make room.
        """
        self.discover()
        share = _SHARE_WHILE_RECORDING if self.is_any_owner_alive() else _SHARE_AT_THE_END
        if any(channel.is_behind(share) for channel in self.channels):
            return 0
        total = waiting = 0
        steps: list[Step] = []
        for ring in tuple(self._rings.values()):
            reader = ring.reader
            before = reader.position
            records = reader.read(READ_LIMIT)
            if reader.position != before:
                steps.append(Step(ring, records))
                waiting += len(records)
            elif not self._is_owner_alive(ring) and reader.is_drained:  # in this order: it may have died just now
                self._finish_ring(ring)
            if waiting >= _LARGEST_STEP:
                self._take_steps(steps)
                total, waiting, steps = total + waiting, 0, []
        self._take_steps(steps)
        return total + waiting

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
        for reader in self._readers:
            if self._is_due(reader.channel.name, reader.interval_s, now):
                self._collect(reader, list(self._rings.values()))
                self._collect_own(reader)
        if self._is_due("store", _STORE_METRICS_INTERVAL_S, now):
            for ring in self._rings.values():
                self._store_metrics(ring)
        if self._is_due("save", _SAVE_INTERVAL_S, now):
            self._save()

    def _is_due(self, what: str, interval_s: float, now: float) -> bool:
        due = self._due.setdefault(what, now + interval_s)
        if now >= due:
            self._due[what] = now + interval_s
        return now >= due

    def _collect(self, reader: Reader, rings: Sequence[Ring]) -> None:
        now_ns = time_ns()
        for ring in rings:
            try:
                points = reader.temporality.points(ring.name, ring.reader.series(), now_ns)
                encoder = self._introduce(ring) if points else None
                requests = (
                    encode_metrics.requests(points, reader.temporality, encoder, LARGEST_BATCH) if encoder else []
                )
            except Exception:  # noqa: BLE001 - a measurement OTLP has no form for; other processes' go on
                self._notices.failed(f"collecting metrics of process {ring.reader.pid}")
                continue
            for members, payload in requests:
                self._put_points(reader, ring, members, payload)

    def _put_points(self, reader: Reader, ring: Ring, points: Sequence[Point], payload: Payload) -> None:
        """Put one request of points; its number in the outbox says up to which collection values were sent."""
        number = reader.channel.mark.position + 1
        reader.temporality.take(ring.name, points)
        if reader.temporality.has_memory:
            reader.last.save(number, reader.temporality.kept())
        reader.channel.put(payload.data, payload.records, Mark(ring.reader.identity, number))
        self._accounting.put_points(ring.reader.identity, reader.channel.name, payload.records)

    def _collect_own(self, reader: Reader) -> None:
        """Collect the metrics about the run's telemetry, where the profile wants them."""
        if self._own is None:
            return
        for ring in self._rings.values():
            self._collect_own_of(reader, ring)
        accounts = self._accounting.gather((ring.reader for ring in self._rings.values()), self.channels)
        measured = self._own.of_exporters(accounts, time_ns())
        self._collect(reader, [cast("Ring", measured)])  # has of a ring what is asked for there

    def _collect_own_of(self, reader: Reader, ring: Ring, interrupted: int = 0) -> None:
        own = self._own
        if own is None:
            return
        process = self._accounting.present(ring.reader, interrupted)
        measured = own.of_process(ring.reader, process, time_ns())
        self._accounting.agent_resource = own.resource
        self._collect(reader, [cast("Ring", measured)])
        if not self._is_owner_alive(ring):
            reader.temporality.forget(measured.name)

    def _store_metrics(self, ring: Ring) -> None:
        """Store the series that have been measured since the last time."""
        since_ns = ring.stored_ns
        changed: list[SeriesState] = [state for state in ring.reader.series() if state.time_ns > since_ns]
        process = ring.process
        if changed and process is not None:
            ring.stored_ns = max(state.time_ns for state in changed)
            self._with_store(lambda store: store.set_metrics(process, changed, ring.reader.scope, time_ns()))

    def _finish_ring(self, ring: Ring) -> None:
        """Take the last of a ring whose process has ended, with the spans it was in, and remove it."""
        reader = ring.reader
        interrupted = reader.interrupted(ring.ended_ns())
        if interrupted:
            self._hand_over(ring, interrupted)
        if reader.series():
            self._introduce(ring)
        for metric_reader in self._readers:
            self._collect(metric_reader, [ring])
            metric_reader.temporality.forget(ring.name)
            self._collect_own_of(metric_reader, ring, len(interrupted))
        self._store_metrics(ring)
        counts, torn = reader.counts(), reader.torn
        if any(counts.dropped.values()) or counts.series_dropped or torn:
            self._notices.log(f"process {reader.pid}: found no room or was damaged: {counts}, torn {torn}")
        self._accounting.leave(reader, len(interrupted))
        del self._rings[ring.name]
        if self._is_open:
            self._save()
        reader.close()
        with suppress(FileNotFoundError):  # the run's directory was removed
            os.unlink(reader.path)

    def _save(self) -> None:
        """Write down what has become of every record so far."""
        accounts = self._accounting.save((ring.reader for ring in self._rings.values()), self.channels, self._ended_ns)
        self._with_store(lambda store: store.set_accounts(accounts))
        self._with_store(lambda store: store.commit())

    def answer_flushes(self) -> None:
        """After all was read: deliver at once for programs that wait for it, and answer them when each channel has tried.

        These are processes 1 of a container, at their end: the run, and this agent, end with them.
        """
        asking = [ring for ring in self._rings.values() if ring.reader.is_flush_wanted]
        if not asking or not all(ring.reader.is_drained for ring in asking):
            return
        if not self._is_flushing:
            self._is_flushing = True
            self._end_run()
            for reader in self._readers:
                self._collect(reader, list(self._rings.values()))
            for ring in self._rings.values():
                self._store_metrics(ring)
            for channel in self.channels:
                channel.begin_flush()
        if all(channel.state == "holding" or not channel.totals().held for channel in self.channels):
            self._save()
            for ring in asking:
                ring.reader.answer_flush()

    def begin_finish(self) -> None:
        """After the last record: collect what is left, close the store's account of the run, send what waits at once."""
        for ring in tuple(self._rings.values()):
            if not self._is_owner_alive(ring) and ring.reader.is_drained:
                self._finish_ring(ring)
        if not self.is_any_owner_alive():
            self._end_run()
        self._save()
        for channel in self.channels:
            channel.begin_flush()

    def _end_run(self) -> None:
        self._ended_ns = ended_ns = self._ended_ns or time_ns()
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
        self._with_store(lambda store: store.close())
        for ring in self._rings.values():
            ring.reader.close()
        self._rings.clear()
        if not self.profile.otelrun.store.enabled and self.is_empty():
            retention.remove(self.run)

    def _close_channels(self) -> None:
        for channel in (*self._spans, *self._logs):
            channel.close()
        for reader in self._readers:
            is_needed = bool(reader.temporality.kept())
            reader.channel.close(keep=is_needed)
            if not (is_needed or reader.channel.totals().held):
                reader.last.remove()

    def is_empty(self) -> bool:
        """Say whether no ring and no outbox is left on disk."""
        return not any(
            os.path.isdir(directory) and os.listdir(directory) for directory in (self.run.rings, self.run.outbox)
        )
