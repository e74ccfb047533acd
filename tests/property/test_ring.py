"""Whatever happens to a ring's bytes, the reader gives only records that were written, in their order."""

from __future__ import annotations

import os
import shutil
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

from otelrun.ring import layout
from otelrun.ring.reader import RingReader
from otelrun.ring.record import LOG, NOTE, SPAN, NoteRecord, Scope, decode, encode, encode_definition
from otelrun.ring.writer import RingWriter

SIZE = 4096
NOTES = [NoteRecord(number, f"slug{number}", "text" * (number * 5 % 17)) for number in range(12)]
DATA = layout.HEADER_SIZE + 4096

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ATTRIBUTES = st.dictionaries(st.text(min_size=1), VALUES, max_size=5)


def made(directory):
    writer = RingWriter(os.path.join(directory, "a.ring"), data_size=SIZE, tables_size=4096)
    writer.define(layout.TABLE_SCOPE, encode_definition(Scope("scope", "1", "", {})))
    for note in NOTES:
        writer.append(NOTE, encode(NOTE, tuple(note)))
    return writer


def read(path):
    reader = RingReader(path)
    try:
        found = [record for _, record in reader.read(1000)]
        reader.resource()
        reader.series()
        reader.counts()
        return found, reader.torn
    finally:
        reader.close()


def is_part_in_order(found):
    remaining = iter(NOTES)
    return all(record in remaining for record in found)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_any_flipped_byte_of_the_data_costs_at_most_what_it_hit(position, mask):
    directory = tempfile.mkdtemp()
    try:
        writer = made(directory)
        writer._map[DATA + position] ^= mask
        found, torn = read(writer.path)
        assert is_part_in_order(found)
        assert torn or found == NOTES
    finally:
        shutil.rmtree(directory)


@settings(max_examples=100, deadline=None)
@given(st.integers(layout.HEADER_SIZE, DATA - 1), st.integers(1, 255))
def test_any_flipped_byte_of_the_tables_harms_no_record(position, mask):
    directory = tempfile.mkdtemp()
    try:
        writer = made(directory)
        writer._map[position] ^= mask
        assert read(writer.path)[0] == NOTES
    finally:
        shutil.rmtree(directory)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, SIZE - 1))
def test_any_cut_leaves_what_was_before_it(cut):
    """Bytes that never reached the disk are zeros, as after a crash of the machine."""
    directory = tempfile.mkdtemp()
    try:
        writer = made(directory)
        writer._map[DATA + cut : DATA + SIZE] = bytes(SIZE - cut)
        found, _ = read(writer.path)
        assert found == NOTES[: len(found)]
    finally:
        shutil.rmtree(directory)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1500), st.booleans()), max_size=80))
def test_any_order_of_writing_and_reading_gives_each_kept_record_once(steps):
    directory = tempfile.mkdtemp()
    try:
        writer = RingWriter(os.path.join(directory, "a.ring"), data_size=SIZE, tables_size=4096)
        reader = RingReader(writer.path)
        found = []
        for number, (size, is_read) in enumerate(steps):
            writer.append(NOTE, encode(NOTE, (number, "", "x" * size)))
            if is_read:
                found += [record.time_ns for _, record in reader.read(3)]
                reader.commit()
        found += [record.time_ns for _, record in reader.read(1000)]
        counts = reader.counts()
        reader.close()
        assert found == sorted(set(found))
        assert len(found) == counts.recorded["notes"] - counts.dropped["notes"]
        assert reader.torn == 0
    finally:
        shutil.rmtree(directory)


@given(ATTRIBUTES, VALUES, st.text(), st.integers(0, (1 << 128) - 1))
def test_the_codec_gives_back_what_otlp_can_hold(attributes, body, name, trace_id):
    log = decode(encode(LOG, (1, 2, trace_id, 4, 5, 6, name, body, attributes, name, 7)))
    assert (log.trace_id, log.severity_text, log.body, log.attributes) == (trace_id, name, body, attributes)
    events = ((name, 5, attributes, 0),)
    fields = (trace_id, 2, 3, 1, name, 1, 1, 2, attributes, 7, "", events, (), 0, name)
    span = decode(encode(SPAN, fields))
    assert (span.name, span.attributes, span.events[0].attributes) == (name, attributes, attributes)
