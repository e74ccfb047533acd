"""What a worker says on its line, the guard keeps, and the next worker has."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from otelrun.agent import connections
from otelrun.agent.connections import Keeper, KeptConnections


class Scene:
    """A guard in this process, that listens to one worker after the other."""

    def __init__(self):
        self.kept = KeptConnections()
        self.descriptors = []

    def work(self, *messages):
        """Be a worker that says this, and ends."""
        line = self.kept.open_line()
        mine = line.worker.dup()
        listening = threading.Thread(target=self.kept.listen, args=(line,))
        listening.start()
        keeper = Keeper(mine, {})
        said = [use(keeper) for use in messages]
        mine.close()
        listening.join(10.0)
        return said

    def left(self):
        return dict(self.kept._descriptors)

    def pipe(self):
        reading, writing = os.pipe()
        self.descriptors += [reading, writing]
        return reading, writing

    def close(self):
        for descriptor in (*self.descriptors, *self.left().values()):
            os.close(descriptor)


@pytest.fixture
def scene():
    made = Scene()
    yield made
    made.close()


def same(one, other):
    return os.path.sameopenfile(one, other)


def test_next_worker_has_what_the_one_before_had_kept(scene):
    spans, logs = scene.pipe(), scene.pipe()
    said = scene.work(lambda keeper: keeper.keep("spans-0", spans[0]), lambda keeper: keeper.keep("logs-0", logs[0]))
    left = scene.left()
    assert said == [True, True]
    assert (left.keys(), same(left["spans-0"], spans[0]), same(left["logs-0"], logs[0])) == (
        {"spans-0", "logs-0"},
        True,
        True,
    )
    line = scene.kept.open_line()
    keeper = scene.kept.keeper(line)
    assert (keeper.take("spans-0"), keeper.take("spans-0"), keeper.take("metrics-0")) == (left["spans-0"], None, None)
    assert line.guard.fileno() == -1
    line.worker.close()
    os.close(left["spans-0"])


def test_one_connection_is_kept_for_each_channel_and_those_before_are_closed(scene):
    first, second = scene.pipe(), scene.pipe()
    scene.work(lambda keeper: keeper.keep("spans-0", first[1]), lambda keeper: keeper.keep("spans-0", second[1]))
    assert same(scene.left()["spans-0"], second[1])
    os.close(first[1])
    scene.descriptors.remove(first[1])
    assert os.read(first[0], 1) == b""


def test_nothing_is_kept_of_what_was_let_go(scene):
    reading, writing = scene.pipe()
    scene.work(lambda keeper: keeper.keep("spans-0", writing), lambda keeper: keeper.let_go("spans-0"))
    assert scene.left() == {}
    os.close(writing)
    scene.descriptors.remove(writing)
    assert os.read(reading, 1) == b""


def test_number_of_kept_connections_is_bounded(scene, monkeypatch):
    monkeypatch.setattr(connections, "_MOST", 2)
    reading, _ = scene.pipe()
    scene.work(*[lambda keeper, number=number: keeper.keep(f"spans-{number}", reading) for number in range(4)])
    assert sorted(scene.left()) == ["spans-0", "spans-1"]


def test_message_that_is_none_harms_nothing(scene):
    reading, _ = scene.pipe()
    scene.work(
        lambda keeper: keeper._line.send(b"\xff" * 1_000),
        lambda keeper: keeper._line.send(b"spans-7"),
        lambda keeper: keeper.keep("spans-0", reading),
    )
    assert list(scene.left()) == ["spans-0"]


def test_worker_without_a_guard_or_with_one_that_does_not_listen_knows_that_nothing_is_kept(scene):
    reading, _ = scene.pipe()
    line = scene.kept.open_line()
    keeper = Keeper(line.worker, {})
    assert [keeper.keep("spans-0", reading) for _ in range(1_000)].count(False) > 0
    line.guard.close()
    assert not keeper.keep("spans-0", reading)
    keeper.let_go("spans-0")
    line.worker.close()


def test_system_without_such_lines_goes_without(scene, monkeypatch):
    def refuse(*_):
        raise OSError(93, "Protocol not supported")

    monkeypatch.setattr(socket, "socketpair", refuse)
    assert scene.kept.open_line() is None
