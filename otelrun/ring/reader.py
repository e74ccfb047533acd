"""The agent's side of one ring file: read what is whole, say what is torn, move the tail. Any number may look, one may commit."""

from __future__ import annotations

import mmap
import os
import struct
from binascii import crc32
from typing import Any, NamedTuple

from otelrun.ring import layout
from otelrun.ring.record import (
    KIND_NAMES,
    LOG,
    NOTE,
    SPAN,
    LogRecord,
    NoteRecord,
    Record,
    Scope,
    Series,
    SpanRecord,
    decode,
    decode_definition,
)
from otelrun.ring.writer import start_ticks

_unpack_record = struct.Struct(layout.RECORD_HEADER).unpack_from
_KINDS: dict[type, int] = {SpanRecord: SPAN, LogRecord: LOG, NoteRecord: NOTE}
_unpack_table = struct.Struct(layout.TABLE_HEADER).unpack_from


_NOTHING_TAKEN: dict[str, int] = {}


class SeriesState(NamedTuple):
    """A metric series as it stands: ``value`` (or sum), minimum, maximum, bucket counts; see ``ring.record.Series``."""

    id: int
    series: Series
    value: float
    is_float: bool
    time_ns: int
    minimum: float
    maximum: float
    counts: tuple[int, ...]


class Counts(NamedTuple):
    """What a process recorded and dropped, per name of kind of record, metric series dropped, and what was read so far.

    ``taken`` counts the whole records that this reader and all before it have read, each once. Of a process that has ended
    and whose ring is drained, ``recorded - dropped - taken`` were damaged, or cut off by its end.
    """

    recorded: dict[str, int]
    dropped: dict[str, int]
    series_dropped: int
    taken: dict[str, int] = _NOTHING_TAKEN


