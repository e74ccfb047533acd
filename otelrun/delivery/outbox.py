"""What waits for one exporter, on disk: an append-only file of frames that outlives the agent. One process at a time.

The file is a header (magic, position of the oldest frame not yet settled, how many records were exported and dropped so far)
and frames of ``<IIIQ`` (length of the payload, crc32 of it, number of records in it, when it was put in, ns since the epoch)
and the payload. What a killed agent left half written ends the file at the next opening. Settled frames are forgotten by
moving the position; the file is cut when it is empty, and written anew when more than ``limit`` bytes of it are spent.
"""

from __future__ import annotations

import os
import struct
import threading
from binascii import crc32
from collections import deque
from time import time_ns
from typing import NamedTuple

from otelrun.delivery.totals import Totals

LIMIT = 64 * 1024 * 1024
"""Bytes an outbox holds; beyond, the oldest go."""

MEMORY_LIMIT = 8 * 1024 * 1024
"""Bytes an outbox holds where its file cannot be written."""

_MAGIC = b"otelrun-outbox1\n"
_header = struct.Struct("<16sQQQ")
_frame_header = struct.Struct("<IIIQ")


class Frame(NamedTuple):
    """One payload in the outbox: where, how long, how many records, since when; the bytes where they are in memory only."""

    serial: int
    position: int
    size: int
    records: int
    since_ns: int
    payload: bytes | None


class Batch(NamedTuple):
    """Frames taken together: their payloads end to end, and how many records these hold."""

    serials: frozenset[int]
    data: bytes
    records: int


class Outbox:
    """The outbox of one exporter and signal. Safe for one thread that puts and one that takes and settles.

    Attributes:
        path: its file.
    """

    def __init__(self, path: str, limit: int = LIMIT, before: Totals | None = None) -> None:
        """Open or make the file; where neither can be done, hold frames in memory.

        Args:
            path: its file.
            limit: bytes it holds.
            before: where counting goes on if the file is not there.
        """
        self.path = path
        self._limit = limit
        self._exported, self._dropped, _ = before or Totals()
        self._held = 0
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._next_serial = 0
        self._lock = threading.Lock()
        self._fd = -1
        self._end = _header.size
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            self._load()
        except OSError:
            self._stop_writing()

    def _load(self) -> None:
        if os.path.exists(self.path + ".new"):
            os.unlink(self.path + ".new")  # the agent was killed while it wrote the file anew
        size = os.fstat(self._fd).st_size
        header = os.pread(self._fd, _header.size, 0)
        if len(header) < _header.size or not header.startswith(_MAGIC):
            self._save_header()
            return
        _, position, self._exported, self._dropped = _header.unpack(header)
        while position + _frame_header.size <= size:
            length, _, count, since_ns = _frame_header.unpack(os.pread(self._fd, _frame_header.size, position))
            if position + _frame_header.size + length > size:
                break
            self._hold(position, _frame_header.size + length, count, since_ns)
            position += _frame_header.size + length
        self._end = position
        self._save_header()

    def totals(self) -> Totals:
        """Give the counts as they stand."""
        with self._lock:
            return Totals(self._exported, self._dropped, self._held)

    def oldest_ns(self) -> int:
        """When the oldest frame was put in, ns since the epoch; 0 when empty."""
        with self._lock:
            return self._frames[0].since_ns if self._frames else 0

    def put(self, payload: bytes, count: int) -> None:
        """Append a payload of ``count`` records; the oldest are dropped where there is no room for it."""
        with self._lock:
            size = _frame_header.size + len(payload)
            since_ns = time_ns()
            if self._fd >= 0:
                self._make_room(size, self._limit)
                if self._end > 2 * self._limit:
                    self._rewrite()
                header = _frame_header.pack(len(payload), crc32(payload), count, since_ns)
                try:
                    _write_all(self._fd, header + payload, self._end)
                except OSError:
                    pass  # no space: held in memory, for as long as this agent lives
                else:
                    self._hold(self._end, size, count, since_ns)
                    self._end += size
                    return
            self._make_room(size, MEMORY_LIMIT)
            self._hold(-1, size, count, since_ns, payload)

    def take(self, max_count: int, max_bytes: int) -> Batch | None:
        """Copy the oldest frames, at least one, up to that many records and bytes; they stay until settled."""
        with self._lock:
            serials: list[int] = []
            payloads: list[bytes] = []
            count = size = 0
            for frame in tuple(self._frames):
                if serials and (count + frame.records > max_count or size + frame.size > max_bytes):
                    break
                payload = self._payload(frame)
                if not payload and not serials:
                    self._dropped += self._forget_oldest().records
                    continue
                if not payload:
                    break
                serials.append(frame.serial)
                payloads.append(payload)
                count += frame.records
                size += frame.size
            return Batch(frozenset(serials), b"".join(payloads), count) if serials else None

    def settle(self, batch: Batch, *, rejected: int = 0) -> None:
        """Forget a batch that was taken: exported, but for those rejected."""
        with self._lock:
            found = 0
            while self._frames and self._frames[0].serial in batch.serials:
                found += self._forget_oldest().records
            self._dropped -= (
                batch.records - found
            )  # delivered after all: they had to make room while they were on their way
            self._dropped += rejected
            self._exported += batch.records - rejected
            self._save_header()

    def close(self) -> None:
        """Let go of the file; one that holds nothing is removed."""
        with self._lock:
            if self._fd >= 0 and not self._frames:
                os.unlink(self.path)
            self._stop_writing()

    def _hold(self, position: int, size: int, count: int, since_ns: int, payload: bytes | None = None) -> None:
        self._frames.append(Frame(self._next_serial, position, size, count, since_ns, payload))
        self._next_serial += 1
        self._bytes += size
        self._held += count

    def _forget_oldest(self) -> Frame:
        frame = self._frames.popleft()
        self._bytes -= frame.size
        self._held -= frame.records
        return frame

    def _make_room(self, size: int, limit: int) -> None:
        if self._bytes + size <= limit:
            return
        while self._frames and self._bytes + size > limit:
            self._dropped += self._forget_oldest().records
        self._save_header()

    def _payload(self, frame: Frame) -> bytes:
        """Give the payload of a frame; nothing where it does not have its checksum."""
        if frame.payload is not None:
            return frame.payload
        data = os.pread(self._fd, frame.size, frame.position)
        if len(data) < frame.size:
            return b""
        payload = data[_frame_header.size :]
        return payload if crc32(payload) == _frame_header.unpack_from(data)[1] else b""

    def _save_header(self) -> None:
        if self._fd < 0:
            return
        position = next((frame.position for frame in self._frames if frame.payload is None), 0)
        if not position:
            os.ftruncate(self._fd, 0)
            position = self._end = _header.size
        os.pwrite(self._fd, _header.pack(_MAGIC, position, self._exported, self._dropped), 0)

    def _rewrite(self) -> None:
        """Copy what is held to a new file, so that the spent part of the old one goes."""
        path = self.path + ".new"
        fresh = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o600)
        position = _header.size
        moved: deque[Frame] = deque()
        for frame in self._frames:
            if frame.payload is None:
                _write_all(fresh, os.pread(self._fd, frame.size, frame.position), position)
                moved.append(frame._replace(position=position))
                position += frame.size
            else:
                moved.append(frame)
        os.pwrite(fresh, _header.pack(_MAGIC, _header.size, self._exported, self._dropped), 0)
        os.replace(path, self.path)
        os.close(self._fd)
        self._fd, self._end, self._frames = fresh, position, moved

    def _stop_writing(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def _write_all(fd: int, data: bytes, position: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, position)
        view = view[written:]
        position += written
