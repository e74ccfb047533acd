"""A run's accounts on disk, for people and for the next agent: ``<run>/state.json``, written whole or not at all.

{"updated_ns": …, "ended_ns": … or null, "agent_pid": …,
 "recorded": {"spans": …, …}, "dropped": {"spans": …, …}, "torn": …, "interrupted": …,     all processes together
 "destinations": [{"name", "signal", "destination", "state", "since_ns", "last_error", "exported", "held", "dropped",
                   "reasons"}],
 "older": the sum of those processes that are not listed, "older_count": how many these are,
 "processes": see ``store.accounts.ProcessAccount``; those that are gone first}
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, Protocol

from otelrun.delivery.ledger import UNKNOWN
from otelrun.delivery.totals import Totals
from otelrun.store import accounts
from otelrun.store.accounts import Delivery, ExporterAccount, ProcessAccount, RunAccounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otelrun.ring.directory import RunDirectory
    from otelrun.ring.reader import RingReader
    from otelrun.store.accounts import Numbers, Source

FILE = "state.json"

MAX_LISTED = 200
"""Processes that are gone and still listed one by one; beyond, the oldest are summed up."""

_LOOKS = 3


class Exporter(Protocol):
    """A channel as far as it is accounted for; see ``delivery.channel.Channel``."""

    name: str
    signal: str
    destination: str
    state: str
    last_error: str

    def totals(self) -> Totals:
        """Give the counts of all processes together."""

    def by_source(self) -> Mapping[int, Source]:
        """Give what is held and was dropped of each process, by the identity of its ring; 0 where it is not known."""


class Accounting:
    """The accounts of one run; goes on from what an earlier agent of it has saved.

    Attributes:
        ended_ns: when the run's last process had ended, where an earlier agent has seen that; None else.
        saved_ns: when an earlier agent has last saved them; 0 where none has.
        agent_resource: resource of what the agent tells of itself, kept for the next agent; empty where it tells nothing.
    """

    def __init__(self, run: RunDirectory) -> None:
        """Read what was saved, if anything was."""
        self._path = os.path.join(run.path, FILE)
        state = read(run)
        saved = accounts.from_state(state)
        self.ended_ns: int | None = state.get("ended_ns")
        self.saved_ns: int = state.get("updated_ns") or 0
        self.agent_resource: dict[str, Any] = state.get("agent_resource") or {}
        self._saved = {exporter.name: exporter for exporter in saved.exporters}
        self._states = {exporter.name: (exporter.state, exporter.since_ns) for exporter in saved.exporters}
        self._older, self._older_count = saved.older, saved.older_count
        # Those whose rings are not there any more. What is saved of one whose ring still is there gives way to the ring.
        self._gone = {process.identity: process for process in saved.processes}
        self._points: dict[int, Numbers] = {}
        self._texts: dict[int, str] = {}
        self._written = ""

    def before(self) -> dict[str, Totals]:
        """Give the counts of each channel as an earlier agent left them, by the channel's name."""
        before = {}
        for name, exporter in self._saved.items():
            exported, held, reasons = exporter.delivery
            dropped = sum(number for reason, number in reasons.items() if reason != accounts.GONE)
            before[name] = Totals(exported, dropped + held, 0)
        return before

    def put_points(self, identity: int, exporter: str, count: int) -> None:
        """Count metric points of the ring ``identity`` that an exporter was given; 0: of no single process."""
        if not identity:
            return
        points = self._points.setdefault(identity, {})
        points[exporter] = points.get(exporter, 0) + count

    def leave(self, reader: RingReader, interrupted: int = 0) -> None:
        """Take over the counts of a process whose ring is drained and about to be removed.

        Args:
            reader: of its ring.
            interrupted: how many open spans of it were exported as ended.
        """
        process = self.present(reader, interrupted)._replace(is_gone=True)
        self._gone[process.identity] = process
        self._points.pop(process.identity, None)

    def present(self, reader: RingReader, interrupted: int = 0) -> ProcessAccount:
        """Give the account of a process whose ring is there, but for what became of it at the exporters.

        Args:
            reader: of its ring. What was saved of it before counts only where the ring has it not.
            interrupted: how many open spans of it were exported as ended.
        """
        saved = self._gone.pop(reader.identity, None)
        self._texts.pop(reader.identity, None)
        if saved is not None:
            self._points[reader.identity] = accounts.plus(saved.points, self._points.get(reader.identity, {}))
        name = os.path.basename(reader.path)
        process = accounts.of_ring(name, reader.identity, reader.pid, reader.counts(), reader.torn)
        return process._replace(interrupted=interrupted, points=dict(self._points.get(reader.identity, {})))

    def save(self, readers: Iterable[RingReader], channels: Sequence[Exporter], ended_ns: int | None) -> RunAccounts:
        """Draw up the accounts and write them down, if anything has changed; see ``gather``."""
        run = self.gather(readers, channels)
        self._write(run, ended_ns)
        return run

    def gather(self, readers: Iterable[RingReader], channels: Sequence[Exporter]) -> RunAccounts:
        """Draw up the accounts. Between two steps of reading, so that what was taken from a ring has also been put.

        Args:
            readers: of all rings that are there.
            channels: all of the run; none where they are not open: then what was saved of them stands.
        """
        present = [self.present(reader) for reader in readers]
        for identity, process in self._gone.items():
            if not process.is_gone:  # its ring went without a word: somebody removed it
                self._gone[identity] = process._replace(is_gone=True)
        self._sum_up_oldest()
        snapshots = [(channel, *_snapshot(channel)) for channel in channels]
        moving = [process for identity, process in self._gone.items() if identity not in self._texts]
        moving += present
        exporters = []
        for channel, totals, sources in snapshots:
            exporter = self._exporter(channel, totals, sources, moving)
            exporters.append(exporter)
            moving = accounts.split(moving, exporter, sources)
        self._gone.update({process.identity: process for process in moving if process.is_gone})
        listed = (*self._gone.values(), *(process for process in moving if not process.is_gone))
        if not snapshots:
            return RunAccounts(listed, self._older, self._older_count, tuple(self._saved.values()))
        self._older = self._older._replace(deliveries=_rest(exporters, listed))
        return RunAccounts(listed, self._older, self._older_count, tuple(exporters))

    def _sum_up_oldest(self) -> None:
        while len(self._gone) > MAX_LISTED:
            identity = next(iter(self._gone))
            self._older = accounts.add(self._older, self._gone.pop(identity))
            self._older_count += 1
            self._texts.pop(identity, None)

    def _exporter(
        self,
        channel: Exporter,
        totals: Totals,
        sources: Mapping[int, Source],
        moving: Iterable[ProcessAccount],
    ) -> ExporterAccount:
        """Draw up the account of one exporter, with a reason for everything that it was not given or has dropped."""
        before = self._saved.get(channel.name)
        saved = before.delivery.dropped if before else {}
        reasons: Numbers = {}
        for source in sources.values():
            reasons = accounts.plus(reasons, source.dropped)
        reasons.pop(UNKNOWN, None)
        reasons = _completed(reasons, saved, totals.dropped)
        delivery = accounts.with_all_reasons(Delivery(totals.exported, totals.held, reasons), totals.dropped)
        if channel.signal != "metrics":
            processes = (*moving, self._older, *(self._gone[identity] for identity in self._texts))
            put = sum(process.put(channel.name, channel.signal) for process in processes)
            if put > delivery.put:
                gone = {accounts.GONE: put - delivery.put}
                delivery = delivery._replace(dropped=accounts.plus(delivery.dropped, gone))
        since_ns = self._since(channel)
        return ExporterAccount(
            channel.name,
            channel.signal,
            channel.destination,
            channel.state,
            since_ns,
            channel.last_error,
            delivery,
        )

    def _since(self, channel: Exporter) -> int:
        """Say since when a channel is in its state, also where an earlier agent has seen it begin."""
        state, since_ns = self._states.get(channel.name, ("", 0))
        if state != channel.state:
            since_ns = time.time_ns()
            self._states[channel.name] = channel.state, since_ns
        return since_ns

    def _write(self, run: RunAccounts, ended_ns: int | None) -> None:
        state = {"ended_ns": ended_ns, "agent_pid": os.getpid(), **accounts.as_state(run)}
        if self.agent_resource:
            state["agent_resource"] = self.agent_resource
        processes = ", ".join([self._text(process) for process in run.processes])
        text = f'{json.dumps(state)[:-1]}, "processes": [{processes}]}}'
        if text == self._written:
            return
        self._written = text
        try:
            with open(self._path + ".new", "w", encoding="utf-8") as file:
                file.write(f'{{"updated_ns": {time.time_ns()}, {text[1:]}')
            os.replace(self._path + ".new", self._path)
        except OSError:
            self._written = ""  # no space: the accounts are in the store too; tried again

    def _text(self, process: ProcessAccount) -> str:
        """Write one process; of one that is gone and of which nothing is held, only once."""
        text = self._texts.get(process.identity)
        if text is None:
            text = json.dumps(accounts.as_plain(process))
            if process.is_gone and not any(delivery.held for delivery in process.deliveries.values()):
                self._texts[process.identity] = text
        return text


