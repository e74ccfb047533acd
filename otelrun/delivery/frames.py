"""The file of an outbox, as bytes on disk: a header, and payloads in frames. Knows no limits and counts nothing.

The header is ``<16s9Q``: magic; position of the oldest frame not yet settled; where the next frame was to be put when the header
was written; how many records were exported and dropped so far; how many of the oldest frame are settled; the mark of what was put
last (two words); number of the ledger that belongs to this header; how many records, from the oldest not settled, an endpoint may
have taken already. It is written whole by one call, within one page: what is settled, counted and marked together is never seen
in part.

A frame is ``<IIIQQQI``: length of the payload, CRC-32 of it, number of records, when it was put in (ns since the epoch), the mark
after it (two words), CRC-32 of these 36 bytes; then the payload. What a killed agent left half written ends the file at the next
opening.
"""

from __future__ import annotations

import errno
import os
import struct
from binascii import crc32
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAGIC = b"otelrun-outbox3\n"
_header = struct.Struct("<16s9Q")
_frame_header = struct.Struct("<IIIQQQI")
_CHECKED = _frame_header.size - 4

FIRST = _header.size
"""Position of the first frame of a file."""

OVERHEAD = _frame_header.size
"""Bytes a frame has beside its payload."""


class Mark(NamedTuple):
    """Everything of the ring ``ring`` before ``position`` that concerns an outbox has been put into it.

    Attributes:
        ring: identity of the ring.
        position: bytes since the ring's beginning; for metrics the number of the collection.
    """

    ring: int = 0
    position: int = 0


class Header(NamedTuple):
    """What is known of an outbox beside its frames; see the file's docstring."""

    position: int = FIRST
    end: int = FIRST
    exported: int = 0
    dropped: int = 0
    done: int = 0
    mark: Mark = Mark()
    ledger: int = 0
    on_wire: int = 0


class Frame(NamedTuple):
    """One payload in an outbox: where, how long with its frame, how many records, since when, after which mark.

    ``payload`` is None for one on disk; one in memory has the position -1.
    """

    serial: int
    position: int
    size: int
    records: int
    since_ns: int
    mark: Mark
    payload: bytes | None = None


class FrameFile:
    """An open file of frames. Every method may raise OSError."""

    def __init__(self, path: str) -> None:
        """Open or make the file; what was half rewritten beside it goes.

        Args:
            path: the file.
        """
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._fd = os.open(path, flags, 0o600)
        self.end = FIRST
        with suppress(FileNotFoundError):
            os.unlink(path + ".new")

    def load(self) -> tuple[Header | None, list[Frame]]:
        """Read the header, None where there is none yet, and which frames are whole; the header's mark is that of the last.

        Of the frames that were put after the header was written the last must have its checksum too: the agent may have been
        killed in the middle of it.
        """
        size = os.fstat(self._fd).st_size
        data = os.pread(self._fd, _header.size, 0)
        if len(data) < _header.size or not data.startswith(_MAGIC):
            return None, []
        _, position, end, exported, dropped, done, ring, mark, ledger, on_wire = _header.unpack(data)
        header = Header(position, end, exported, dropped, done, Mark(ring, mark), ledger, on_wire)
        if position > size:  # killed while the file was cut
            return header._replace(position=FIRST, end=FIRST, done=0, on_wire=0), []
        frames: list[Frame] = []
        while (frame := self._frame_at(position, size, len(frames))) is not None:
            frames.append(frame)
            position += frame.size
        if frames and frames[-1].position >= end:
            if not self.read(frames[-1]):
                position = frames.pop().position
            if frames and frames[-1].position >= end:
                header = header._replace(mark=frames[-1].mark)
        self.end = position
        return header, frames

    def _frame_at(self, position: int, size: int, serial: int) -> Frame | None:
        head = os.pread(self._fd, _frame_header.size, position)
        if len(head) < _frame_header.size:
            return None
        length, _, count, since_ns, ring, mark, checksum = _frame_header.unpack(head)
        frame_size = _frame_header.size + length
        if crc32(head[:_CHECKED]) != checksum or position + frame_size > size:
            return None
        return Frame(serial, position, frame_size, count, since_ns, Mark(ring, mark))

    def append(self, payload: bytes, frame: Frame) -> Frame:
        """Write a payload at the end.

        Args:
            payload: never empty.
            frame: what to say of it.

        Returns:
            The frame with its place.
        """
        try:
            size = _write_frame(self._fd, payload, frame, self.end)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self.end)
            raise
        placed = frame._replace(position=self.end, size=size, payload=None)
        self.end += size
        return placed

    def read(self, frame: Frame) -> bytes:
        """Give the payload of a frame; nothing where it does not have its checksum."""
        data = os.pread(self._fd, frame.size, frame.position)
        if len(data) < frame.size:
            return b""
        payload = data[_frame_header.size :]
        return payload if crc32(payload) == _frame_header.unpack_from(data)[1] else b""

    def save(self, header: Header) -> None:
        """Write the header."""
        _write_header(self._fd, header)

    def cut(self, header: Header) -> None:
        """Write the header of an outbox that holds nothing, and give the space of its frames back.

        In this order, so that an agent killed in between leaves neither a settled frame nor a file without counts.
        """
        self.save(header._replace(position=self.end, end=self.end))
        os.ftruncate(self._fd, FIRST)
        self.end = FIRST
        self.save(header._replace(position=FIRST, end=FIRST))

    def rewrite(self, header: Header, kept: Iterable[tuple[Frame, bytes | None]]) -> list[Frame]:
        """Put a new file with these frames in this one's place, all at once.

        Args:
            header: its positions are seen to.
            kept: frames and their payloads; None for one that is copied from this file as it is.

        Returns:
            The frames with their new places.
        """
        path = self.path + ".new"
        fresh = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o600)
        frames: list[Frame] = []
        end = FIRST
        try:
            for frame, payload in kept:
                size = self._copy(fresh, frame, end) if payload is None else _write_frame(fresh, payload, frame, end)
                frames.append(frame._replace(position=end, size=size, payload=None))
                end += size
            _write_header(fresh, header._replace(position=FIRST, end=end))
            os.replace(path, self.path)
        except OSError:
            os.close(fresh)
            with suppress(OSError):
                os.unlink(path)
            raise
        os.close(self._fd)
        self._fd, self.end = fresh, end
        return frames

    def _copy(self, fresh: int, frame: Frame, position: int) -> int:
        """Copy a frame with whatever is wrong with it: that is seen to when it is read."""
        data = os.pread(self._fd, frame.size, frame.position)
        if len(data) < frame.size:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        _write_all(fresh, data, position)
        return frame.size

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


def _write_header(fd: int, header: Header) -> None:
    counts = header.exported, header.dropped, header.done
    words = header.position, header.end, *counts, *header.mark, header.ledger, header.on_wire
    _write_all(fd, _header.pack(_MAGIC, *words), 0)


def _write_frame(fd: int, payload: bytes, frame: Frame, position: int) -> int:
    head = _frame_header.pack(len(payload), crc32(payload), frame.records, frame.since_ns, *frame.mark, 0)[:_CHECKED]
    data = head + crc32(head).to_bytes(4, "little") + payload
    _write_all(fd, data, position)
    return len(data)


def _write_all(fd: int, data: bytes, position: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, position)
        view = view[written:]
        position += written
