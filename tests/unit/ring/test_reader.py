"""The reader trusts only what is whole."""

from __future__ import annotations

import struct

import pytest

from otelrun.ring import layout
from otelrun.ring.reader import RingReader
from otelrun.ring.record import NOTE, Scope, Series, encode, encode_definition
from otelrun.ring.writer import RingWriter


@pytest.fixture
def writer(tmp_path):
    return RingWriter(str(tmp_path / "a.ring"), data_size=4096, tables_size=4096)


def note(number):
    return encode(NOTE, (number, "slug", "text"))


def test_what_is_no_ring_is_refused(tmp_path):
    path = tmp_path / "x.ring"
    for content in (b"", b"short", bytes(4096), bytes(20_000)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="not a ring"):
            RingReader(str(path))


def test_a_ring_of_another_version_or_size_is_refused(writer):
    writer.words[layout.WORD_VERSION] = 99
    with pytest.raises(ValueError, match="not a ring"):
        RingReader(writer.path)
    writer.words[layout.WORD_VERSION] = layout.VERSION
    writer.words[layout.WORD_DATA_SIZE] = 8192
    with pytest.raises(ValueError, match="not a ring"):
        RingReader(writer.path)


def test_a_second_reader_goes_on_where_the_first_committed(writer):
    for number in range(3):
        writer.append(NOTE, note(number))
    first = RingReader(writer.path)
    first.read(1)
    first.commit()
    first.read(1)
    first.close()
    second = RingReader(writer.path)
    assert [record.time_ns for _, record in second.read(10)] == [1, 2]
    second.close()


def taken(reader):
    return reader.counts().taken["notes"]


def test_what_was_taken_is_counted_once_by_all_readers_together(writer):
    for number in range(4):
        writer.append(NOTE, note(number))
    for _ in range(3):
        reader = RingReader(writer.path)
        reader.read(1)
        reader.commit()
        reader.commit()
        reader.read(1)  # and is killed before it commits
        reader.close()
    reader = RingReader(writer.path)
    reader.read(10)
    assert taken(reader) == 4
    reader.close()


def test_a_reader_killed_within_a_commit_leaves_the_counts_of_the_tail(writer):
    for number in range(3):
        writer.append(NOTE, note(number))
    first = RingReader(writer.path)
    first.read(1)
    first.commit()
    tail = writer.words[layout.WORD_TAIL]
    first.read(2)
    first.commit()
    writer.words[layout.WORD_TAIL] = tail  # the last store of a commit never came
    second = RingReader(writer.path)
    assert taken(second) == 1
    second.read(10)
    assert taken(second) == 3
    first.close()
    second.close()


def test_the_first_reader_of_a_ring_takes_no_count_for_its_own(writer):
    writer.append(NOTE, note(0))
    reader = RingReader(writer.path)
    assert taken(reader) == 0
    reader.close()


def test_a_record_with_a_wrong_checksum_is_skipped_and_counted(writer):
    for number in range(3):
        writer.append(NOTE, note(number))
    reader = RingReader(writer.path)
    size = layout.padded(8 + len(note(0)))
    data = layout.HEADER_SIZE + 4096
    writer._map[data + size + 12] ^= 0xFF
    assert [record.time_ns for _, record in reader.read(10)] == [0, 2]
    assert reader.torn == 1
    reader.close()


def test_a_length_that_leads_out_of_the_region_ends_the_reading(writer):
    writer.append(NOTE, note(0))
    reader = RingReader(writer.path)
    data = layout.HEADER_SIZE + 4096
    writer._map[data : data + 4] = struct.pack("<I", 1 << 20)
    assert reader.read(10) == []
    assert (reader.torn, reader.is_drained) == (1, True)
    writer.append(NOTE, note(1))
    assert [record.time_ns for _, record in reader.read(10)] == [1]
    reader.close()


def test_series_that_were_never_measured_are_not_there(writer):
    definition = encode_definition(Series("histogram", "h", "s", "d", 0, {"a": 1}, (1.0, 2.0), 5))
    first = writer.define(layout.TABLE_SERIES, definition, 8)
    reader = RingReader(writer.path)
    assert reader.series() == []
    writer.doubles[first] = 4.5
    writer.doubles[first + 1] = 0.5
    writer.doubles[first + 2] = 4.0
    writer.words[first + 3] = 99
    writer.words[first + 4] = 1
    writer.words[first + 5] = 1
    writer.words[first + 7] = 1
    (state,) = reader.series()
    assert state == (
        first,
        Series("histogram", "h", "s", "d", 0, {"a": 1}, (1.0, 2.0), 5),
        4.5,
        True,
        99,
        0.5,
        4.0,
        (1, 0, 1),
    )
    reader.close()


def test_a_torn_definition_is_skipped_and_those_after_it_are_read(writer):
    scopes = [writer.define(layout.TABLE_SCOPE, encode_definition(Scope(name, "", "", {}))) for name in "ab"]
    writer._map[layout.HEADER_SIZE + layout.TABLE_HEADER_SIZE + 2] ^= 0xFF
    reader = RingReader(writer.path)
    assert [reader.scope(scope).name for scope in scopes] == ["", "b"]
    assert reader.torn == 1
    assert reader.scope(12345) == Scope("", "", "", {})
    assert reader.resource() == {}
    reader.close()


def test_a_dead_writer_is_known_as_dead(writer):
    writer.words[layout.WORD_PID] = 0x3FFFFFF0
    reader = RingReader(writer.path)
    assert not reader.is_writer_alive()
    reader.close()


def test_a_pid_that_was_given_to_another_process_does_not_count(writer):
    writer.words[layout.WORD_START_TICKS] += 1
    reader = RingReader(writer.path)
    assert not reader.is_writer_alive()
    reader.close()