class RingReader:
    """A ring file open for reading.

    Attributes:
        path: the file.
        pid: of the process that writes it.
        start_ticks: with pid, the identity of that process; 0 if unknown.
        created_ns: when the ring was made, ns since the epoch.
        position: up to where ``read`` has read; ``commit`` makes it the tail.
        torn: how many records or definitions had a wrong checksum and were skipped.
    """

    def __init__(self, path: str) -> None:
        """Open a ring file.

        Raises:
            OSError: it cannot be opened.
            ValueError: it is no ring, or not yet one (its writer is about to finish making it).
        """
        self.path = path
        fd = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0))
        try:
            size = os.fstat(fd).st_size
            if size < layout.HEADER_SIZE:
                message = f"{path}: not a ring"
                raise ValueError(message)
            self._map = mmap.mmap(fd, size)
        finally:
            os.close(fd)
        self._words = memoryview(self._map).cast("Q")
        self._doubles = memoryview(self._map).cast("d")
        words = self._words
        self._size = words[layout.WORD_DATA_SIZE]
        self._tables_end = layout.HEADER_SIZE + words[layout.WORD_TABLES_SIZE]
        is_ring = words[layout.WORD_MAGIC] == layout.MAGIC and words[layout.WORD_VERSION] == layout.VERSION
        if not is_ring or self._size & (self._size - 1) or self._tables_end + self._size != size:
            self.close()
            message = f"{path}: not a ring"
            raise ValueError(message)
        self.pid = words[layout.WORD_PID]
        self.start_ticks = words[layout.WORD_START_TICKS]
        self.created_ns = words[layout.WORD_CREATED_NS]
        self.position = words[layout.WORD_TAIL]
        self.torn = 0
        self._taken = self._committed_counts()
        self._resource: dict[str, Any] | None = None
        self._scopes: dict[int, Scope] = {}
        self._series: dict[int, Series] = {}
        self._tables_read = 0

    def close(self) -> None:
        """Let go of the file."""
        self._words.release()
        self._doubles.release()
        self._map.close()

    def read(self, limit: int) -> list[tuple[int, Record]]:
        """Read at most ``limit`` records after ``position`` and move it.

        Returns:
            Pairs of the byte position of the record (unique within the ring) and the record.
        """
        records: list[tuple[int, Record]] = []
        head = self._words[layout.WORD_HEAD]
        while self.position < head and len(records) < limit:
            offset = self.position & (self._size - 1)
            start = self._tables_end + offset
            length, checksum = _unpack_record(self._map, start)
            if length == layout.SKIP:
                self.position += self._size - offset
                continue
            end = start + layout.RECORD_HEADER_SIZE + length
            if end > self._tables_end + self._size:  # the length itself is not to be trusted: nothing after it is
                self.torn += 1
                self.position = head
                break
            payload = self._map[start + layout.RECORD_HEADER_SIZE : end]
            position = self.position
            self.position += layout.padded(end - start)
            try:
                if crc32(payload) != checksum:
                    raise ValueError
                record = decode(payload)
                records.append((position, record))
                self._taken[_KINDS[type(record)]] += 1
            except ValueError:
                self.torn += 1
        return records

    def commit(self) -> None:
        """Give the space of everything read back to the writer, and keep with it what was taken.

        The counts go to the place that the tail's own counts are not in: a reader killed in between leaves the old ones valid.
        """
        words = self._words
        tail = words[layout.WORD_TAIL]
        if self.position == tail:
            return
        place = next((place for place in layout.WORD_TAKEN if words[place] != tail), layout.WORD_TAKEN[0])
        for kind, number in self._taken.items():
            words[place + kind] = number
        words[place] = self.position
        words[layout.WORD_TAIL] = self.position

    def _committed_counts(self) -> dict[int, int]:
        words = self._words
        place = next((place for place in layout.WORD_TAKEN if words[place] == self.position), None)
        return {kind: words[place + kind] if place and self.position else 0 for kind in KIND_NAMES}

    @property
    def identity(self) -> int:
        """What names this ring for ever among those of its run: an unsigned 64-bit number."""
        return int((self.created_ns ^ self.pid * 0x9E3779B97F4A7C15) & (2**64 - 1))

    @property
    def is_drained(self) -> bool:
        """Whether everything published has been read."""
        return self.position >= self._words[layout.WORD_HEAD]

    @property
    def is_flush_wanted(self) -> bool:
        """Whether the program waits until all that it recorded is delivered."""
        return bool(self._words[layout.WORD_FLUSH_WANTED] != self._words[layout.WORD_FLUSH_DONE])

    def answer_flush(self) -> None:
        """Tell the program that all is delivered that can be."""
        self._words[layout.WORD_FLUSH_DONE] = self._words[layout.WORD_FLUSH_WANTED]

    def is_writer_alive(self) -> bool:
        """Whether the process that writes this ring still runs (its pid reused by another does not count)."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        if not self.start_ticks:
            return True
        return start_ticks(self.pid) == self.start_ticks and not _is_zombie(self.pid)

    def resource(self) -> dict[str, Any]:
        """Give the resource attributes of the process; empty until its definition is whole."""
        self._read_tables()
        return self._resource or {}

    def scope(self, scope_id: int) -> Scope:
        """Give the scope of that id; an empty one where it is unknown."""
        if scope_id not in self._scopes:
            self._read_tables()
        return self._scopes.get(scope_id) or Scope("", "", "", {})

    def series(self) -> list[SeriesState]:
        """Read every metric series that has been measured at least once."""
        self._read_tables()
        states = []
        for first, series in self._series.items():
            is_histogram = bool(series.instrument == "histogram")
            time_cell = first + (3 if is_histogram else 1)
            time_ns = self._words[time_cell]
            if not time_ns:
                continue
            counts: tuple[int, ...] = ()
            minimum = maximum = 0.0
            if is_histogram:
                minimum, maximum = self._doubles[first + 1], self._doubles[first + 2]
                counts = tuple(self._words[first + 5 : first + 6 + len(series.boundaries)])
            value = self._doubles[first]
            is_float = bool(self._words[time_cell + 1])
            states.append(SeriesState(first, series, value, is_float, time_ns, minimum, maximum, counts))
        return states

    def counts(self) -> Counts:
        """Read what the writer counted."""
        words = self._words
        return Counts(
            {name: words[layout.WORD_RECORDED + kind] for kind, name in KIND_NAMES.items()},
            {name: words[layout.WORD_DROPPED + kind] for kind, name in KIND_NAMES.items()},
            words[layout.WORD_SERIES_DROPPED],
            {name: self._taken[kind] for kind, name in KIND_NAMES.items()},
        )

    def _read_tables(self) -> None:
        used = min(self._words[layout.WORD_TABLES_USED], self._tables_end - layout.HEADER_SIZE)
        while self._tables_read < used:
            start = layout.HEADER_SIZE + self._tables_read
            total, kind, length, checksum = _unpack_table(self._map, start)
            if total < layout.TABLE_HEADER_SIZE or self._tables_read + total > used:
                self.torn += 1
                self._tables_read = used
                return
            self._tables_read += total
            body = start + layout.TABLE_HEADER_SIZE
            payload = self._map[body : body + length]
            try:
                if crc32(payload) != checksum:
                    raise ValueError
                definition = decode_definition(payload)
                self._define(kind, (body + layout.padded(length)) // 8, definition)
            except (ValueError, TypeError):
                self.torn += 1

    def _define(self, kind: int, entry_id: int, definition: tuple[Any, ...]) -> None:
        if kind == layout.TABLE_PROCESS:
            self._resource = dict(definition[0])
        elif kind == layout.TABLE_SCOPE:
            self._scopes[entry_id] = Scope(*definition)
        elif kind == layout.TABLE_SERIES:
            self._series[entry_id] = Series(*definition)


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return False
