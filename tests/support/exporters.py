"""An exporter that counts as a channel with its outbox does, and keeps its counts however often the agent is killed."""

from __future__ import annotations

from typing import NamedTuple

from otelrun.delivery.totals import Totals


class Held(NamedTuple):
    """What is held and was dropped of one process; as ``store.accounts.Source``."""

    held: int
    dropped: dict[str, int]


class CountingExporter:
    """Takes records of many rings, delivers, rejects and drops them when told to.

    Attributes:
        put: identity of a ring → records given.
        exported: identity → records delivered. Unlike the rest, the agent cannot ask for this.
    """

    def __init__(self, name: str, before: Totals | None = None) -> None:
        """Begin with nothing, or with the counts of an earlier one."""
        self.name = name
        self.signal = name.partition("-")[0]
        self.destination = "http://there"
        self.state = "idle"
        self.last_error = ""
        self.frames: list[tuple[int, int]] = []
        self.exported: dict[int, int] = {}
        self.given: dict[int, int] = {}
        self._before = before or Totals()
        self._dropped: dict[int, dict[str, int]] = {}
        self._marks: dict[int, int] = {}

    def has(self, identity: int, position: int) -> bool:
        """Say whether the record at ``position`` of a ring was given already."""
        return position <= self._marks.get(identity, -1)

    def put(self, identity: int, count: int, position: int = -1) -> None:
        """Take records, the last of which stands at ``position``."""
        self.frames.append((identity, count))
        self.given[identity] = self.given.get(identity, 0) + count
        self._marks[identity] = max(position, self._marks.get(identity, -1))

    def deliver(self, rejected: int) -> None:
        """Deliver the oldest frame, but for some of it."""
        identity, count = self.frames.pop(0)
        self.lose(identity, min(rejected, count), "partial success")
        self.exported[identity] = self.exported.get(identity, 0) + count - min(rejected, count)

    def evict(self) -> None:
        """Drop the newest frame, as an outbox may that is full."""
        self.lose(*self.frames.pop(), "outbox full")

    def lose(self, identity: int, count: int, reason: str) -> None:
        """Count records of a ring as dropped."""
        if count:
            reasons = self._dropped.setdefault(identity, {})
            reasons[reason] = reasons.get(reason, 0) + count

    def totals(self) -> Totals:
        """Count all rings together."""
        exported, dropped, _ = self._before
        exported += sum(self.exported.values())
        dropped += sum(sum(reasons.values()) for reasons in self._dropped.values())
        return Totals(exported, dropped, sum(count for _, count in self.frames))

    def by_source(self) -> dict[int, Held]:
        """Count what is held and was dropped, ring by ring."""
        identities = dict.fromkeys((*self._dropped, *(identity for identity, _ in self.frames)))
        return {
            identity: Held(
                sum(count for ring, count in self.frames if ring == identity), dict(self._dropped.get(identity, {}))
            )
            for identity in identities
        }
