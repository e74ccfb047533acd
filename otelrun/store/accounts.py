"""What became of every record of a run, as plain values: per process, per exporter, and how the two add up. Pure; no I/O.

For each process and each exporter of its signal::

    recorded - dropped by the ring + interrupted  =  exported + held + dropped by the exporter

What the ring dropped is counted by the process, what the agent has read of it is counted in the ring with its tail, and
``exported``, ``held`` and ``dropped`` of an exporter are counted in its outbox: a killed agent takes no number along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from otelrun.ring.record import LEFT_TO_PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otelrun.ring.reader import Counts

KINDS = ("spans", "logs", "notes")
NO_ROOM = "no room"
TOO_LARGE = "too large"
GONE = "lost with an agent"
"""Reason of what an agent had in memory only, since the disk was full, when it was killed."""

NOT_KNOWN = "not known any more"

Numbers = dict[str, int]

_NO_NUMBERS: Numbers = {}
_NO_REASONS: dict[str, Numbers] = {}


class Source(Protocol):
    """What an exporter holds of one process, and what it has dropped of it, by reason."""

    @property
    def held(self) -> int:
        """Records that wait in the outbox."""

    @property
    def dropped(self) -> dict[str, int]:
        """Reason → records."""


class Delivery(NamedTuple):
    """What became of the records given to one exporter. ``dropped``: reason → records."""

    exported: int = 0
    held: int = 0
    dropped: Numbers = _NO_NUMBERS

    @property
    def put(self) -> int:
        """How many were given to it."""
        return self.exported + self.held + sum(self.dropped.values())

    @property
    def left(self) -> int:
        """How many of ``dropped`` the program itself sends to the same destination: they are not lost."""
        return self.dropped.get(LEFT_TO_PROGRAM, 0)

    @property
    def lost(self) -> int:
        """How many of ``dropped`` are lost."""
        return sum(self.dropped.values()) - self.left


_NO_DELIVERIES: dict[str, Delivery] = {}


class ProcessAccount(NamedTuple):
    """One process, or the sum of several.

    Attributes:
        ring: name of its ring.
        identity: of its ring, see ``RingReader.identity``.
        pid: process id.
        is_gone: it has ended and its ring is removed.
        recorded: kind (``spans``, ``logs``, ``notes``) → records that it made, as far as they have been read.
        dropped: kind → reason → records of these that its ring did not take; ``series`` are metric series.
        torn: damaged records and definitions, whose kind cannot be known; not among ``recorded``.
        interrupted: spans that were open when it ended and were exported as ended then.
        points: name of a metrics exporter → points that were given to it.
        deliveries: name of an exporter → what became of what it was given.
    """

    ring: str = ""
    identity: int = 0
    pid: int = 0
    is_gone: bool = False
    recorded: Numbers = _NO_NUMBERS
    dropped: dict[str, Numbers] = _NO_REASONS
    torn: int = 0
    interrupted: int = 0
    points: Numbers = _NO_NUMBERS
    deliveries: dict[str, Delivery] = _NO_DELIVERIES

    def put(self, exporter: str, signal: str) -> int:
        """Give how many of its records an exporter was given."""
        if signal == "metrics":
            return self.points.get(exporter, 0)
        taken = self.recorded.get(signal, 0) - sum(self.dropped.get(signal, {}).values())
        return taken + self.interrupted if signal == "spans" else taken


class ExporterAccount(NamedTuple):
    """One exporter, all processes together.

    Attributes:
        name: signal and number, e.g. ``spans-0``.
        signal: ``spans``, ``logs`` or ``metrics`` (counted in points).
        destination: for people.
        state: see ``delivery.channel.Channel``; empty where not known.
        since_ns: when it was first seen in that state, ns since the epoch.
        last_error: why the last attempt that failed did; empty where none has.
        delivery: with a reason for everything dropped.
    """

    name: str
    signal: str
    destination: str
    state: str = ""
    since_ns: int = 0
    last_error: str = ""
    delivery: Delivery = Delivery()


class RunAccounts(NamedTuple):
    """A run: the processes listed one by one, those summed up since there were too many, and the exporters.

    As JSON it is the middle of a run's ``state.json``, see ``as_state`` and ``from_state``.
    """

    processes: tuple[ProcessAccount, ...] = ()
    older: ProcessAccount = ProcessAccount()
    older_count: int = 0
    exporters: tuple[ExporterAccount, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether anything is known of the run."""
        return bool(self.processes or self.older_count or self.exporters)

    def total(self) -> ProcessAccount:
        """Add up all processes."""
        return add(self.older, *self.processes)

    def held(self) -> Numbers:
        """Count what waits for exporters, per signal; what waits for two counts twice."""
        held: Numbers = {}
        for exporter in self.exporters:
            held[exporter.signal] = held.get(exporter.signal, 0) + exporter.delivery.held
        return _positive(held)

    def lost(self) -> int:
        """Count what no ring took and what exporters have dropped; what two have dropped counts twice."""
        inside = sum(sum(reasons.values()) for reasons in self.total().dropped.values())
        return inside + sum(exporter.delivery.lost for exporter in self.exporters)


