"""The writer puts records and definitions where the reader finds them, whatever the sizes."""

from __future__ import annotations

import os
import threading

import pytest

from otelrun.ring import layout
from otelrun.ring.identity import start_ticks
from otelrun.ring.reader import RingReader
from otelrun.ring.record import LOG, NOTE, SPAN, NoteRecord, encode
from otelrun.ring.writer import RingWriter
from tests.support.waiting import wait_for

SIZE = 4096


@pytest.fixture
def writer(tmp_path):
    return RingWriter(str(tmp_path / "a.ring"), data_size=SIZE, tables_size=4096)


@pytest.fixture
def reader(writer):
    made = RingReader(writer.path)
    yield made
    made.close()


def note(number, size=0):
    return encode(NOTE, (number, "slug", "x" * size))


def numbers(reader, limit=1000):
    return [record.time_ns for _, record in reader.read(limit)]


def test_records_come_back_in_order_with_their_positions(writer, reader):
    for number in range(3):
        writer.append(NOTE, note(number, number))
    found = reader.read(10)
    assert [record for _, record in found] == [NoteRecord(n, "slug", "x" * n) for n in range(3)]
    positions = [position for position, _ in found]
    assert positions == sorted(set(positions))
    assert reader.is_drained
    assert reader.counts().recorded == {"spans": 0, "logs": 0, "notes": 3}


def test_it_wraps_around_many_times_and_loses_nothing(writer, reader):
    written = []
    read = []
    for number in range(2000):
        writer.append(NOTE, note(number, number * 7 % 300))
        written.append(number)
        if number % 5 == 4:
            read += numbers(reader)
            reader.commit()
    assert read == written
    assert reader.torn == 0
    assert reader.counts().dropped["notes"] == 0


def test_a_full_ring_drops_what_finds_no_room_and_counts_it_by_kind(writer, reader):
    for number in range(100):
        writer.append(NOTE if number % 2 else LOG, note(number, 200))
    kept = numbers(reader)
    counts = reader.counts()
    assert kept == list(range(len(kept)))
    assert counts.recorded["notes"] + counts.recorded["logs"] == 100
    assert len(kept) + counts.dropped["notes"] + counts.dropped["logs"] == 100
    reader.commit()
    writer.append(NOTE, note(7))
    assert numbers(reader) == [7]


def test_a_record_larger_than_the_ring_is_dropped_and_others_go_on(writer, reader):
    writer.append(NOTE, note(1, SIZE * 2))
    writer.append(NOTE, note(2, SIZE))
    writer.append(NOTE, note(3))
    assert numbers(reader) == [3]
    counts = reader.counts()
    assert (counts.recorded["notes"], counts.too_large["notes"], counts.dropped["notes"]) == (3, 2, 0)


@pytest.mark.parametrize("filler", range(0, 64, 8))
def test_a_record_may_end_exactly_at_the_end_of_the_region(writer, reader, filler):
    """Every offset at which a record can meet the end, also one where only its header would fit."""
    size = len(note(0))
    while writer._head < SIZE - 512:
        writer.append(NOTE, note(0))
    room = SIZE - writer._head
    writer.append(NOTE, note(1, room - layout.RECORD_HEADER_SIZE - size - filler))
    assert numbers(reader)[-1] == 1
    reader.commit()
    for number in range(2, 30):
        writer.append(NOTE, note(number))
    assert numbers(reader) == list(range(2, 30))


def test_a_record_made_inside_of_a_record_waits_its_turn(writer, reader, monkeypatch):
    """What a signal handler does that records while a record is being written."""
    from otelrun.ring import writer as module

    real = module.crc32
    inner = [2, 3]

    def interrupted(data):
        if inner:
            writer.append(NOTE, note(inner.pop(0)))
        return real(data)

    monkeypatch.setattr(module, "crc32", interrupted)
    writer.append(NOTE, note(1))
    monkeypatch.undo()
    writer.append(NOTE, note(4))
    assert numbers(reader) == [1, 2, 3, 4]
    assert reader.counts().recorded["notes"] == 4


def test_a_definition_made_inside_of_a_definition_destroys_neither(writer, reader, monkeypatch):
    from otelrun.ring import writer as module
    from otelrun.ring.record import Scope, encode_definition

    real = module.crc32
    ids = []

    def interrupted(data):
        if not ids:
            ids.append(None)
            ids[0] = writer.define(layout.TABLE_SCOPE, encode_definition(Scope("inner", "", "", {})))
        return real(data)

    monkeypatch.setattr(module, "crc32", interrupted)
    outer = writer.define(layout.TABLE_SCOPE, encode_definition(Scope("outer", "", "", {})))
    assert (reader.scope(outer).name, reader.scope(ids[0]).name) == ("outer", "inner")
    assert reader.torn == 0


