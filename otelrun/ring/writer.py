"""The program's side of one ring file: append records, define tables, update cells. One process, any of its threads.

Knows nothing of what the bytes mean. Never blocks longer than its hold time, never raises once made.
"""

from __future__ import annotations

import os
import struct
import sys
from _thread import RLock
from binascii import crc32
from collections import deque
from time import monotonic_ns, time_ns

from otelrun.lifecycle.native import sleep
from otelrun.ring import layout
from otelrun.ring.identity import pid_namespace, start_ticks_and_image
from otelrun.ring.mapping import map_file
from otelrun.ring.open_spans import OpenSpans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.ring.open_spans import Slot

_HOLD_STEP_S = 0.0005
_PATIENCE_S = 0.05
_pack_record = struct.Struct(layout.RECORD_HEADER).pack
_pack_table = struct.Struct(layout.TABLE_HEADER).pack
_HEAD = layout.WORD_HEAD
_DROPPED = layout.WORD_DROPPED


class RingWriter:
    """A ring file open for writing.

    Attributes:
        path: the file.
        mapping: for ``mapping.let_go``.
        words: the whole file as unsigned 64-bit words; one store is atomic for readers in other processes.
        doubles: the same bytes as 64-bit floats.
        open_spans: the slots for spans that have not ended; None where there are none.
    """

    def __init__(self, path: str, *, data_size: int, tables_size: int, open_size: int = 0, hold_ns: int = 0) -> None:
        """Make the file, with all its blocks allocated.

        Args:
            path: where; must not exist.
            data_size: bytes of the data region, a power of two.
            tables_size: bytes of the tables region, a multiple of 4096.
            open_size: bytes of the region of open spans, a multiple of ``layout.OPEN_SLOT_SIZE``.
            hold_ns: how long ``append`` may wait for the agent when the ring is full.

        Raises:
            OSError: no space, read-only, no such directory, not permitted.
        """
        self.path = path
        size = layout.file_size(tables_size, open_size, data_size)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(fd, 0, size)  # a full file system is an error here, not a SIGBUS later
            else:
                os.write(fd, bytes(size))
            self._map, self.mapping = map_file(fd, size)
        except OSError:
            os.unlink(path)
            raise
        finally:
            os.close(fd)
        view = memoryview(self._map)
        self.words = view.cast("Q")
        self.doubles = view.cast("d")
        self._tables_end = layout.HEADER_SIZE + tables_size
        self._data = self._tables_end + open_size
        self._size = data_size
        self._tables_used = 0
        self._defining = 0
        self._head = 0
        self._tail = 0
        self._origin = self._data  # where in the file head 0 would be, were there no earlier laps through the region
        self._limit = data_size  # how far head may go without a look at the end of the region and at the tail
        self._hold_ns = hold_ns
        self._stalled_at = -1
        self._lock: RLock | LastLock = RLock()
        self._busy = False
        self._pending: deque[tuple[int, bytes, Slot | None]] = deque()
        words = self.words
        words[layout.WORD_VERSION] = layout.VERSION
        words[layout.WORD_TABLES_SIZE] = tables_size
        words[layout.WORD_OPEN_SIZE] = open_size
        words[layout.WORD_DATA_SIZE] = data_size
        words[layout.WORD_PID] = os.getpid()
        words[layout.WORD_START_TICKS], words[layout.WORD_IMAGE] = start_ticks_and_image(os.getpid())
        words[layout.WORD_PID_NAMESPACE] = pid_namespace()
        words[layout.WORD_CREATED_NS] = time_ns()
        is_tracking = open_size >= layout.OPEN_SLOT_SIZE
        self.open_spans = OpenSpans(self._map, words, self._tables_end, open_size) if is_tracking else None
        words[layout.WORD_MAGIC] = layout.MAGIC  # last: a reader ignores the file until now

    def flush(self, timeout_ns: int) -> bool:
        """Ask the agent to deliver all that was recorded, and wait until it has done what it can.

        Args:
            timeout_ns: how long at most.

        Returns:
            Whether the agent has answered.
        """
        self.words[layout.WORD_FLUSH_WANTED] += 1
        wanted = self.words[layout.WORD_FLUSH_WANTED]
        deadline = monotonic_ns() + timeout_ns
        while self.words[layout.WORD_FLUSH_DONE] < wanted:
            if monotonic_ns() >= deadline:
                return False
            sleep(_HOLD_STEP_S)
        return True

    def outlive_threads(self) -> None:
        """Call at the end of the interpreter: threads that it kills from now on may have been about to write.

        A lock that such a thread held is nobody's; what it was writing is not published.
        """
        if not isinstance(self._lock, LastLock):
            self._lock = LastLock(self._lock, self._take_over)

    def _take_over(self) -> None:
        self._busy = False

    def append(self, kind: int, payload: bytes, slot: Slot | None = None) -> None:
        """Append one record; where there is no room for it, count it as dropped.

        Safe when a signal handler or a finalizer records in the middle of a record: the inner one waits its turn.

        Args:
            kind: small number of the kind of record, for the counters.
            payload: the bytes, from ``record.encode``.
            slot: of the span whose record it is. It is cleared in the same breath, so that an exception that a signal handler
                raises here leaves the span either open or ended.
        """
        with self._lock:
            if self._busy:
                self._pending.append((kind, payload, slot))
                return
            self._busy = True
            try:
                length = len(payload)
                head = self._head
                end = head + (length + 15 & ~7)  # with the header, padded; written out because this is the hot path
                if end <= self._limit:
                    start = self._origin + head
                    self._map[start : start + 8 + length] = _pack_record(length, crc32(payload)) + payload
                    self.words[_HEAD] = self._head = end
                    if slot is not None:
                        slot.words[slot.index] = 0
                else:
                    self._append_slowly(kind, payload, slot)
            finally:
                self._busy = False
            if self._pending:
                self.append(*self._pending.popleft())

    def _append_slowly(self, kind: int, payload: bytes, slot: Slot | None) -> None:
        """Append where the record may not fit; count it as dropped where it does not, or a signal handler raises meanwhile."""
        if layout.RECORD_HEADER_SIZE + len(payload) > self._size // 2:
            self.words[layout.WORD_TOO_LARGE + kind] += 1
            _clear(slot)
            return
        is_put = False
        try:
            is_put = self._put(payload) or (self._wait_for_room() and self._put(payload))
        finally:
            if not is_put:
                self.words[_DROPPED + kind] += 1
            _clear(slot)

    def _put(self, payload: bytes) -> bool:
        """Append where the record must start anew at the beginning of the region, or the tail may have moved."""
        length = len(payload)
        needed = layout.padded(layout.RECORD_HEADER_SIZE + length)
        head = self._head
        size = self._size
        offset = head & size - 1
        room = size - offset
        total = needed if needed <= room else room + needed
        if head + total - self._tail > size:
            self._tail = self._read_tail()
            if head + total - self._tail > size:
                return False
        start = self._data + offset
        if needed > room:
            self._map[start : start + 8] = _pack_record(layout.SKIP, 0)
            start = self._data
        self._map[start : start + 8 + length] = _pack_record(length, crc32(payload)) + payload
        self.words[_HEAD] = self._head = head + total
        lap = self._head & -size
        self._origin = self._data - lap
        self._limit = min(lap, self._tail) + size
        return True

    def _read_tail(self) -> int:
        return self.words[layout.WORD_TAIL] & ~layout.TAIL_SET

    def _wait_for_room(self) -> bool:
        """Hold the producer at most ``hold_ns`` while the agent makes progress; never for an agent that stands still."""
        if self._tail == self._stalled_at:
            return False
        deadline = monotonic_ns() + self._hold_ns
        before = self._tail
        while monotonic_ns() < deadline:
            sleep(_HOLD_STEP_S)
            self._tail = self._read_tail()
            if self._head - self._tail <= self._size // 2:
                return True
        if self._tail == before:
            self._stalled_at = before
        return self._tail != before

    def define(self, kind: int, definition: bytes, cells: int = 0) -> int | None:
        """Append an entry to the tables.

        Args:
            kind: one of ``layout.TABLE_*``.
            definition: from ``record.encode_definition``.
            cells: how many 8-byte cells follow the definition, all zero.

        Returns:
            The index of the first cell in ``words`` and ``doubles``, which is also the id of the entry, or None where
            the tables are full.
        """
        with self._lock:
            size = layout.TABLE_HEADER_SIZE + layout.padded(len(definition)) + 8 * cells
            used = self._tables_used
            if layout.HEADER_SIZE + used + size > self._tables_end:
                self.words[layout.WORD_SERIES_DROPPED] += 1
                return None
            self._tables_used = used + size  # first: a signal handler may define something in the middle of this
            self._defining += 1
            start = layout.HEADER_SIZE + used
            body = start + layout.TABLE_HEADER_SIZE
            try:
                self._map[start:body] = _pack_table(size, kind, len(definition), crc32(definition))
                self._map[body : body + len(definition)] = definition
            finally:
                self._defining -= 1
                if not self._defining:
                    self.words[layout.WORD_TABLES_USED] = self._tables_used
            return (body + layout.padded(len(definition))) // 8


class LastLock:
    """Stands for a lock at the end of the interpreter, when the thread that holds it may have been killed."""

    def __init__(self, lock: RLock, take_over: Callable[[], None]) -> None:
        """Take the lock, and what is to be done where it stays locked for ever."""
        self._lock = lock
        self._take_over = take_over
        self._is_finalizing = sys.is_finalizing

    def __enter__(self) -> None:
        """Lock; where all other threads are dead, go on without."""
        while not self._lock.acquire(timeout=_PATIENCE_S):
            if self._is_finalizing():
                self._take_over()
                return

    def __exit__(self, *_: object) -> None:
        """Unlock what this thread has locked."""
        try:  # noqa: SIM105 - contextlib is not loaded in the bare interpreter
            self._lock.release()
        except RuntimeError:
            pass  # it is a dead thread's


def _clear(slot: Slot | None) -> None:
    if slot is not None:
        slot.words[slot.index] = 0
