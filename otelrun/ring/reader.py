"""The agent's side of one ring file: read what is whole, say what is torn, move the tail. Any number may look, one may commit."""

from __future__ import annotations

import mmap
import os
import struct
from binascii import crc32
from typing import Any, NamedTuple

from otelrun.ring import layout
from otelrun.ring.identity import pid_namespace, start_ticks_and_image
from otelrun.ring.record import (
    KIND_NAMES,
    KIND_OF,
    Library,
    LogRecord,
    Record,
    Scope,
    Series,
    SpanRecord,
    decode,
    decode_definition,
    decode_open_span,
    encode_beginning,
)

_unpack_record = struct.Struct(layout.RECORD_HEADER).unpack_from
_unpack_table = struct.Struct(layout.TABLE_HEADER).unpack_from
_LOOK_BACK = 1 << 20
_TORN = 0  # in the place of a kind of record
_MIXER = 0x9E3779B97F4A7C15
_WORD_MASK = (1 << 64) - 1


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
    """What a process recorded, per name of kind of record.

    Attributes:
        recorded: what has been read so far, and what was dropped; exact whenever the ring is drained.
        dropped: those of them that found no room.
        too_large: those of them that were larger than half of the ring.
        series_dropped: metric series that found no room.
    """

    recorded: dict[str, int]
    dropped: dict[str, int]
    series_dropped: int
    too_large: dict[str, int]