def of_ring(ring: str, identity: int, pid: int, counts: Counts, torn: int) -> ProcessAccount:
    """Make the account of a process whose ring is there."""
    dropped: dict[str, Numbers] = {}
    for reason, numbers in ((NO_ROOM, counts.dropped), (TOO_LARGE, counts.too_large)):
        for kind, number in _positive(numbers).items():
            dropped.setdefault(kind, {})[reason] = number
    if counts.series_dropped:
        dropped["series"] = {NO_ROOM: counts.series_dropped}
    return ProcessAccount(ring, identity, pid, False, _positive(counts.recorded), dropped, torn)


def add(*processes: ProcessAccount) -> ProcessAccount:
    """Add up processes, of which there may be many; the names of none are kept."""
    recorded: Numbers = {}
    dropped: dict[str, Numbers] = {}
    points: Numbers = {}
    deliveries: dict[str, list[Delivery]] = {}
    for process in processes:
        _gather(recorded, process.recorded)
        for kind, reasons in process.dropped.items():
            _gather(dropped.setdefault(kind, {}), reasons)
        _gather(points, process.points)
        for name, delivery in process.deliveries.items():
            deliveries.setdefault(name, []).append(delivery)
    return ProcessAccount(
        recorded=recorded,
        dropped=dropped,
        torn=sum(process.torn for process in processes),
        interrupted=sum(process.interrupted for process in processes),
        points=points,
        deliveries={name: add_deliveries(*found) for name, found in deliveries.items()},
    )


def add_deliveries(*deliveries: Delivery) -> Delivery:
    """Add up deliveries."""
    dropped: Numbers = {}
    for delivery in deliveries:
        _gather(dropped, delivery.dropped)
    exported = sum(delivery.exported for delivery in deliveries)
    return Delivery(exported, sum(delivery.held for delivery in deliveries), dropped)


def _gather(total: Numbers, numbers: Mapping[str, int]) -> None:
    for name, number in numbers.items():
        total[name] = total.get(name, 0) + number


def plus(one: Mapping[str, int], other: Mapping[str, int]) -> Numbers:
    """Add numbers name by name."""
    total = dict(one)
    _gather(total, other)
    return total


def most(one: Mapping[str, int], other: Mapping[str, int]) -> Numbers:
    """Take the larger number of each name."""
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in dict.fromkeys((*one, *other))}


def minus(one: Mapping[str, int], other: Mapping[str, int]) -> Numbers:
    """Subtract numbers name by name; what is nothing or less is left out."""
    return _positive({name: number - other.get(name, 0) for name, number in one.items()})


def split(
    processes: Iterable[ProcessAccount], exporter: ExporterAccount, sources: Mapping[int, Source]
) -> list[ProcessAccount]:
    """Say of each process what became of what one exporter was given of it.

    Args:
        processes: their accounts.
        exporter: its account.
        sources: identity of a ring → what the exporter holds and has dropped of it.
    """
    found = []
    for process in processes:
        source = sources.get(process.identity)
        held, dropped = (source.held, source.dropped) if source else (0, _NO_NUMBERS)
        before = process.deliveries.get(exporter.name, Delivery()).dropped
        dropped = most(dropped, before)  # an outbox that is empty and done with forgets what it has dropped
        exported = process.put(exporter.name, exporter.signal) - held - sum(dropped.values())
        delivery = Delivery(max(0, exported), held, dropped)
        is_something = exported or held or dropped
        deliveries = {**process.deliveries, exporter.name: delivery} if is_something else process.deliveries
        found.append(process._replace(deliveries=deliveries))
    return found


