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


def test_a_second_reader_goes_on_counting_where_the_first_committed(writer):
    for number in range(4):
        writer.append(NOTE, note(number))
    first = RingReader(writer.path)
    for _ in range(3):  # the two sets of counters take turns
        first.read(1)
        first.commit()
    first.read(1)
    assert first.counts().recorded == {"spans": 0, "logs": 0, "notes": 4}
    first.close()
    second = RingReader(writer.path)
    assert second.counts().recorded == {"spans": 0, "logs": 0, "notes": 3}
    second.read(1)
    assert second.counts().recorded == {"spans": 0, "logs": 0, "notes": 4}
    second.close()


def test_an_agent_killed_before_it_gave_the_space_back_has_counted_nothing(writer):
    writer.append(NOTE, note(1))
    first = RingReader(writer.path)
    first.read(1)
    before = writer.words[layout.WORD_TAIL]
    first.commit()
    first.close()
    writer.words[layout.WORD_TAIL] = before  # as if killed just before the last store
    second = RingReader(writer.path)
    assert second.counts().recorded["notes"] == 0
    assert len(second.read(1)) == 1
    second.close()


def test_two_rings_have_two_identities(tmp_path):
    writers = [RingWriter(str(tmp_path / name), data_size=4096, tables_size=4096) for name in ("a.ring", "b.ring")]
    writers[1].words[layout.WORD_PID] += 1
    writers[1].words[layout.WORD_CREATED_NS] = writers[0].words[layout.WORD_CREATED_NS]
    readers = [RingReader(writer.path) for writer in writers]
    identities = [reader.identity for reader in readers]
    for reader in readers:
        reader.close()
    assert len(set(identities)) == 2
    assert all(0 <= identity < 1 << 64 for identity in identities)


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
