"""What an outbox has dropped, of which process, and why. Data only."""

from __future__ import annotations

from typing import NamedTuple

UNKNOWN = "not known any more"
"""Reason of what was dropped when the ledger could not be written."""


class Source(NamedTuple):
    """What became of one process's records in one outbox, but for those exported.

    Attributes:
        held: how many wait.
        dropped: reason → how many were dropped for it.
    """

    held: int
    dropped: dict[str, int]


class Ledger:
    """Counts what is dropped, by the identity of the ring it came from and by reason.

    Attributes:
        number: grows with each drop.
        is_changed: whether it is newer than its last saved version; for the one who saves it.
        rows: ring → reason → how many; of all agents of the run.
        reasons: reason → how many; of this agent.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.number = 0
        self.is_changed = False
        self.rows: dict[int, dict[str, int]] = {}
        self.reasons: dict[str, int] = {}

    def restore(self, number: int, rows: dict[int, dict[str, int]] | None, dropped: int) -> None:
        """Go on from an earlier agent.

        Args:
            number: of its last version.
            rows: the version of that number, or None where it is lost.
            dropped: how many records it had dropped; what the rows do not explain has no known source and reason.
        """
        self.number = number
        self.rows = rows or {}
        missing = dropped - sum(sum(reasons.values()) for reasons in self.rows.values())
        if missing > 0:
            self.rows.setdefault(0, {})[UNKNOWN] = missing

    def add(self, ring: int, count: int, reason: str) -> None:
        """Count dropped records of one ring; a negative count takes back."""
        self.number += 1
        self.is_changed = True
        for reasons in (self.rows.setdefault(ring, {}), self.reasons):
            reasons[reason] = reasons.get(reason, 0) + count
            if not reasons[reason]:
                del reasons[reason]
        if not self.rows[ring]:
            del self.rows[ring]
