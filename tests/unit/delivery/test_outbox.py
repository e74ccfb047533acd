from __future__ import annotations

import os

import pytest

from otelrun.delivery.outbox import Batch, Outbox
from otelrun.delivery.totals import Totals

LARGE = 10_000_000


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "spans-0")


def take_all(outbox):
    return outbox.take(LARGE, LARGE)


def test_payloads_come_out_in_order_and_stay_until_settled(path):
    outbox = Outbox(path)
    outbox.put(b"one", 1)
    outbox.put(b"two", 2)
    batch = take_all(outbox)
    assert (batch.data, batch.records) == (b"onetwo", 3)
    assert outbox.totals() == Totals(0, 0, 3)
    outbox.settle(batch)
    assert outbox.totals() == Totals(3, 0, 0)
    assert take_all(outbox) is None


def test_batch_keeps_within_records_and_bytes_but_has_one_payload_at_least(path):
    outbox = Outbox(path)
    for payload in (b"a" * 100, b"b" * 100, b"c"):
        outbox.put(payload, 10)
    assert outbox.take(5, LARGE).data == b"a" * 100
    assert outbox.take(20, LARGE).data == b"a" * 100 + b"b" * 100
    assert outbox.take(LARGE, 150).data == b"a" * 100


def test_what_was_not_settled_is_there_again_after_a_kill(path):
    killed = Outbox(path)
    killed.put(b"one", 1)
    killed.settle(take_all(killed))
    killed.put(b"two", 2)
    killed.put(b"three", 3)
    killed.settle(killed.take(1, LARGE))
    outbox = Outbox(path)
    assert take_all(outbox).data == b"three"
    assert outbox.totals() == Totals(3, 0, 3)


def test_half_written_payload_is_cut_off(path):
    killed = Outbox(path)
    killed.put(b"one", 1)
    killed.put(b"two", 1)
    os.truncate(path, os.path.getsize(path) - 1)
    outbox = Outbox(path)
    outbox.put(b"three", 1)
    assert take_all(outbox).data == b"onethree"
    assert take_all(Outbox(path)).data == b"onethree"


def test_damaged_payload_is_dropped_and_counted(path):
    outbox = Outbox(path)
    outbox.put(b"one", 1)
    outbox.put(b"two", 1)
    with open(path, "r+b") as file:
        file.seek(file.read().index(b"one"))
        file.write(b"X")
    assert take_all(outbox).data == b"two"
    assert outbox.totals() == Totals(0, 1, 1)


def test_oldest_make_room_for_the_newest(path):
    outbox = Outbox(path, limit=3 * 120)
    for number in range(5):
        outbox.put(bytes([number]) * 100, 10)
    assert take_all(outbox).data == b"".join(bytes([number]) * 100 for number in (2, 3, 4))
    assert outbox.totals() == Totals(0, 20, 30)
    assert Outbox(path).totals() == Totals(0, 20, 30)


def test_records_dropped_while_on_their_way_count_as_exported_when_they_arrive(path):
    outbox = Outbox(path, limit=3 * 120)
    outbox.put(b"a" * 100, 10)
    batch = take_all(outbox)
    for _ in range(3):
        outbox.put(b"b" * 100, 1)
    assert outbox.totals() == Totals(0, 10, 3)
    outbox.settle(batch)
    assert outbox.totals() == Totals(10, 0, 3)


def test_file_stays_within_its_bounds_though_it_is_never_empty(path):
    outbox = Outbox(path, limit=2_000)
    outbox.put(b"0" * 100, 1)
    for number in range(200):
        outbox.put(f"{number:100}".encode(), 1)
        outbox.settle(outbox.take(1, LARGE))
    assert os.path.getsize(path) <= 2 * 2_000 + 200
    assert take_all(outbox).data == f"{199:100}".encode()
    assert Outbox(path).totals() == Totals(200, 0, 1)


def test_file_is_cut_when_everything_is_delivered(path):
    outbox = Outbox(path)
    outbox.put(b"x" * 10_000, 1)
    outbox.settle(take_all(outbox))
    assert os.path.getsize(path) < 100


def test_rejected_records_are_dropped(path):
    outbox = Outbox(path)
    outbox.put(b"one", 10)
    outbox.settle(take_all(outbox), rejected=4)
    assert outbox.totals() == Totals(6, 4, 0)


def test_counting_goes_on_from_an_earlier_agent(path):
    assert Outbox(path, before=Totals(7, 2, 0)).totals() == Totals(7, 2, 0)


def test_closing_removes_an_empty_file_and_keeps_a_full_one(path):
    empty = Outbox(path)
    empty.close()
    assert not os.path.exists(path)
    full = Outbox(path)
    full.put(b"one", 1)
    full.close()
    assert take_all(Outbox(path)).data == b"one"


def test_where_no_file_can_be_made_payloads_are_held_in_memory(tmp_path):
    outbox = Outbox(str(tmp_path / "missing" / "spans-0"))
    outbox.put(b"one", 1)
    batch = take_all(outbox)
    assert batch == Batch(frozenset({0}), b"one", 1)
    outbox.settle(batch)
    assert outbox.totals() == Totals(1, 0, 0)


def test_file_is_private(path):
    Outbox(path).put(b"one", 1)
    assert os.stat(path).st_mode & 0o777 == 0o600
