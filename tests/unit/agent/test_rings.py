"""Which rings there are, and whether what writes them still runs."""

from __future__ import annotations

import os
from time import time_ns

import pytest

from otelrun.agent.notices import Notices
from otelrun.agent.owners import Processes
from otelrun.agent.rings import Rings, describe_losses, remove
from otelrun.ring import layout
from otelrun.ring.directory import create_run
from otelrun.ring.identity import start_ticks
from otelrun.ring.record import LOG, SPAN
from otelrun.ring.writer import RingWriter

NOBODY = 2**22 + 1  # above the largest process id of Linux


@pytest.fixture
def run(tmp_path):
    return create_run(str(tmp_path))


@pytest.fixture
def processes():
    return Processes()


@pytest.fixture
def rings(run, processes):
    made = Rings(run, processes, Notices(run.log, None))
    yield made
    made.close()


def make_ring(run, name, **words):
    writer = RingWriter(os.path.join(run.rings, name), data_size=4096, tables_size=4096)
    for word, value in words.items():
        writer.words[getattr(layout, word)] = value
    return writer


def test_each_ring_is_found_once_and_known_by_its_process(run, rings):
    make_ring(run, "1-1.ring")
    make_ring(run, "2-1.ring", WORD_PID=NOBODY)
    rings.discover()
    rings.discover()
    alive = {ring.name: (rings.is_alive(ring), ring.is_live) for ring in rings}
    assert alive == {"1-1.ring": (True, True), "2-1.ring": (False, False)}
    assert len(rings) == 2
    assert rings.is_any_alive()


def test_a_process_of_another_namespace_counts_as_alive_as_long_as_anybody_is(run, rings, processes):
    make_ring(run, "1-1.ring", WORD_PID=NOBODY, WORD_PID_NAMESPACE=7)
    processes.watch(os.getpid(), start_ticks(os.getpid()))
    rings.discover()
    [ring] = rings
    assert rings.is_alive(ring)
    processes._alive.clear()
    assert not rings.is_alive(ring)


def test_a_program_that_another_has_replaced_does_not_run(run, rings, monkeypatch):
    make_ring(run, "1-1.ring")
    rings.discover()
    [ring] = rings
    monkeypatch.setattr(ring.reader, "image", ring.reader.image + 8)
    assert rings.is_alive(ring), "it is not looked at all the time"
    ring._looked_at -= 2
    assert not rings.is_alive(ring)
    assert not rings.is_alive(ring)


def test_what_is_removed_or_forgotten_is_not_there(run, rings):
    make_ring(run, "1-1.ring")
    rings.discover()
    for ring in rings:
        rings.forget(ring)
        remove(ring)
    rings.discover()
    assert (len(rings), os.listdir(run.rings)) == (0, [])


def test_a_ring_whose_directory_has_gone_is_let_go_of(run, rings):
    writer = make_ring(run, "1-1.ring")
    rings.discover()
    os.unlink(writer.path)
    [ring] = rings
    rings.forget(ring)
    remove(ring)


def test_what_is_lost_is_told_in_words(run, rings):
    writer = make_ring(run, "1-1.ring")
    rings.discover()
    [ring] = rings
    assert describe_losses(ring.reader) == ""
    writer.words[layout.WORD_DROPPED + SPAN] = 8_380
    writer.words[layout.WORD_TOO_LARGE + LOG] = 1
    writer.words[layout.WORD_SERIES_DROPPED] = 2
    assert describe_losses(ring.reader) == "8,380 spans (no room), 1 logs (too large), 2 metric series (no room)"


def test_a_process_whose_end_nobody_saw_ended_when_its_ring_was_last_changed_before_it_is_read(run, rings):
    writer = make_ring(run, "1-1.ring", WORD_PID=NOBODY)
    os.utime(writer.path, ns=(5, 5))
    rings.discover()
    [ring] = rings
    os.utime(writer.path)  # as reading does
    assert ring.ended_ns() == 5


def test_a_process_that_was_seen_to_end_ended_now(run, rings):
    make_ring(run, "1-1.ring")
    before_ns = time_ns()
    rings.discover()
    [ring] = rings
    assert before_ns <= ring.ended_ns() <= time_ns()


@pytest.mark.parametrize(
    ("owner", "age_s", "is_kept"), [(NOBODY, 0, True), (NOBODY, 5, False), ("alive", 5, True), ("x", 5, True)]
)
def test_a_file_that_never_became_a_ring_goes_after_a_while(run, rings, owner, age_s, is_kept):
    pid = os.getpid() if owner == "alive" else owner
    path = os.path.join(run.rings, f"{pid}-1.ring")
    with open(path, "wb") as file:
        file.write(bytes(100))
    made = os.stat(path).st_mtime - age_s
    os.utime(path, (made, made))
    rings.discover()
    assert (len(rings), os.path.exists(path)) == (0, is_kept)


def test_a_ring_that_its_process_died_over_making_goes_after_a_while_or_when_the_run_is_over(run, rings):
    path = os.path.join(run.rings, f"{NOBODY}-1.ring")
    open(path, "xb").close()
    rings.discover()
    assert os.path.exists(path), "its process may be one of another namespace"
    rings.discover(is_run_over=True)
    assert not os.path.exists(path)
    assert not len(rings)