def read(run: RunDirectory) -> dict[str, Any]:
    """Read a run's accounts; empty where there are none."""
    try:
        with open(os.path.join(run.path, FILE), encoding="utf-8") as file:
            state = json.load(file)
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _snapshot(channel: Exporter) -> tuple[Totals, Mapping[int, Source]]:
    """Read what a channel has counted, in all and by process, as it stood at one moment; its own thread goes on."""
    totals, sources = channel.totals(), channel.by_source()
    for _ in range(_LOOKS):
        again = channel.totals()
        if again == totals:
            break
        totals, sources = again, channel.by_source()
    return totals, sources


def _completed(reasons: Numbers, saved: Numbers, dropped: int) -> Numbers:
    """Take from what was saved before the reasons that the outbox does not have any more; never more than it has dropped."""
    missing = dropped - sum(reasons.values())
    for reason, number in accounts.minus(saved, reasons).items():
        if missing > 0 and reason != accounts.GONE:
            reasons = accounts.plus(reasons, {reason: min(number, missing)})
            missing -= min(number, missing)
    return reasons


def _rest(exporters: Iterable[ExporterAccount], listed: Sequence[ProcessAccount]) -> dict[str, Delivery]:
    """Say what of each exporter's account belongs to none of the processes listed."""
    found = {}
    for exporter in exporters:
        name = exporter.name
        parts = [process.deliveries[name] for process in listed if name in process.deliveries]
        left = accounts.rest(exporter.delivery, parts)
        if left != Delivery():
            found[name] = left
    return found
