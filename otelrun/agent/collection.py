"""The metric readers of a profile at work: series as they stand → points in the reader's temporality → its outbox."""

from __future__ import annotations

import os
from time import time_ns
from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery import encode_metrics, exporters
from otelrun.delivery.frames import Mark
from otelrun.delivery.handover import LARGEST_BATCH
from otelrun.delivery.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otelrun.agent.accounting import Accounting
    from otelrun.agent.notices import Notices
    from otelrun.delivery.channel import Channel
    from otelrun.delivery.encode import Payload, ProcessEncoder
    from otelrun.delivery.encode_metrics import Point
    from otelrun.profile.model import MetricReader
    from otelrun.ring.reader import SeriesState


class Measured(NamedTuple):
    """Series of one resource as they stand.

    Attributes:
        name: names the resource's series within the run.
        identity: of the ring they are of or about; 0 where there is none.
        states: the series.
        encoder: gives what encodes for the resource; asked only where there is something to encode.
    """

    name: str
    identity: int
    states: Sequence[SeriesState]
    encoder: Callable[[], ProcessEncoder]


class Reader(NamedTuple):
    """A metric reader of the profile at work: where to, how often, in which temporality, and what a delta is relative to."""

    channel: Channel
    interval_s: float
    temporality: encode_metrics.Temporality
    last: Versions


def open_reader(number: int, wanted: MetricReader, surroundings: exporters.Surroundings) -> Reader:
    """Put a metric reader of the profile to work, from where an earlier agent left it.

    Args:
        number: which one of the profile's.
        wanted: as the profile says.
        surroundings: what its channel needs of the agent.
    """
    channel = exporters.open_channel(f"metrics-{number}", wanted.exporter, None, surroundings)
    temporality = encode_metrics.Temporality(wanted.exporter.temporality)
    last = Versions(os.path.join(surroundings.outbox, f"{channel.name}.last"))
    temporality.restore(last.load(channel.mark.position))
    return Reader(channel, wanted.interval_ms / 1000, temporality, last)


def close_reader(reader: Reader) -> None:
    """Let go of a reader's outbox; what a next agent needs stays on disk."""
    is_needed = bool(reader.temporality.kept())
    reader.channel.close(keep=is_needed)
    if not (is_needed or reader.channel.totals().held):
        reader.last.remove()


class Collection(NamedTuple):
    """Collects for the readers of one run.

    Attributes:
        accounting: is told how many points of a ring were put into an outbox.
        notices: takes what goes wrong.
    """

    accounting: Accounting
    notices: Notices

    def collect(self, reader: Reader, measured: Iterable[Measured]) -> None:
        """Put the points that are due of each resource into the reader's outbox."""
        now_ns = time_ns()
        for one in measured:
            try:
                points = reader.temporality.points(one.name, one.states, now_ns)
                if not points:
                    continue
                requests = encode_metrics.requests(points, reader.temporality, one.encoder(), LARGEST_BATCH)
            except Exception:  # noqa: BLE001 - a measurement OTLP has no form for; other processes' go on
                self.notices.failed(f"collecting metrics of {one.name}")
                continue
            for members, payload in requests:
                self._put(reader, one, members, payload)

    def _put(self, reader: Reader, measured: Measured, points: Sequence[Point], payload: Payload) -> None:
        """Put one request of points; its number in the outbox says up to which collection values were sent."""
        number = reader.channel.mark.position + 1
        reader.temporality.take(measured.name, points)
        if reader.temporality.has_memory:
            reader.last.save(number, reader.temporality.kept())
        reader.channel.put(payload.data, payload.records, Mark(measured.identity, number))
        self.accounting.put_points(measured.identity, reader.channel.name, payload.records)
