"""Spans that have not ended stand in the ring's slots until they do."""

from __future__ import annotations

import pytest

from otelrun.ring import layout
from otelrun.ring.reader import RingReader
from otelrun.ring.record import LOG, SPAN, SpanRecord, encode, encode_whole
from otelrun.ring.writer import RingWriter

SLOTS = 20
TRACE = 1 << 127 | 5


@pytest.fixture
def writer(tmp_path):
    path = str(tmp_path / "a.ring")
    return RingWriter(path, data_size=4096, tables_size=4096, open_size=SLOTS * layout.OPEN_SLOT_SIZE)


@pytest.fixture
def reader(writer):
    made = RingReader(writer.path)
    yield made
    made.close()


def opened(span_id, name="work", attributes=None):
    return encode_whole((TRACE, span_id, 7, 0x101, name, 1, 1_000, 3, attributes or {}))


def ended(span_id):
    return encode(SPAN, (TRACE, span_id, 7, 0x101, "work", 1, 1_000, 1_500, {}, 3))


def close(slot):
    slot.words[slot.index] = 0
    slot.free.append(slot)


def names(reader):
    return [span.name for _, span in reader.interrupted(2_000)]


def test_a_span_that_did_not_end_is_read_as_ended_with_its_process(writer, reader):
    writer.open_spans.put(opened(1, attributes={"url.path": "/cart"}))
    [(position, span)] = reader.interrupted(2_000)
    attributes = {"url.path": "/cart", "otelrun.interrupted": True}
    assert span == SpanRecord(TRACE, 1, 7, 0x101, "work", 1, 1_000, 2_000, attributes, 3)
    assert position == 8


def test_it_does_not_end_before_it_began(writer, reader):
    writer.open_spans.put(opened(1))
    assert reader.interrupted(5)[0][1].end_ns == 1_000


def test_a_span_that_ended_leaves_its_slot_to_others(writer, reader):
    first = writer.open_spans.put(opened(1, "first"))
    writer.open_spans.put(opened(2, "second"))
    close(first)
    assert names(reader) == ["second"]
    assert writer.open_spans.put(opened(3, "third")) is first
    assert sorted(names(reader)) == ["second", "third"]


def test_where_all_slots_are_taken_a_span_is_nowhere(writer, reader):
    made = [writer.open_spans.put(opened(number, str(number))) for number in range(1, SLOTS + 4)]
    assert len(set(made)) == SLOTS + 1
    assert sorted(names(reader), key=int) == [str(number) for number in range(1, SLOTS + 1)]
    positions = [position for position, _ in reader.interrupted(2_000)]
    assert len(set(positions)) == SLOTS
    for slot in made[SLOTS:]:
        writer.append(SPAN, ended(99), slot)
        slot.free.append(slot)
    assert len(names(reader)) == SLOTS
    assert writer.open_spans.put(opened(99)) is made[-1]


@pytest.mark.parametrize("name", ["n" * 5_000, "\N{GRINNING FACE}" * 500])
def test_a_span_that_is_too_large_keeps_its_ids_and_the_beginning_of_its_name(writer, reader, name):
    writer.open_spans.put(opened(1, name, {"key": "v" * 5_000}))
    [(_, span)] = reader.interrupted(2_000)
    assert (span.trace_id, span.span_id, span.name) == (TRACE, 1, name[:96])
    assert span.attributes == {"otelrun.interrupted": True}


def test_a_record_clears_the_slot_of_its_span_whether_it_finds_room_or_not(writer, reader):
    for payload in (ended(1), ended(2) + bytes(1_000), ended(3) + bytes(3_000)):
        writer.append(SPAN, payload, writer.open_spans.put(opened(7)))
    for _ in range(30):
        writer.append(SPAN, ended(4) + bytes(300), writer.open_spans.put(opened(8)))
    counts = reader.counts()
    assert (counts.too_large["spans"], counts.dropped["spans"] > 0) == (1, True)
    assert names(reader) == []


def test_a_span_whose_record_is_there_already_did_end(writer, reader):
    writer.append(SPAN, ended(1))
    writer.open_spans.put(opened(1))  # killed between its record and the freeing of its slot
    assert names(reader) == []


def test_a_record_that_was_not_published_is_none(writer, reader):
    writer.append(SPAN, ended(1))
    writer.words[layout.WORD_HEAD] = 0  # killed between the bytes and the word
    writer.open_spans.put(opened(1))
    assert names(reader) == ["work"]


def test_a_log_record_of_an_open_span_does_not_hide_it(writer, reader):
    writer.append(LOG, encode(LOG, (5, 5, TRACE, 1, 1, 9, "INFO", "inside", {}, "", 3, 0)))
    writer.open_spans.put(opened(1))
    assert names(reader) == ["work"]


def test_a_child_in_the_ring_does_not_hide_its_open_parent(writer, reader):
    writer.append(SPAN, encode(SPAN, (TRACE, 8, 1, 0x101, "child", 1, 1_000, 1_500, {}, 3)))
    writer.open_spans.put(opened(1, "parent"))
    assert names(reader) == ["parent"]


def test_a_slot_that_is_half_written_or_damaged_is_passed_over(writer, reader):
    slot = writer.open_spans.put(opened(1))
    writer.open_spans.put(opened(2, "whole"))
    start = slot.index * 8 + 8
    writer._map[start : start + 4] = b"\xff\xff\xff\xff"
    writer.words[slot.index + layout.OPEN_SLOT_WORDS * 2] = 1 << 40
    assert names(reader) == ["whole"]


def test_in_a_forked_child_the_parents_spans_are_known_as_such(writer):
    made = [writer.open_spans.put(opened(number)) for number in range(SLOTS + 1)]
    writer.open_spans.leave_to_parent()
    assert {slot.words for slot in made} == {None}
