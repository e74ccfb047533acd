"""Where the bytes of a ring file are. Constants and pure functions; no I/O.

A ring file is three regions, all little-endian, all 8-byte aligned:

* header (4096 bytes): 64-bit words, at the indices below;
* tables: an append-only list of definitions (process, scopes, metric series). A metric series carries its cells: 64-bit
  words that the program updates in place, so that a killed process loses no measurement;
* data: a circular log of records. ``head`` and ``tail`` count bytes since the beginning and never decrease; the program
  alone writes ``head``, the agent alone writes ``tail``.

A record is ``<II`` (length of the payload, crc32 of the payload), the payload, padding to 8. A record never wraps: where it
does not fit before the end of the region, a length of ``SKIP`` sends the reader to the start. Bytes are written first, then
``head`` is stored as one aligned 64-bit word: a reader trusts only what lies before ``head``, and of that only what has the
right checksum.
"""

from __future__ import annotations

MAGIC = 0x314E52_4C45544F  # "OTELRN1" read as a little-endian word
VERSION = 1

HEADER_SIZE = 4096
RECORD_HEADER = "<II"
RECORD_HEADER_SIZE = 8
SKIP = 0xFFFFFFFF

WORD_MAGIC = 0
WORD_VERSION = 1
WORD_HEAD = 2
WORD_TAIL = 3
WORD_TABLES_USED = 4
WORD_TABLES_SIZE = 5
WORD_DATA_SIZE = 6
WORD_PID = 7
WORD_START_TICKS = 8
WORD_CREATED_NS = 9
WORD_RECORDED = 16  # + kind of record: how many were offered, per kind
WORD_DROPPED = 24  # + kind of record: how many of these found no room, per kind
WORD_SERIES_DROPPED = 32  # metric series that found no room in the tables
WORD_FLUSH_WANTED = 33  # written by the program: how often it has asked for delivery of all that it recorded
WORD_FLUSH_DONE = 34  # written by the agent: up to which of these it has delivered, or tried to
WORD_TAKEN = (
    64,
    72,
)  # written by the agent, in turns: up to which position it has read, and + kind: how many it has taken
KINDS = 8  # room for that many kinds of record

TABLE_HEADER = "<IIII"  # total size of the entry, kind, length of the definition, crc32 of the definition
TABLE_HEADER_SIZE = 16

TABLE_PROCESS = 1
TABLE_SCOPE = 2
TABLE_SERIES = 3


def padded(size: int) -> int:
    """Round ``size`` (bytes) up to a multiple of 8."""
    return (size + 7) & ~7


def file_size(tables_size: int, data_size: int) -> int:
    """Give the size of a ring file in bytes."""
    return HEADER_SIZE + tables_size + data_size
