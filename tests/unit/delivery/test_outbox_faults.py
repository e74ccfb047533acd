"""What an outbox does where the disk does not: nothing raises, and no record goes uncounted."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

from otelrun.delivery import frames, outbox
from otelrun.delivery.frames import Mark
from otelrun.delivery.ledger import Source
from otelrun.delivery.outbox import Outbox
from otelrun.delivery.totals import Totals

LARGE = 10_000_000
MARK = Mark(1, 1)


class Disk:
    """Stands for ``os`` in ``frames``; fails as told."""

    def __init__(self):
        self.fault = 0
        self.failing = ("pwrite", "open")
        self.is_header_spared = True

    def __getattr__(self, name):
        return getattr(os, name)

    def pwrite(self, fd, data, position):
        if position or not self.is_header_spared:
            self._fail("pwrite")
        return os.pwrite(fd, data, position)

    def pread(self, fd, size, position):
        self._fail("pread")
        return os.pread(fd, size, position)

    def open(self, *arguments):
        self._fail("open")
        return os.open(*arguments)

    def replace(self, *arguments):
        self._fail("replace")
        os.replace(*arguments)

    def _fail(self, name):
        if self.fault and name in self.failing:
            raise OSError(self.fault, os.strerror(self.fault))


@pytest.fixture
def disk(monkeypatch):
    made = Disk()
    monkeypatch.setattr(frames, "os", made)
    return made


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "spans-0")


def take_all(box):
    return box.take(LARGE, LARGE)


def test_full_disk_has_payloads_held_in_memory_and_written_at_the_end(disk, path):
    box = Outbox(path, "spans")
    box.put(b"one", 1, Mark(1, 1))
    disk.fault = errno.ENOSPC
    box.put(b"two", 2, Mark(2, 1))
    assert take_all(box).data == b"onetwo"
    disk.fault = 0
    box.put(b"three", 3, Mark(3, 1))
    box.close()
    again = Outbox(path, "spans")
    assert (take_all(again).data, again.totals(), again.mark) == (b"onetwothree", Totals(0, 0, 6), Mark(3, 1))
    assert again.by_source() == {1: Source(1, {}), 2: Source(2, {}), 3: Source(3, {})}


def test_what_is_still_in_memory_when_the_agent_ends_is_counted(disk, path):
    box = Outbox(path, "spans")
    box.put(b"one", 1, Mark(1, 1))
    disk.fault = errno.ENOSPC
    box.put(b"two", 2, Mark(2, 1))
    box.close()
    disk.fault = 0
    again = Outbox(path, "spans")
    assert (take_all(again).data, again.totals()) == (b"one", Totals(0, 2, 1))
    assert again.by_source() == {1: Source(1, {}), 2: Source(0, {"no space on disk": 2})}


def test_memory_is_bounded_and_leaves_what_is_on_disk_alone(disk, path, monkeypatch):
    monkeypatch.setattr(outbox, "MEMORY_LIMIT", 4 * 140)
    box = Outbox(path, "spans")
    box.put(b"0" * 1_000, 10, MARK)
    disk.fault = errno.ENOSPC
    for number in range(1, 6):
        box.put(bytes([48 + number]) * 100, 1, MARK)
    assert take_all(box).data == b"0" * 1_000 + b"4" * 100 + b"5" * 100
    assert box.totals() == Totals(0, 3, 12)
    assert box.is_above(0.4)


def test_full_outbox_on_a_full_disk_lets_the_oldest_go(disk, path):
    box = Outbox(path, "spans", limit=4 * 140)
    for number in range(4):
        box.put(bytes([number]) * 100, 1, MARK)
    disk.fault, disk.failing = errno.ENOSPC, ("open",)
    box.put(b"4" * 100, 1, MARK)
    assert take_all(box).data == b"\x02" * 100 + b"\x03" * 100 + b"4" * 100
    assert Outbox.totals(box) == Totals(0, 2, 3)
    disk.fault = 0
    again = Outbox(path, "spans")
    assert again.totals() == Totals(0, 2, 3)
    assert again.by_source() == {1: Source(3, {"outbox full": 2})}


def test_rewriting_that_fails_changes_nothing(disk, path):
    box = Outbox(path, "spans", limit=4 * 140)
    for _ in range(4):
        box.put(b"x" * 100, 1, MARK)
    take_all(box)
    disk.fault, disk.failing = errno.EIO, ("replace",)
    assert box.put(b"y" * 100, 1, MARK) == 1
    assert box.totals() == Totals(0, 1, 4)
    assert os.listdir(os.path.dirname(path)) == ["spans-0", "spans-0.dropped"]


def test_payload_that_cannot_be_read_is_dropped_and_counted(disk, path):
    box = Outbox(path, "spans")
    box.put(b"one", 3, MARK)
    disk.fault, disk.failing = errno.EIO, ("pread",)
    assert take_all(box) is None
    assert box.totals() == Totals(0, 3, 0)
    assert box.by_source() == {1: Source(0, {"unreadable": 3})}


def test_header_that_cannot_be_written_is_written_the_next_time(disk, path):
    box = Outbox(path, "spans")
    box.put(b"one", 1, MARK)
    disk.fault, disk.is_header_spared = errno.EIO, False
    box.settle(take_all(box))
    assert box.totals() == Totals(1, 0, 0)
    disk.fault = 0
    box.put(b"two", 1, MARK)
    box.settle(take_all(box))
    assert Outbox(path, "spans").totals() == Totals(2, 0, 0)


def test_removed_directory_takes_nothing_from_the_agent_that_lives(tmp_path):
    directory = tmp_path / "outbox"
    directory.mkdir()
    box = Outbox(str(directory / "spans-0"), "spans", limit=8 * 140)
    box.put(b"one", 1, MARK)
    shutil.rmtree(directory)
    box.settle(take_all(box), rejected=1, reason="HTTP 400")
    for _ in range(40):
        box.put(b"x" * 100, 1, MARK)
    totals = box.totals()
    assert (sum(totals), totals.exported) == (41, 0)
    while (batch := take_all(box)) is not None:
        box.settle(batch)
    box.close()
    assert sum(box.totals()) == 41
    assert not directory.exists()


def test_directory_that_cannot_be_written_is_no_error(tmp_path):
    box = Outbox(str(tmp_path / "missing" / "spans-0"), "spans")
    box.put(b"one", 1, MARK)
    box.settle(take_all(box))
    box.close()
    assert box.totals() == Totals(1, 0, 0)


def test_nothing_is_said_to_be_on_the_wire_while_some_is_in_memory_alone(disk, path):
    box = Outbox(path, "spans")
    box.put(b"one", 1, MARK)
    disk.fault = errno.ENOSPC
    box.put(b"two", 2, MARK)
    take_all(box)
    box.put_on_wire()
    disk.fault = 0
    again = Outbox(path, "spans")
    assert (again.left_on_wire(), again.totals()) == (None, Totals(0, 0, 1))


def test_what_finds_no_room_in_memory_since_the_disk_has_none_says_so(tmp_path):
    box = Outbox(str(tmp_path / "gone" / "metrics-0"), "metrics", limit=1_000)
    for _ in range(10):
        box.put(b"x" * 300, 1, MARK)
    [(ring, source)] = box.by_source().items()
    assert (ring, source.held + sum(source.dropped.values()), list(source.dropped)) == (1, 10, ["no space on disk"])
    box.put(b"x" * 5_000, 1, MARK)
    assert list(box.by_source()[1].dropped) == ["no space on disk"]