def rest(total: Delivery, parts: Iterable[Delivery]) -> Delivery:
    """Give what of ``total`` is in none of its parts."""
    known = add_deliveries(*parts)
    dropped = minus(total.dropped, known.dropped)
    return Delivery(max(0, total.exported - known.exported), max(0, total.held - known.held), dropped)


def with_all_reasons(delivery: Delivery, dropped: int) -> Delivery:
    """Give a reason for all that an exporter has dropped: the one that is not known for what it names none for."""
    unknown = dropped - sum(delivery.dropped.values())
    return delivery._replace(dropped=plus(delivery.dropped, {NOT_KNOWN: unknown})) if unknown > 0 else delivery


def as_state(run: RunAccounts) -> dict[str, Any]:
    """Turn a run's accounts into plain data for JSON, but for its processes; see ``as_plain``."""
    total = run.total()
    return {
        "recorded": {kind: total.recorded.get(kind, 0) for kind in KINDS},
        "dropped": {kind: sum(total.dropped.get(kind, {}).values()) for kind in (*KINDS, "series")},
        "torn": total.torn,
        "interrupted": total.interrupted,
        "destinations": [_row(exporter) for exporter in run.exporters],
        "older": as_plain(run.older),
        "older_count": run.older_count,
    }


def _row(exporter: ExporterAccount) -> dict[str, Any]:
    delivery = exporter.delivery
    return {
        **{name: value for name, value in exporter._asdict().items() if name != "delivery"},
        "exported": delivery.exported,
        "held": delivery.held,
        "dropped": sum(delivery.dropped.values()),
        "reasons": delivery.dropped,
    }


def as_plain(process: ProcessAccount) -> dict[str, Any]:
    """Turn a process's account into plain data for JSON; what is empty is left out."""
    plain = {name: value for name, value in process._asdict().items() if value}
    if process.deliveries:
        plain["deliveries"] = {
            name: {field: value for field, value in delivery._asdict().items() if value}
            for name, delivery in process.deliveries.items()
        }
    return plain


def from_state(state: Mapping[str, Any]) -> RunAccounts:
    """Read a run's accounts from its state; what is missing or of another shape in it counts as nothing."""
    processes, exporters = state.get("processes"), state.get("destinations")
    older_count = state.get("older_count")
    return RunAccounts(
        tuple(filter(None, map(_process, processes if isinstance(processes, list) else ()))),
        _process(state.get("older")) or ProcessAccount(),
        older_count if isinstance(older_count, int) else 0,
        tuple(filter(None, map(_exporter, exporters if isinstance(exporters, list) else ()))),
    )


def _process(plain: Any) -> ProcessAccount | None:
    try:
        deliveries = {name: Delivery(**value) for name, value in (plain.get("deliveries") or {}).items()}
        process = ProcessAccount(**{**plain, "deliveries": deliveries})
        add(ProcessAccount(), process)  # are these numbers?
    except (TypeError, AttributeError):
        return None
    return process if isinstance(process.pid, int) and isinstance(process.identity, int) else None


def _exporter(row: Any) -> ExporterAccount | None:
    try:
        name, signal, destination, state = (
            str(row.get(key) or "") for key in ("name", "signal", "destination", "state")
        )
        since_ns, exported, held, dropped = (
            int(row.get(key) or 0) for key in ("since_ns", "exported", "held", "dropped")
        )
        reasons = plus({}, row.get("reasons") or {})
        error = str(row.get("last_error") or "")
    except (TypeError, AttributeError, ValueError):
        return None
    delivery = with_all_reasons(Delivery(exported, held, reasons), dropped)
    return ExporterAccount(name, signal, destination, state, since_ns, error, delivery)


def _positive(numbers: Mapping[str, int]) -> Numbers:
    return {name: number for name, number in numbers.items() if number > 0}
