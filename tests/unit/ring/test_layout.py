"""The layout's numbers agree with each other."""

from __future__ import annotations

import struct

from otelrun.ring import layout
from otelrun.ring.record import encode_whole


def test_the_magic_reads_as_text():
    assert struct.pack("<Q", layout.MAGIC)[:7] == b"OTELRN1"


def test_headers_have_the_sizes_they_say():
    assert struct.calcsize(layout.RECORD_HEADER) == layout.RECORD_HEADER_SIZE
    assert struct.calcsize(layout.TABLE_HEADER) == layout.TABLE_HEADER_SIZE


def test_padding_is_to_eight():
    assert [layout.padded(size) for size in (0, 1, 7, 8, 9)] == [0, 8, 8, 8, 16]


def test_words_do_not_overlap():
    parts = [
        range(layout.WORD_MAGIC, layout.WORD_PID_NAMESPACE + 1),
        range(layout.WORD_DROPPED, layout.WORD_DROPPED + layout.KINDS),
        range(layout.WORD_SERIES_DROPPED, layout.WORD_FLUSH_DONE + 1),
        range(layout.WORD_TOO_LARGE, layout.WORD_TOO_LARGE + layout.KINDS),
        range(layout.WORD_READ, layout.WORD_READ + 2 * layout.KINDS),
    ]
    words = [word for part in parts for word in part]
    assert words == sorted(set(words))
    assert words[-1] < layout.HEADER_SIZE // 8


def test_an_open_span_of_the_longest_name_fits_its_slot_without_attributes():
    name = "\U0001f600" * 96
    payload = encode_whole(((1 << 128) - 1, (1 << 64) - 1, (1 << 64) - 1, 0x3FF, name, 4, 1 << 62, 1 << 16, {}))
    assert len(payload) <= layout.OPEN_CAPACITY