class RingReader:
    """A ring file open for reading.

    Attributes:
        path: the file.
        pid: of the process that writes it.
        start_ticks: with pid, the identity of that process; 0 if unknown.
        is_foreign: the pid is one of another namespace (a container), and names another process here, or none.
        image: see ``ring.identity.start_ticks_and_image``; 0 if unknown.
        created_ns: when the ring was made, ns since the epoch.
        changed_ns: when the file had last changed before it was opened here: reading changes it, too. Ns since the epoch.
        position: up to where ``read`` has read; ``commit`` makes it the tail.
        identity: a number of 64 bits that no other ring of the run has.
        last_ns: when the newest record read so far was made, ns since the epoch; 0 before the first.
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
            status = os.fstat(fd)
            size = status.st_size
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
        self._data = self._tables_end + words[layout.WORD_OPEN_SIZE]
        is_ring = words[layout.WORD_MAGIC] == layout.MAGIC and words[layout.WORD_VERSION] == layout.VERSION
        if not is_ring or self._size & (self._size - 1) or self._data + self._size != size:
            self.close()
            message = f"{path}: not a ring"
            raise ValueError(message)
        self.changed_ns = status.st_mtime_ns
        self.pid = words[layout.WORD_PID]
        self.start_ticks = words[layout.WORD_START_TICKS]
        self.created_ns = words[layout.WORD_CREATED_NS]
        self.image = words[layout.WORD_IMAGE]
        self.is_foreign = words[layout.WORD_PID_NAMESPACE] not in (0, pid_namespace())
        self.identity = (self.created_ns ^ self.pid * _MIXER) & _WORD_MASK
        self.position = words[layout.WORD_TAIL] & ~layout.TAIL_SET
        self._set = words[layout.WORD_TAIL] & layout.TAIL_SET
        first = layout.WORD_READ + self._set * layout.KINDS
        self._read = list(words[first : first + layout.KINDS])
        self.last_ns = 0
        self._torn_definitions = 0
        self._resource: dict[str, Any] | None = None
        self._scopes: dict[int, Scope] = {}
        self._series: dict[int, Series] = {}
        self._libraries: list[Library] = []
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
            start = self._data + offset
            length, checksum = _unpack_record(self._map, start)
            if length == layout.SKIP:
                self.position += self._size - offset
                continue
            end = start + layout.RECORD_HEADER_SIZE + length
            if end > self._data + self._size:  # the length itself is not to be trusted: nothing after it is
                self._read[_TORN] += 1
                self.position = head
                break
            payload = self._map[start + layout.RECORD_HEADER_SIZE : end]
            position = self.position
            self.position += layout.padded(end - start)
            try:
                if crc32(payload) != checksum:
                    raise ValueError
                record = decode(payload)
            except ValueError:
                self._read[_TORN] += 1
            else:
                records.append((position, record))
                self._read[KIND_OF[type(record)]] += 1
        if records:
            self.last_ns = max(self.last_ns, _time_of(records[-1][1]))
        return records

    def commit(self) -> None:
        """Give the space of everything read back to the writer, and keep how many records that were."""
        self._set ^= layout.TAIL_SET
        first = layout.WORD_READ + self._set * layout.KINDS
        for kind, count in enumerate(self._read):
            self._words[first + kind] = count
        self._words[layout.WORD_TAIL] = self.position | self._set  # last: until now the other counters count

    @property
    def torn(self) -> int:
        """How many records and definitions had a wrong checksum and were skipped."""
        return self._read[_TORN] + self._torn_definitions

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

    def is_replaced(self) -> bool:
        """Whether the process runs another program by now (``exec``). False where the system does not tell."""
        _, image = start_ticks_and_image(self.pid)
        return bool(self.image and image and image != self.image)

    def resource(self) -> dict[str, Any]:
        """Give the resource attributes of the process; empty until its definition is whole."""
        self._read_tables()
        return self._resource or {}

    def scope(self, scope_id: int) -> Scope:
        """Give the scope of that id; an empty one where it is unknown."""
        if scope_id not in self._scopes:
            self._read_tables()
        return self._scopes.get(scope_id) or Scope("", "", "", {})

    def libraries(self, first: int = 0) -> list[Library]:
        """Give what has become of the instrumentation of each library, in the order it was written, from entry ``first`` on."""
        self._read_tables()
        return self._libraries[first:]

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

    def interrupted(self, end_ns: int) -> list[tuple[int, SpanRecord]]:
        """Read the spans that had not ended when the process did; for a ring that is drained and has no writer.

        Args:
            end_ns: when the process ended, ns since the epoch.

        Returns:
            Pairs as of ``read``, with positions that no record of this ring has.
        """
        spans: list[tuple[int, SpanRecord]] = []
        head = self._words[layout.WORD_HEAD]
        for slot in range(self._tables_end // 8, self._data // 8, layout.OPEN_SLOT_WORDS):
            length = self._words[slot]
            if not 0 < length <= layout.OPEN_CAPACITY:
                continue
            try:
                span = decode_open_span(self._map[slot * 8 + 8 : slot * 8 + 8 + length], end_ns)
            except ValueError:
                continue
            if not self._has_recently(encode_beginning(span.trace_id, span.span_id), head):
                spans.append((head + 8 * (len(spans) + 1), span))
        return spans

    def _has_recently(self, beginning: bytes, head: int) -> bool:
        """Say whether one of the newest records begins so: killed after it was written, before its slot was freed."""
        offset = head & (self._size - 1)
        back = min(_LOOK_BACK, self._size // 2)
        if self._map.find(beginning, self._data + max(0, offset - back), self._data + offset) >= 0:
            return True
        end = self._data + self._size
        return offset < back < head and self._map.find(beginning, end - back + offset, end) >= 0

    def counts(self) -> Counts:
        """Count what was recorded, from what this reader has read and what the writer could not write."""
        words = self._words
        dropped = {name: words[layout.WORD_DROPPED + kind] for kind, name in KIND_NAMES.items()}
        too_large = {name: words[layout.WORD_TOO_LARGE + kind] for kind, name in KIND_NAMES.items()}
        recorded = {name: self._read[kind] + dropped[name] + too_large[name] for kind, name in KIND_NAMES.items()}
        return Counts(recorded, dropped, words[layout.WORD_SERIES_DROPPED], too_large)

    def _read_tables(self) -> None:
        used = min(self._words[layout.WORD_TABLES_USED], self._tables_end - layout.HEADER_SIZE)
        while self._tables_read < used:
            start = layout.HEADER_SIZE + self._tables_read
            total, kind, length, checksum = _unpack_table(self._map, start)
            if total < layout.TABLE_HEADER_SIZE or self._tables_read + total > used:
                self._torn_definitions += 1
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
                self._torn_definitions += 1

    def _define(self, kind: int, entry_id: int, definition: tuple[Any, ...]) -> None:
        if kind == layout.TABLE_PROCESS:
            self._resource = dict(definition[0])
        elif kind == layout.TABLE_SCOPE:
            self._scopes[entry_id] = Scope(*definition)
        elif kind == layout.TABLE_SERIES:
            self._series[entry_id] = Series(*definition)
        elif kind == layout.TABLE_LIBRARY:
            self._libraries.append(Library(*definition))


def _time_of(record: Record) -> int:
    if isinstance(record, SpanRecord):
        return record.end_ns
    return record.observed_ns if isinstance(record, LogRecord) else record.time_ns
