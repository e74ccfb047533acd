"""The program's side of spans that have not ended: one slot of the ring for each, so that a killed process shows where it was.

No lock: each step that must happen once is one operation of the interpreter.
"""

from __future__ import annotations

from collections import deque
from marshal import dumps, loads

from otelrun.ring import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap
    from typing import Any

_MARSHAL_VERSION = 2
_LONGEST_NAME = 96
_FEW = 16


class Slot:
    """The place of one open span.

    When the span's own record is written, ``words[index] = 0`` and ``free.append(slot)`` give the place back; both are left to
    those who write it, who are in a hurry.

    Attributes:
        words: the ring as 64-bit words; None where the span is the parent's, of a process that has forked since.
        index: of the slot's first word.
        free: the slots that are free.
    """

    __slots__ = ("free", "index", "words")

    def __init__(self, words: Any, index: int, free: list[Slot] | deque[Slot]) -> None:
        """Take the place."""
        self.words = words
        self.index = index
        self.free = free


class OpenSpans:
    """The slots of one ring."""

    def __init__(self, ring: mmap, words: memoryview, first: int, size: int) -> None:
        """Take over slots that are all free.

        Args:
            ring: the ring's bytes.
            words: the same as 64-bit words.
            first: where the first slot begins, in bytes.
            size: bytes of all slots.
        """
        self._map = ring
        self._words = words
        self._unused = iter(range(first // 8, (first + size) // 8, layout.OPEN_SLOT_WORDS))
        self._free: list[Slot] = []
        self._nowhere = Slot({}, 0, deque(maxlen=0))
        self._made = [self._nowhere]

    def put(self, payload: bytes) -> Slot:
        """Write a started span into a free slot.

        Args:
            payload: what ``record.decode_open_span`` reads.

        Returns:
            The slot; where all are taken one that is nowhere.
        """
        try:
            slot = self._free.pop()
        except IndexError:
            slot = self._make()
            if slot is self._nowhere:
                return slot
        length = len(payload)
        if length > layout.OPEN_CAPACITY:
            payload = _shorten(payload)
            length = len(payload)
        index = slot.index
        start = index * 8 + 8
        self._map[start : start + length] = payload
        self._words[index] = length  # last: the slot is free until now
        return slot

    def _make(self) -> Slot:
        """Give a slot that was never used, and have some more at hand; the one that is nowhere where there is none."""
        for _, index in zip(range(_FEW), self._unused, strict=False):
            slot = Slot(self._words, index, self._free)
            self._made.append(slot)
            self._free.append(slot)
        try:
            return self._free.pop()
        except IndexError:
            return self._nowhere

    def leave_to_parent(self) -> None:
        """Have every span that is open now known as the parent's, in a forked child."""
        for slot in self._made:
            slot.words = None


def _shorten(payload: bytes) -> bytes:
    """Leave out the attributes, and cut the name, of a span that is too large for a slot."""
    *ids, name, kind, start_ns, scope, _ = loads(payload)  # noqa: S302 - just made by this process
    return dumps((*ids, name[:_LONGEST_NAME], kind, start_ns, scope, {}), _MARSHAL_VERSION)