def test_two_threads_lose_nothing_and_keep_their_own_order(tmp_path):
    writer = RingWriter(str(tmp_path / "b.ring"), data_size=1 << 18, tables_size=4096)
    reader = RingReader(writer.path)

    def work(base):
        for number in range(1000):
            writer.append(SPAN, note(base + number))

    threads = [threading.Thread(target=work, args=(base,)) for base in (0, 10_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = numbers(reader, 10_000)
    assert [n for n in found if n < 10_000] == list(range(1000))
    assert [n for n in found if n >= 10_000] == list(range(10_000, 11_000))
    reader.close()


def test_a_producer_is_held_only_while_the_agent_makes_progress(tmp_path):
    writer = RingWriter(str(tmp_path / "c.ring"), data_size=4096, tables_size=4096, hold_ns=2_000_000_000)
    reader = RingReader(writer.path)
    while writer._head < 3500:
        writer.append(NOTE, note(0, 200))
    stop = threading.Event()

    def agent():
        while not stop.wait(0.001):
            reader.read(10)
            reader.commit()

    thread = threading.Thread(target=agent)
    thread.start()
    for number in range(200):
        writer.append(NOTE, note(number, 200))
    stop.set()
    thread.join()
    assert reader.counts().dropped["notes"] == 0
    reader.close()


def test_full_tables_give_none_and_are_counted(writer, reader):
    made = [writer.define(layout.TABLE_SCOPE, b"x" * 500) for _ in range(10)]
    assert made.count(None) == 3
    assert len(set(made) - {None}) == 7
    assert reader.counts().series_dropped == 3


def test_cells_are_words_and_doubles_of_the_same_bytes(writer):
    first = writer.define(layout.TABLE_SERIES, b"abc", 2)
    writer.doubles[first] = 1.5
    writer.words[first + 1] = 7
    assert writer.words[first] == 0x3FF8000000000000
    assert writer.define(layout.TABLE_SERIES, b"", 0) * 8 == (first + 2) * 8 + layout.TABLE_HEADER_SIZE


def test_the_file_is_private_whole_and_not_made_twice(writer, reader):
    status = os.stat(writer.path)
    assert status.st_mode & 0o777 == 0o600
    assert status.st_size == layout.file_size(4096, 0, SIZE)
    assert reader.pid == os.getpid()
    assert reader.start_ticks == start_ticks(os.getpid()) > 0
    with pytest.raises(FileExistsError):
        RingWriter(writer.path, data_size=SIZE, tables_size=4096)


def test_where_there_is_no_directory_it_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        RingWriter(str(tmp_path / "gone" / "a.ring"), data_size=SIZE, tables_size=4096)


def test_the_start_of_an_unknown_process_is_unknown():
    assert start_ticks(0x7FFFFFF0) == 0


def test_a_flush_waits_for_the_agents_answer_not_for_ever(tmp_path):
    writer = RingWriter(str(tmp_path / "f.ring"), data_size=4096, tables_size=4096)
    reader = RingReader(writer.path)
    assert not reader.is_flush_wanted
    assert writer.flush(1_000_000) is False
    assert reader.is_flush_wanted
    reader.answer_flush()
    assert not reader.is_flush_wanted

    def answer():
        wait_for(lambda: reader.is_flush_wanted, 10)
        reader.answer_flush()

    agent = threading.Thread(target=answer)
    agent.start()
    assert writer.flush(10_000_000_000) is True
    agent.join()
    reader.close()


class InterruptError(Exception):
    """What a signal handler of the program raises."""


def test_a_record_that_a_signal_handler_interrupts_while_it_is_held_is_counted_as_dropped(tmp_path, monkeypatch):
    writer = RingWriter(str(tmp_path / "h.ring"), data_size=4096, tables_size=4096, hold_ns=2_000_000_000)
    reader = RingReader(writer.path)
    while writer._head < 4096 - 300:
        writer.append(NOTE, note(0, 200))

    def raise_interrupt(_):
        raise InterruptError

    monkeypatch.setattr("otelrun.ring.writer.sleep", raise_interrupt)
    with pytest.raises(InterruptError):
        writer.append(NOTE, note(1, 300))
    assert reader.counts().dropped["notes"] == 1
    reader.read(100)
    reader.commit()
    writer.append(NOTE, note(2, 300))
    assert numbers(reader) == [2]
    reader.close()


def test_at_the_end_a_lock_that_a_killed_thread_holds_is_taken_over(writer, reader, monkeypatch):
    dead = threading.Thread(target=writer._lock.acquire)
    dead.start()
    dead.join()
    writer._busy = True  # it was in the middle of a record
    writer.outlive_threads()
    writer.outlive_threads()
    writer._lock._is_finalizing = lambda: True
    writer.append(NOTE, note(1))
    assert numbers(reader) == [1]


def test_at_the_end_a_thread_that_lives_is_waited_for(writer, reader):
    lock = writer._lock
    is_held, is_wanted = threading.Event(), threading.Event()

    def hold():
        with lock:
            is_held.set()
            is_wanted.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(10)
    writer.outlive_threads()
    late = threading.Thread(target=writer.append, args=(NOTE, note(1)))
    late.start()
    late.join(0.2)
    assert late.is_alive()
    is_wanted.set()
    holder.join()
    late.join(10)
    assert numbers(reader) == [1]


def test_another_program_in_the_same_process_is_seen(writer, reader):
    assert reader.image != 0
    assert not reader.is_replaced()
    reader.image += 8
    assert reader.is_replaced()
