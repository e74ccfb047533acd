"""One recorder per process: a ring at the first record, another after fork, none where none can be."""

from __future__ import annotations

import errno
import os
import threading

import pytest

from otelrun import diagnostics
from otelrun.ring import layout
from otelrun.ring.reader import RingReader
from otelrun.ring.record import NOTE, Library, Scope, Series, encode, encode_whole
from otelrun.ring.recorder import Recorder, Sizes

OPEN_SPAN = encode_whole((1, 2, 0, 1, "work", 0, 1, 0, {}))


@pytest.fixture
def recorder(tmp_path):
    return make(tmp_path)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(diagnostics, "_told", set())
    monkeypatch.setattr(diagnostics, "_listeners", [])
    monkeypatch.setenv("OTELRUN_QUIET", "1")


def make(directory, slots=0):
    sizes = Sizes(4096, 4096, slots * layout.OPEN_SLOT_SIZE)
    return Recorder(str(directory), lambda: {"pid": os.getpid()}, sizes=sizes, hold_ns=0)


def read(path):
    reader = RingReader(str(path))
    found = (reader.resource(), [record for _, record in reader.read(100)], reader.counts())
    reader.close()
    return found


def test_the_first_record_makes_the_ring(recorder, tmp_path):
    assert list(tmp_path.iterdir()) == []
    recorder.record(NOTE, (1, "a", "b"))
    recorder.append(NOTE, encode(NOTE, (2, "a", "b")))
    (path,) = tmp_path.iterdir()
    resource, records, counts = read(path)
    assert resource == {"pid": os.getpid()}
    assert [record.time_ns for record in records] == [1, 2]
    assert counts.recorded["notes"] == 2


def test_threads_that_record_first_at_once_make_one_ring(tmp_path):
    for attempt in range(10):
        directory = tmp_path / str(attempt)
        directory.mkdir()
        recorder = make(directory)
        barrier = threading.Barrier(4)

        def work(recorder=recorder, barrier=barrier):
            barrier.wait()
            recorder.record(NOTE, (1, "a", "b"))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (path,) = directory.iterdir()
        assert len(read(path)[1]) == 4


@pytest.mark.parametrize(("room", "size"), [(4 << 20, 4 << 20), (2 << 20, 1 << 20), (70 << 10, 64 << 10)])
def test_where_there_is_little_room_the_ring_is_smaller_and_says_so(tmp_path, monkeypatch, room, size):
    allocate = os.posix_fallocate

    def limited(fd, offset, length):
        if length > room + 8192:
            raise OSError(errno.ENOSPC, "No space left on device")
        allocate(fd, offset, length)

    monkeypatch.setattr(os, "posix_fallocate", limited)
    recorder = Recorder(str(tmp_path), dict, sizes=Sizes(4 << 20, 4096), hold_ns=0)
    recorder.record(NOTE, (1, "a", "b"))
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size == 4096 + 4096 + size
    *told, last = read(path)[1]
    assert (last.slug, [note.slug for note in told]) == ("a", ["ring-small"] if size < 4 << 20 else [])


@pytest.mark.parametrize(
    ("number", "what_to_do"),
    [
        (errno.EACCES, f"; this process has become user {os.geteuid()}, start it as that user"),
        (errno.ENOENT, "; the directory was removed since the start"),
        (errno.ENOSPC, "; set OTELRUN_DIR to a place with room"),
        (errno.EROFS, "; set OTELRUN_DIR to a place with room"),
        (errno.EIO, ""),
    ],
)
def test_where_no_ring_can_be_made_it_says_what_to_do(tmp_path, monkeypatch, number, what_to_do):
    told = []
    monkeypatch.setattr(diagnostics, "_listeners", [lambda _, text: told.append(text)])

    def refuse(*_):
        raise OSError(number, "it failed")

    monkeypatch.setattr(os, "open", refuse)
    make(tmp_path).record(NOTE, (1, "a", "b"))
    assert told == [f"not recording: {tmp_path}: it failed{what_to_do}"]


