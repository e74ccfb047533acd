"""The layout's numbers agree with each other."""

from __future__ import annotations

import struct

from otelrun.ring import layout


def test_the_magic_reads_as_text():
    assert struct.pack("<Q", layout.MAGIC)[:7] == b"OTELRN1"


def test_headers_have_the_sizes_they_say():
    assert struct.calcsize(layout.RECORD_HEADER) == layout.RECORD_HEADER_SIZE
    assert struct.calcsize(layout.TABLE_HEADER) == layout.TABLE_HEADER_SIZE


def test_padding_is_to_eight():
    assert [layout.padded(size) for size in (0, 1, 7, 8, 9)] == [0, 8, 8, 8, 16]


def test_words_do_not_overlap():
    assert layout.WORD_CREATED_NS < layout.WORD_RECORDED
    assert layout.WORD_RECORDED + layout.KINDS <= layout.WORD_DROPPED
    assert layout.WORD_DROPPED + layout.KINDS <= layout.WORD_SERIES_DROPPED < layout.WORD_FLUSH_WANTED
    first, second = layout.WORD_TAKEN
    assert layout.WORD_FLUSH_DONE < first <= second - layout.KINDS < layout.HEADER_SIZE // 8 - 2 * layout.KINDS
