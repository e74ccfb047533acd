"""Where the bytes of a ring file are. Constants and pure functions; no I/O.

A ring file is four regions, all little-endian, all 8-byte aligned:

* header (4096 bytes): 64-bit words, at the indices below;
* tables: an append-only list of definitions (process, scopes, metric series, libraries). A metric series carries its cells:
  64-bit words that the program updates in place, so that a killed process loses no measurement;
* open spans: slots of equal size for spans that have started and not ended, so that a killed process shows where it was. A
  slot is a word, the length of its payload or 0 where it is free, and the payload; the word is stored last;
* data: a circular log of records. ``head`` and ``tail`` count bytes since the beginning and never decrease; the program
  alone writes ``head``, the agent alone writes ``tail``. The lowest bit of the word of ``tail`` says which of two sets of
  counters belongs to it: the agent fills the other set and then stores the word, so that a killed agent leaves no count in
  doubt.

A record is ``<II`` (length of the payload, crc32 of the payload), the payload, padding to 8. A record never wraps: where it
does not fit before the end of the region, a length of ``SKIP`` sends the reader to the start. Bytes are written first, then
``head`` is stored as one aligned 64-bit word: a reader trusts only what lies before ``head``, and of that only what has the
right checksum.
"""

from __future__ import annotations

MAGIC = 0x314E52_4C45544F  # "OTELRN1" read as a little-endian word
VERSION = 2

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
WORD_IMAGE = 10  # where the stack of the process begins: another program in the same process (exec) has another one
WORD_OPEN_SIZE = 11
WORD_PID_NAMESPACE = 12  # in which the process has that pid; 0 if unknown
WORD_DROPPED = 24  # + kind of record: how many found no room, per kind
WORD_SERIES_DROPPED = 32  # metric series that found no room in the tables
WORD_FLUSH_WANTED = 33  # written by the program: how often it has asked for delivery of all that it recorded
WORD_FLUSH_DONE = 34  # written by the agent: up to which of these it has delivered, or tried to
WORD_TOO_LARGE = 40  # + kind of record: how many were larger than half of the data region, per kind
WORD_READ = 48  # + set (0 or KINDS) + kind of record: how many the agent has read; kind 0: how many were damaged
KINDS = 8  # room for that many kinds of record

TAIL_SET = 1  # of the word of ``tail``: which set of counters belongs to it

TABLE_HEADER = "<IIII"  # total size of the entry, kind, length of the definition, crc32 of the definition
TABLE_HEADER_SIZE = 16

OPEN_SLOT_SIZE = 512
OPEN_SLOT_WORDS = OPEN_SLOT_SIZE // 8
OPEN_CAPACITY = OPEN_SLOT_SIZE - 8  # of the payload of an open span

TABLE_PROCESS = 1
TABLE_SCOPE = 2
TABLE_SERIES = 3
TABLE_LIBRARY = 4


def padded(size: int) -> int:
    """Round ``size`` (bytes) up to a multiple of 8."""
    return (size + 7) & ~7


def file_size(tables_size: int, open_size: int, data_size: int) -> int:
    """Give the size of a ring file in bytes."""
    return HEADER_SIZE + tables_size + open_size + data_size