def test_where_no_ring_can_be_made_it_is_told_once_and_recording_is_harmless(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(diagnostics, "_listeners", [lambda slug, _: told.append(slug)])
    recorder = make(tmp_path / "gone")
    recorder.record(NOTE, (1, "a", "b"))
    recorder.record(NOTE, (1, "a", "b"))
    assert recorder.scope(Scope("a", "", "", {})) == 0
    assert recorder.series(Series("counter", "c", "", "", 0, {}, (), 1), 3) is None
    assert told == ["ring-off"]


def test_of_the_processes_of_a_run_that_have_no_room_one_tells_it(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(diagnostics, "_listeners", [lambda slug, _: told.append(slug)])
    (tmp_path / "rings").mkdir()

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    for _ in range(3):
        monkeypatch.setattr(diagnostics, "_told", set())  # another process
        make(tmp_path / "rings").record(NOTE, (1, "a", "b"))
    assert told == ["ring-off"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["not-recording", "rings"]
    assert list((tmp_path / "rings").iterdir()) == []


def test_a_scope_is_defined_once(recorder, tmp_path):
    first = recorder.scope(Scope("a", "1", "", {}))
    assert recorder.scope(Scope("a", "1", "", {})) == first
    assert recorder.scope(Scope("a", "1", "", {"x": 1})) != first
    (path,) = tmp_path.iterdir()
    reader = RingReader(str(path))
    assert reader.scope(first) == Scope("a", "1", "", {})
    reader.close()


def test_a_forked_child_gets_a_ring_of_its_own(recorder, tmp_path):
    recorder.record(NOTE, (1, "parent", ""))
    scope = recorder.scope(Scope("filler", "", "", {}))
    recorder._forget()
    assert recorder.generation == 1
    recorder.record(NOTE, (2, "child", ""))
    assert recorder.scope(Scope("other", "", "", {})) == scope - 0  # ids begin anew
    slugs = [[record.slug for record in read(path)[1]] for path in sorted(tmp_path.iterdir())]
    assert slugs == [["parent"], ["child"]]


def test_a_forked_child_leaves_the_parents_open_spans_to_the_parent(tmp_path):
    recorder = make(tmp_path, 2)
    slot = recorder.open_spans.put(OPEN_SPAN)
    assert slot.words is not None
    recorder._forget()
    assert slot.words is None
    assert recorder.open_spans.put(OPEN_SPAN).words is not None
    assert len(list(tmp_path.iterdir())) == 2


def test_a_first_span_makes_the_ring_and_where_none_can_be_made_has_no_slot(tmp_path):
    recorder = make(tmp_path / "gone", 2)
    assert recorder.open_spans.put(OPEN_SPAN) is None
    assert recorder.open_spans is None
    assert make(tmp_path).open_spans is None


def test_notices_are_recorded_only_where_there_is_a_ring_already(recorder, tmp_path):
    recorder.note("early", "text")
    assert list(tmp_path.iterdir()) == []
    recorder.record(NOTE, (1, "a", "b"))
    recorder.note("late", "text")
    (path,) = tmp_path.iterdir()
    assert [record.slug for record in read(path)[1]] == ["a", "late"]


def test_what_a_signal_handler_records_while_the_ring_is_made_is_kept(tmp_path):
    made = []

    def describe():
        if not made:
            made.append(recorder)
            recorder.record(NOTE, (1, "early", ""))
            assert recorder.scope(Scope("a", "", "", {})) == 0
            assert recorder.series(Series("counter", "c", "", "", 0, {}, (), 1), 3) is None
            assert recorder.is_opening
        return {}

    recorder = Recorder(str(tmp_path), describe, sizes=Sizes(4096, 4096), hold_ns=0)
    recorder.record(NOTE, (2, "late", ""))
    assert recorder.scope(Scope("a", "", "", {})) > 0
    (path,) = tmp_path.iterdir()
    assert sorted(record.slug for record in read(path)[1]) == ["early", "late"]


def test_a_ring_begins_with_the_libraries_that_are_known_and_takes_what_follows(tmp_path):
    known = [("queue", "queue", "hooked", "otelrun", "")]
    recorder = Recorder(str(tmp_path), dict, sizes=Sizes(4096, 4096), hold_ns=0, list_libraries=lambda: known)
    recorder.library(("flask", "flask", "imported", "d", ""))
    assert list(tmp_path.iterdir()) == []
    recorder.record(NOTE, (1, "a", "b"))
    recorder.library(("queue", "queue", "left", "otelrun", "why"))

    (path,) = tmp_path.iterdir()
    reader = RingReader(str(path))
    assert reader.libraries() == [Library(*known[0]), Library("queue", "queue", "left", "otelrun", "why")]
    assert reader.libraries(1) == [Library("queue", "queue", "left", "otelrun", "why")]
    recorder.library(("redis", "redis", "hooked", "d", ""))
    assert [library.library for library in reader.libraries(2)] == ["redis"]
    reader.close()
