"""What waits for one exporter and signal: on disk, where it outlives the agent, with exact counts. One process at a time.

Settled frames are forgotten by moving a position in the header; the file is cut when it is empty, and written anew when it is
full, without what has to go, or when more than ``limit`` bytes of it are spent. No method raises because of the disk: what cannot
be written is held in memory, within bounds, and what is lost is counted.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from itertools import islice
from time import time_ns
from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery import eviction, wire_reader
from otelrun.delivery.frames import OVERHEAD, Frame, FrameFile, Header, Mark
from otelrun.delivery.ledger import Ledger, Source
from otelrun.delivery.totals import Totals
from otelrun.delivery.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LIMIT = 64 * 1024 * 1024
"""Bytes an outbox holds; beyond, some of it goes: see ``eviction``."""

MEMORY_LIMIT = 8 * 1024 * 1024
"""Bytes an outbox holds in memory where its file cannot be written."""

FULL = "outbox full"
UNREADABLE = "unreadable"
NO_SPACE = "no space on disk"


class Part(NamedTuple):
    """Some records of one frame, from its first that is not settled."""

    serial: int
    ring: int
    records: int


class Batch(NamedTuple):
    """Payloads taken together, end to end, and how many records they hold."""

    parts: tuple[Part, ...]
    data: bytes
    records: int


class Outbox:
    """The outbox of one exporter and signal. Safe for one thread that puts and one that takes and settles.

    Attributes:
        path: its file.
        mark: what was put last.
        limit: bytes it holds.
    """

    def __init__(self, path: str, signal: str, limit: int = LIMIT, before: Totals | None = None) -> None:
        """Open or make the file; where neither can be done, hold frames in memory.

        Args:
            path: its file.
            signal: ``spans``, ``logs`` or ``metrics``.
            limit: bytes it holds.
            before: where counting goes on if the file is not there.
        """
        self.path = path
        self.mark = Mark()
        self.limit = limit
        self._signal = signal
        self._exported, self._dropped, _ = before or Totals()
        self._held = 0
        self._held_of: dict[int, int] = {}
        self._frames: deque[Frame] = deque()
        self._done = 0
        self._taken = 0
        self._taken_records = 0
        self._on_wire = 0
        self._bytes = {True: 0, False: 0}  # whether in memory → how many
        self._next_serial = 0
        self._ledger = Ledger()
        self._versions = Versions(path + ".dropped")
        self._lock = threading.Lock()
        self._file: FrameFile | None = None
        try:
            self._file = FrameFile(path)
            self._load(self._file)
        except OSError:
            self._file = None

    def _load(self, file: FrameFile) -> None:
        header, frames = file.load()
        if header is None:
            self._ledger.restore(0, None, self._dropped)
            self._save()
            return
        _, _, self._exported, self._dropped, self._done, self.mark, number, on_wire = header
        self._ledger.restore(number, self._versions.load(number), self._dropped)
        for frame in frames:
            self._hold(frame)
        if frames:
            self._count_held(frames[0].mark.ring, -self._done)
        else:
            self._done = 0
        parts = self._first_parts(on_wire)
        self._taken, self._on_wire = len(parts), sum(part.records for part in parts)
        self._save()

    def _first_parts(self, records: int) -> list[Part]:
        """Name the oldest records; none where there are not as many."""
        parts: list[Part] = []
        for index, frame in enumerate(self._frames):
            if not records:
                break
            count = min(records, frame.records - (0 if index else self._done))
            parts.append(Part(frame.serial, frame.mark.ring, count))
            records -= count
        return [] if records else parts

    def totals(self) -> Totals:
        """Give the counts as they stand."""
        with self._lock:
            return Totals(self._exported, self._dropped, self._held)

    def by_source(self) -> dict[int, Source]:
        """Give what is held and what was dropped of each process, by the identity of its ring."""
        with self._lock:
            rings = self._held_of.keys() | self._ledger.rows.keys()
            return {ring: Source(self._held_of.get(ring, 0), dict(self._ledger.rows.get(ring, {}))) for ring in rings}

    def reasons(self) -> dict[str, int]:
        """Give what this agent has dropped, by reason."""
        with self._lock:
            return dict(self._ledger.reasons)

    def is_above(self, share: float) -> bool:
        """Say whether more than this share of the limit is held, on disk or in memory."""
        return self._bytes[False] > share * self.limit or self._bytes[True] > share * min(self.limit, MEMORY_LIMIT)

    def oldest_ns(self) -> int:
        """When the oldest frame was put in, ns since the epoch; 0 when empty."""
        with self._lock:
            return self._frames[0].since_ns if self._frames else 0

    def put(self, payload: bytes, count: int, mark: Mark) -> int:
        """Append a payload of ``count`` records; others are dropped where there is no room for it.

        Args:
            payload: a serialised request.
            count: how many records it holds.
            mark: up to where its ring is in this outbox, with it.

        Returns:
            How many records were dropped to make room.
        """
        with self._lock:
            before = self._dropped
            frame = Frame(self._next_serial, -1, OVERHEAD + len(payload), count, time_ns(), mark, payload)
            obstacle = self._find_place(frame, payload)
            if obstacle:
                self._drop(mark.ring, count, obstacle)
                self.mark = mark
                self._save()
            self.mark = mark
            return self._dropped - before

    def _find_place(self, frame: Frame, payload: bytes) -> str:
        """Put a frame on disk, or else in memory for as long as this agent lives; say why not, empty where it was put."""
        if self._file is not None:
            if not self._make_room(frame.size, self.limit, in_memory=False):
                return FULL
            try:
                if self._file.end > 2 * self.limit:
                    self._rewrite({})
                self._hold(self._file.append(payload, frame))
            except OSError:
                pass
            else:
                return ""
        if not self._make_room(frame.size, min(self.limit, MEMORY_LIMIT), in_memory=True):
            return NO_SPACE
        self._hold(frame)
        return ""

    def drop(self, count: int, mark: Mark, reason: str) -> None:
        """Count ``count`` records as dropped that were to be put here."""
        with self._lock:
            self._drop(mark.ring, count, reason)
            self.mark = mark
            self._save()

    def take(self, max_count: int, max_bytes: int) -> Batch | None:
        """Copy the oldest records, up to that many and as many bytes; they stay until settled and do not make room.

        Frames are taken whole, at least one; only a first one of more than ``max_bytes`` is taken in parts.
        """
        with self._lock:
            self._taken = 0
            payload = self._first_payload()
            if not payload:
                return None
            first = self._frames[0]
            data, count = self._cut(first, payload, max_bytes)
            parts, payloads, size = [Part(first.serial, first.mark.ring, count)], [data], len(data)
            if count == first.records - self._done:
                for frame in islice(self._frames, 1, None):
                    if count + frame.records > max_count or size + frame.size - OVERHEAD > max_bytes:
                        break
                    payload = self._payload(frame)
                    if not payload:
                        break
                    parts.append(Part(frame.serial, frame.mark.ring, frame.records))
                    payloads.append(payload)
                    count += frame.records
                    size += len(payload)
            self._taken, self._taken_records = len(parts), count
            return Batch(tuple(parts), b"".join(payloads), count)

    def _first_payload(self) -> bytes:
        """Give the payload of the oldest frame that can be read; those before it are dropped."""
        while self._frames:
            payload = self._payload(self._frames[0])
            if payload:
                return payload
            records = self._frames[0].records - self._done
            self._drop(self._frames[0].mark.ring, records, UNREADABLE)
            self._forget_first()
            self._save()
        return b""

    def _cut(self, frame: Frame, payload: bytes, max_bytes: int) -> tuple[bytes, int]:
        """Give what is not settled of the first frame, as far as it fits, and how many records it is."""
        done, left = self._done, frame.records - self._done
        if not done and (left == 1 or len(payload) <= max_bytes):
            return payload, left
        records = wire_reader.records(self._signal, payload)
        if len(records) != frame.records:
            return payload, left
        size = len(payload) - sum(end - start for start, end in records)
        count = 0
        for start, end in records[done:]:
            size += end - start
            if count and size > max_bytes:
                break
            count += 1
        return wire_reader.select(self._signal, payload, lambda index: done <= index < done + count), count

    def put_on_wire(self) -> None:
        """Write down, before an endpoint can have all of what was taken, that the next agent has to look for its answer first.

        Not where anything is held in memory: the next agent would not have it, nor know which records an answer is about.
        """
        with self._lock:
            if not self._bytes[True]:
                self._on_wire = self._taken_records
                self._save()

    def left_on_wire(self) -> Batch | None:
        """Give the records of which an earlier agent did not learn what the endpoint said, without their payload.

        They do not make room, and nothing else is to be taken, until they are settled or released.
        """
        with self._lock:
            parts = tuple(self._first_parts(self._on_wire))
            return Batch(parts, b"", self._on_wire) if parts else None

    def release(self) -> None:
        """Take back what was taken: it is to be sent again later."""
        with self._lock:
            self._taken = 0
            if self._on_wire:
                self._on_wire = 0
                self._save()

    def settle(self, batch: Batch, *, rejected: int = 0, reason: str = "") -> None:
        """Forget a batch that was taken: exported, but for those rejected.

        Args:
            batch: from ``take``.
            rejected: how many of its records were not accepted; of which processes is not known, where it is only some.
            reason: why.
        """
        with self._lock:
            for part in batch.parts:
                refused = min(rejected, part.records)
                rejected -= refused
                if refused:
                    self._drop(part.ring, refused, reason)
                self._exported += part.records - refused
                self._done += part.records
                self._count_held(part.ring, -part.records)
                if self._done >= self._frames[0].records:
                    self._done = self._frames[0].records
                    self._forget_first()
            self._taken = self._on_wire = 0
            self._save()

    def close(self, *, keep: bool = False) -> None:
        """Let go of the file; one that holds nothing is removed, unless it is to be kept for the next agent."""
        with self._lock:
            self._on_wire = 0  # nobody waits for an answer any more
            if self._bytes[True]:
                self._save_memory()
            if self._file is None:
                return
            self._save()
            if not (self._frames or keep):
                with suppress(OSError):
                    os.unlink(self.path)
                self._versions.remove()
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _save_memory(self) -> None:
        """Put what is in memory on disk now, at the latest; count it as dropped where that cannot be done."""
        try:
            if self._file is not None:
                self._rewrite({})
        except OSError:
            for frame in self._frames:
                if frame.payload is not None:
                    done = self._done if frame is self._frames[0] else 0
                    self._drop(frame.mark.ring, frame.records - done, NO_SPACE)
                    self._count_held(frame.mark.ring, done - frame.records)
            if self._frames and self._frames[0].payload is not None:
                self._done = 0
            self._frames = deque(frame for frame in self._frames if frame.payload is None)
            self._bytes[True] = 0

    def _hold(self, frame: Frame) -> None:
        self._frames.append(frame._replace(serial=self._next_serial))
        self._next_serial += 1
        self._bytes[frame.payload is not None] += frame.size
        self._count_held(frame.mark.ring, frame.records)

    def _forget_first(self) -> None:
        frame = self._frames.popleft()
        self._bytes[frame.payload is not None] -= frame.size
        self._count_held(frame.mark.ring, self._done - frame.records)
        self._done = 0

    def _count_held(self, ring: int, count: int) -> None:
        self._held += count
        self._held_of[ring] = self._held_of.get(ring, 0) + count
        if not self._held_of[ring]:
            del self._held_of[ring]

    def _drop(self, ring: int, count: int, reason: str) -> None:
        self._dropped += count
        self._ledger.add(ring, count, reason)

    def _payload(self, frame: Frame) -> bytes:
        """Give the payload of a frame; nothing where it cannot be read."""
        if frame.payload is not None:
            return frame.payload
        try:
            return self._file.read(frame) if self._file is not None else b""
        except OSError:
            return b""

    def _make_room(self, size: int, limit: int, *, in_memory: bool) -> bool:
        """Have what is on disk or in memory, and ``size`` bytes more, fit the limit; say whether they do.

        More than necessary goes, a quarter of the limit, so that it is seldom done.
        """
        excess = self._bytes[in_memory] + size - limit
        if excess > 0:
            excess += limit // 4
            contents = (
                eviction.Content(
                    self._payload(frame),
                    frame.records,
                    0 if index else self._done,
                    index < self._taken or (frame.payload is not None) != in_memory,
                )
                for index, frame in enumerate(self._frames)
            )
            victims = eviction.choose(self._signal, contents, excess)
            try:
                if not victims:
                    return False
                if in_memory:
                    self._thin_memory(victims)
                else:
                    self._rewrite(victims)
            except OSError:
                self._drop_oldest(excess)
        return self._bytes[in_memory] + size <= limit

    def _drop_oldest(self, excess: int) -> None:
        """Make room on a disk that has none for a new file."""
        while excess > 0 and self._frames and not self._taken:
            excess -= self._frames[0].size
            self._drop(self._frames[0].mark.ring, self._frames[0].records - self._done, FULL)
            self._forget_first()
        self._save()

    def _kept(self, victims: Mapping[int, set[int]]) -> Iterator[tuple[Frame, bytes | None]]:
        """Give the frames that stay without those records, and their payloads; None for one on disk that stays as it is."""
        for index, frame in enumerate(self._frames):
            gone = victims.get(index)
            done = 0 if index else self._done
            if not gone:
                yield frame, frame.payload
            elif len(gone) < frame.records - done:
                payload = wire_reader.select(self._signal, self._payload(frame), _is_kept(done, gone))
                size, records = OVERHEAD + len(payload), frame.records - done - len(gone)
                yield frame._replace(size=size, records=records), payload

    def _count_gone(self, victims: Mapping[int, set[int]], sign: int, reason: str = FULL) -> None:
        for index, gone in victims.items():
            self._drop(self._frames[index].mark.ring, sign * len(gone), reason)
            self._count_held(self._frames[index].mark.ring, -sign * len(gone))

    def _rewrite(self, victims: Mapping[int, set[int]]) -> None:
        """Copy what is held, without the victims, to a new file; also what was in memory.

        Raises:
            OSError: there is no space for it; everything is as it was.
        """
        file = self._file
        if file is None:
            return
        self._count_gone(victims, 1)
        self._save_ledger()
        done = 0 if 0 in victims else self._done
        header = self._header(0)._replace(done=done)
        try:
            frames = file.rewrite(header, self._kept(victims))
        except OSError:
            self._count_gone(victims, -1)
            raise
        self._replace_frames(frames, done)

    def _thin_memory(self, victims: Mapping[int, set[int]]) -> None:
        self._count_gone(victims, 1, NO_SPACE)
        kept = [frame._replace(payload=payload) for frame, payload in self._kept(victims)]
        self._replace_frames(kept, 0 if 0 in victims else self._done)
        self._save()

    def _replace_frames(self, frames: list[Frame], done: int) -> None:
        self._frames = deque(frames)
        self._done = done
        for is_memory in (True, False):
            self._bytes[is_memory] = sum(frame.size for frame in frames if (frame.payload is not None) == is_memory)

    def _header(self, position: int) -> Header:
        is_first_on_disk = bool(self._frames) and self._frames[0].payload is None
        done = self._done if is_first_on_disk else 0
        end = self._file.end if self._file is not None else 0
        return Header(position, end, self._exported, self._dropped, done, self.mark, self._ledger.number, self._on_wire)

    def _save_ledger(self) -> None:
        if self._ledger.is_changed:
            self._versions.save(self._ledger.number, self._ledger.rows)
            self._ledger.is_changed = False

    def _save(self) -> None:
        """Write down what is settled and counted; an error of the disk leaves that to the next time."""
        if self._file is None:
            return
        self._save_ledger()
        position = next((frame.position for frame in self._frames if frame.payload is None), 0)
        with suppress(OSError):
            if position:
                self._file.save(self._header(position))
            else:
                self._file.cut(self._header(0))


def _is_kept(done: int, gone: set[int]) -> Callable[[int], bool]:
    return lambda record: record >= done and record not in gone
