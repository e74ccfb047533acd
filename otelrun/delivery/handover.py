"""From one ring's records to the outboxes of one signal: each record into each outbox once, whichever agent puts it there."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.delivery.frames import Mark
from otelrun.ring.record import LEFT_SHIFT, LEFT_TO_PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otelrun.delivery.channel import Channel
    from otelrun.delivery.encode import Payload

LARGEST_BATCH = 512
"""Records of one request at most."""

NO_FORM = "no form in OTLP"


class Handover(NamedTuple):
    """How records of one signal get to its channels.

    Attributes:
        channels: of the signal.
        encode: gives the requests that hold the records, in their order; the second argument is how many a request may hold.
        failed: called, while its exception is handled, for a record that cannot be encoded.
    """

    channels: Sequence[Channel]
    encode: Callable[[Any, int], list[Payload]]
    failed: Callable[[str], None]

    def put(self, ring: int, found: Sequence[tuple[int, Any]]) -> None:
        """Put records that are not yet in the outboxes.

        Args:
            ring: the ring's identity.
            found: pairs of the record's position and the record, in their order.
        """
        by_count: dict[int, list[Channel]] = {}
        for channel in self.channels:
            count = next((n for n, (position, _) in enumerate(found) if not channel.has(ring, position)), len(found))
            by_count.setdefault(count, []).append(channel)
        for count, channels in by_count.items():  # normally one: nobody has anything of it
            if count == len(found):
                continue
            if any(record.flags >> LEFT_SHIFT for _, record in found[count:]):
                for channel in channels:
                    self._put_what_is_not_left(channel, ring, found[count:])
            else:
                self._put(channels, ring, found[count:])

    def _put_what_is_not_left(self, channel: Channel, ring: int, found: Sequence[tuple[int, Any]]) -> None:
        """Put the records that the program does not itself send to the channel's destination; count the others."""
        bit = 1 << LEFT_SHIFT + int(channel.name.rpartition("-")[2])
        for is_left, group in groupby(found, key=lambda pair: bool(pair[1].flags & bit)):
            pairs = list(group)
            if is_left:
                channel.drop(len(pairs), Mark(ring, pairs[-1][0] + 1), LEFT_TO_PROGRAM)
            else:
                self._put([channel], ring, pairs)

    def _put(self, channels: Sequence[Channel], ring: int, found: Sequence[tuple[int, Any]]) -> None:
        limit = min(LARGEST_BATCH, *(channel.batching.size for channel in channels))
        try:
            payloads = self.encode([record for _, record in found], limit)
        except Exception:  # noqa: BLE001 - a record with values OTLP has no form for; the others go on
            if len(found) > 1:
                for pair in found:
                    self._put(channels, ring, [pair])
                return
            [(position, record)] = found
            self.failed(f"encoding {record!r:.500}")
            for channel in channels:
                channel.drop(1, Mark(ring, position + 1), NO_FORM)
            return
        count = 0
        for payload in payloads:
            count += payload.records
            mark = Mark(ring, found[count - 1][0] + 1)
            for channel in channels:
                channel.put(payload.data, payload.records, mark)
