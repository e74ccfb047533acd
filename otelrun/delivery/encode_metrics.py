"""Metric series → OTLP metrics as bytes, in the temporality an exporter asks for. Pure; no I/O.

A series in the ring is cumulative since its start. For delta temporality the values at the last collection are subtracted.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery import wire
from otelrun.delivery.encode import MAX_PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otelrun.delivery.encode import Payload, ProcessEncoder
    from otelrun.ring.reader import SeriesState

    _Last = dict[tuple[str, int], tuple[int, float, tuple[int, ...]]]

DELTA = 1
CUMULATIVE = 2

_MONOTONIC = ("counter", "observable_counter")
_SUMS = (*_MONOTONIC, "up_down_counter", "observable_up_down_counter")
_DELTA_INSTRUMENTS = {
    "cumulative": (),
    "delta": ("counter", "observable_counter", "histogram"),
    "low_memory": ("counter", "histogram"),
}
_pack_int = struct.Struct("<q").pack


class Point(NamedTuple):
    """One series as it is to be exported. ``has_extremes``: minimum and maximum are of the same interval as the sum."""

    state: SeriesState
    start_ns: int
    time_ns: int
    value: float
    counts: tuple[int, ...]
    has_extremes: bool


class Temporality:
    """Turns cumulative series into points of one exporter's temporality; keeps the last values where it must."""

    def __init__(self, preference: str) -> None:
        """Choose by the official name: ``cumulative``, ``delta`` or ``low_memory``."""
        self._delta_instruments = _DELTA_INSTRUMENTS.get(preference, ())
        self._last: _Last = {}

    def of(self, instrument: str) -> int:
        """Give the OTLP temporality of an instrument."""
        return DELTA if instrument in self._delta_instruments else CUMULATIVE

    @property
    def has_memory(self) -> bool:
        """Whether values of earlier collections are needed: an agent that goes on with a run must know them."""
        return bool(self._delta_instruments)

    def points(self, ring: str, states: Iterable[SeriesState], time_ns: int) -> list[Point]:
        """Give the points of one ring's series at ``time_ns``. A delta without a new measurement gives none.

        The next interval begins where ``take`` says that they are on their way.
        """
        points = []
        for state in states:
            start_ns = state.series.start_ns
            last = self._last.get((ring, state.id))
            if last is None or self.of(state.series.instrument) == CUMULATIVE:
                points.append(Point(state, start_ns, time_ns, state.value, state.counts, True))
                continue
            last_ns, value, counts = last
            if (value, counts) != (state.value, state.counts):
                difference = tuple(new - old for new, old in zip(state.counts, counts, strict=True))
                points.append(Point(state, last_ns, time_ns, state.value - value, difference, False))
        return points

    def take(self, ring: str, points: Iterable[Point]) -> None:
        """Have the next interval of these points' series begin where theirs ends."""
        for point in points:
            state = point.state
            if self.of(state.series.instrument) == DELTA:
                self._last[ring, state.id] = point.time_ns, state.value, state.counts

    def forget(self, ring: str) -> None:
        """Drop what is kept of a ring that is gone."""
        for key in [key for key in self._last if key[0] == ring]:
            del self._last[key]

    def kept(self) -> _Last:
        """Give what is kept, for the next agent."""
        return self._last

    def restore(self, kept: _Last | None) -> None:
        """Go on from what an earlier agent has kept, if anything."""
        self._last = kept or {}


def requests(
    points: Iterable[Point], temporality: Temporality, encoder: ProcessEncoder, limit: int
) -> list[tuple[list[Point], Payload]]:
    """Encode points as requests of at most ``limit`` points and ``MAX_PAYLOAD`` bytes each, but one metric at least.

    Returns:
        Pairs of the points and the request that holds them.
    """
    groups: list[tuple[list[Point], list[tuple[int, bytes, int]]]] = []
    size = 0
    for members in _streams(points):
        packed = _metric(members, temporality)
        size += len(packed[1]) + 8
        if not groups or len(groups[-1][0]) + len(members) > limit or size > MAX_PAYLOAD:
            groups.append(([], []))
            size = len(packed[1]) + 8
        groups[-1][0].extend(members)
        groups[-1][1].append(packed)
    return [
        (members, payload)
        for members, items in groups
        for payload in encoder.requests(items, sys.maxsize, max_bytes=sys.maxsize)
    ]


def metrics(points: Iterable[Point], temporality: Temporality) -> list[tuple[int, bytes, int]]:
    """Pack points as Metrics, one for each stream.

    Returns:
        Triples of the scope's id, the content of the Metric, and how many points it has.
    """
    return [_metric(members, temporality) for members in _streams(points)]


def _streams(points: Iterable[Point]) -> list[list[Point]]:
    """Put together what belongs to one Metric."""
    streams: dict[tuple[int, str, str, str, str], list[Point]] = {}
    for point in points:
        series = point.state.series
        key = series.scope, series.instrument, series.name, series.unit, series.description
        streams.setdefault(key, []).append(point)
    return list(streams.values())


def _metric(points: Sequence[Point], temporality: Temporality) -> tuple[int, bytes, int]:
    """Give the id of the scope of one stream, the content of its Metric, and how many points it has."""
    series = points[0].state.series
    head = wire.text(b"\x0a", series.name) + wire.text(b"\x12", series.description) + wire.text(b"\x1a", series.unit)
    content = head + _data(series.instrument, points, temporality.of(series.instrument))
    return series.scope, content, len(points)


def _data(instrument: str, points: Sequence[Point], temporality: int) -> bytes:
    if instrument == "histogram":
        data = b"".join(wire.delimited(b"\x0a", _histogram_point(point)) for point in points)
        return wire.delimited(b"\x4a", data + wire.number(b"\x10", temporality))
    data = b"".join(wire.delimited(b"\x0a", _number_point(point)) for point in points)
    if instrument not in _SUMS:
        return wire.delimited(b"\x2a", data)
    is_monotonic = wire.number(b"\x18", instrument in _MONOTONIC)
    return wire.delimited(b"\x3a", data + wire.number(b"\x10", temporality) + is_monotonic)


def _number_point(point: Point) -> bytes:
    is_gauge = point.state.series.instrument not in _SUMS
    time_ns = point.state.time_ns if is_gauge else point.time_ns
    start = b"" if is_gauge else b"\x11" + wire.pack_fixed64(point.start_ns)
    is_float = point.state.is_float
    value = b"\x21" + wire.pack_double(point.value) if is_float else b"\x31" + _pack_int(int(point.value))
    attributes = wire.attributes(b"\x3a", point.state.series.attributes)
    return b"".join((start, b"\x19", wire.pack_fixed64(time_ns), value, attributes))


def _histogram_point(point: Point) -> bytes:
    boundaries = point.state.series.boundaries
    counts = struct.pack(f"<{len(point.counts)}Q", *point.counts)
    total = sum(point.counts)
    parts = [
        b"\x11" + wire.pack_fixed64(point.start_ns),
        b"\x19" + wire.pack_fixed64(point.time_ns),
        b"\x21" + wire.pack_fixed64(total) if total else b"",
        b"\x29" + wire.pack_double(point.value),
        wire.delimited(b"\x32", counts),
    ]
    if boundaries:
        parts.append(wire.delimited(b"\x3a", struct.pack(f"<{len(boundaries)}d", *boundaries)))
    parts.append(wire.attributes(b"\x4a", point.state.series.attributes))
    if point.has_extremes:
        parts.append(b"\x59" + wire.pack_double(point.state.minimum))
        parts.append(b"\x61" + wire.pack_double(point.state.maximum))
    return b"".join(parts)
