from __future__ import annotations

import os
import shutil

import pytest

from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.frames import Mark
from otelrun.delivery.ledger import Source
from otelrun.delivery.outbox import Batch, Outbox, Part
from otelrun.delivery.totals import Totals
from otelrun.ring.record import Scope, SpanRecord

LARGE = 10_000_000
MARK = Mark(1, 1)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "spans-0")


def encoded_spans(count):
    encoder = ProcessEncoder({"service.name": "shop"}, "", lambda _: Scope("a", "1", "", {}))
    [payload] = encoder.spans(
        [SpanRecord(1, number, 0, 1, "work", 0, 5, 6, {}, 0) for number in range(1, count + 1)], count
    )
    return payload.data


def take_all(outbox):
    return outbox.take(LARGE, LARGE)


def test_payloads_come_out_in_order_and_stay_until_settled(path):
    outbox = Outbox(path, "spans")
    outbox.put(b"one", 1, MARK)
    outbox.put(b"two", 2, MARK)
    batch = take_all(outbox)
    assert (batch.data, batch.records) == (b"onetwo", 3)
    assert outbox.totals() == Totals(0, 0, 3)
    outbox.settle(batch)
    assert outbox.totals() == Totals(3, 0, 0)
    assert take_all(outbox) is None


def test_batch_keeps_within_records_and_bytes_but_has_one_payload_at_least(path):
    outbox = Outbox(path, "spans")
    for payload in (b"a" * 100, b"b" * 100, b"c"):
        outbox.put(payload, 10, MARK)
    assert outbox.take(5, LARGE).data == b"a" * 100
    assert outbox.take(20, LARGE).data == b"a" * 100 + b"b" * 100
    assert outbox.take(LARGE, 150).data == b"a" * 100


def test_what_was_not_settled_is_there_again_after_a_kill(path):
    killed = Outbox(path, "spans")
    killed.put(b"one", 1, MARK)
    killed.settle(take_all(killed))
    killed.put(b"two", 2, MARK)
    killed.put(b"three", 3, MARK)
    killed.settle(killed.take(1, LARGE))
    outbox = Outbox(path, "spans")
    assert take_all(outbox).data == b"three"
    assert outbox.totals() == Totals(3, 0, 3)


def test_half_written_payload_is_cut_off(path):
    killed = Outbox(path, "spans")
    killed.put(b"one", 1, MARK)
    killed.put(b"two", 1, MARK)
    os.truncate(path, os.path.getsize(path) - 1)
    outbox = Outbox(path, "spans")
    outbox.put(b"three", 1, MARK)
    assert take_all(outbox).data == b"onethree"
    assert take_all(Outbox(path, "spans")).data == b"onethree"


def test_damaged_payload_is_dropped_and_counted(path):
    outbox = Outbox(path, "spans")
    outbox.put(b"one", 1, MARK)
    outbox.put(b"two", 1, MARK)
    with open(path, "r+b") as file:
        file.seek(file.read().index(b"one"))
        file.write(b"X")
    assert take_all(outbox).data == b"two"
    assert outbox.totals() == Totals(0, 1, 1)


def test_oldest_make_room_for_the_newest_and_for_some_more(path):
    outbox = Outbox(path, "spans", limit=8 * 140)
    dropped = [outbox.put(bytes([number]) * 100, 10, MARK) for number in range(9)]
    assert take_all(outbox).data == b"".join(bytes([number]) * 100 for number in range(4, 9))
    assert dropped == [0] * 8 + [40]
    assert outbox.totals() == Totals(0, 40, 50)
    assert outbox.by_source() == {1: Source(50, {"outbox full": 40})}
    assert Outbox(path, "spans").totals() == Totals(0, 40, 50)


def test_records_on_their_way_do_not_make_room(path):
    outbox = Outbox(path, "spans", limit=3 * 140)
    outbox.put(b"a" * 100, 10, MARK)
    batch = take_all(outbox)
    for _ in range(4):
        outbox.put(b"b" * 100, 1, MARK)
    assert outbox.totals() == Totals(0, 2, 12)
    outbox.settle(batch)
    assert outbox.totals() == Totals(10, 2, 2)


def test_records_that_are_to_be_sent_again_make_room(path):
    outbox = Outbox(path, "spans", limit=3 * 140)
    outbox.put(b"a" * 100, 10, MARK)
    take_all(outbox)
    outbox.release()
    for _ in range(3):
        outbox.put(b"b" * 100, 1, MARK)
    assert outbox.totals() == Totals(0, 12, 1)


def test_newest_go_where_all_others_are_on_their_way(path):
    outbox = Outbox(path, "spans", limit=2 * 140)
    outbox.put(b"a" * 100, 10, MARK)
    outbox.put(b"b" * 100, 10, MARK)
    take_all(outbox)
    assert outbox.put(b"c" * 100, 7, Mark(2, 5)) == 7
    assert Outbox(path, "spans").mark == Mark(2, 5)
    assert Outbox(path, "spans").by_source() == {1: Source(20, {}), 2: Source(0, {"outbox full": 7})}


def test_file_stays_within_its_bounds_though_it_is_never_empty(path):
    outbox = Outbox(path, "spans", limit=2_000)
    outbox.put(b"0" * 100, 1, MARK)
    for number in range(200):
        outbox.put(f"{number:100}".encode(), 1, MARK)
        outbox.settle(outbox.take(1, LARGE))
    assert os.path.getsize(path) <= 2 * 2_000 + 200
    assert take_all(outbox).data == f"{199:100}".encode()
    assert Outbox(path, "spans").totals() == Totals(200, 0, 1)


def test_file_is_cut_when_everything_is_delivered(path):
    outbox = Outbox(path, "spans")
    outbox.put(b"x" * 10_000, 1, MARK)
    outbox.settle(take_all(outbox))
    assert os.path.getsize(path) < 100


def test_rejected_records_are_dropped(path):
    outbox = Outbox(path, "spans")
    outbox.put(b"one", 10, MARK)
    outbox.settle(take_all(outbox), rejected=4)
    assert outbox.totals() == Totals(6, 4, 0)


def test_counting_goes_on_from_an_earlier_agent(path):
    assert Outbox(path, "spans", before=Totals(7, 2, 0)).totals() == Totals(7, 2, 0)


def test_closing_removes_an_empty_file_and_keeps_a_full_one(path):
    empty = Outbox(path, "spans")
    empty.close()
    assert not os.path.exists(path)
    full = Outbox(path, "spans")
    full.put(b"one", 1, MARK)
    full.close()
    assert take_all(Outbox(path, "spans")).data == b"one"


def test_where_no_file_can_be_made_payloads_are_held_in_memory(tmp_path):
    outbox = Outbox(str(tmp_path / "missing" / "spans-0"), "spans")
    outbox.put(b"one", 1, MARK)
    batch = take_all(outbox)
    assert batch == Batch((Part(0, 1, 1),), b"one", 1)
    outbox.settle(batch)
    assert outbox.totals() == Totals(1, 0, 0)


def test_file_is_private(path):
    Outbox(path, "spans").put(b"one", 1, MARK)
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_mark_is_that_of_the_last_whole_payload(path):
    killed = Outbox(path, "spans")
    killed.put(b"one", 1, Mark(1, 10))
    killed.put(b"two", 1, Mark(2, 20))
    shutil.copy(path, path + "-whole")
    assert Outbox(path + "-whole", "spans").mark == Mark(2, 20)
    os.truncate(path, os.path.getsize(path) - 1)
    assert Outbox(path, "spans").mark == Mark(1, 10)


def test_mark_outlives_the_payloads(path):
    killed = Outbox(path, "spans")
    killed.put(b"one", 1, Mark(7, 10))
    killed.settle(take_all(killed))
    assert Outbox(path, "spans").mark == Mark(7, 10)


def test_last_payload_without_its_checksum_was_never_put(path):
    killed = Outbox(path, "spans")
    killed.put(b"one", 1, Mark(1, 10))
    killed.put(b"two", 1, Mark(1, 20))
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x00")
    outbox = Outbox(path, "spans")
    assert (outbox.mark, outbox.totals()) == (Mark(1, 10), Totals(0, 0, 1))


def test_what_cannot_be_put_is_counted_once(path):
    killed = Outbox(path, "spans")
    killed.drop(3, Mark(5, 10), "no form in OTLP")
    outbox = Outbox(path, "spans")
    assert (outbox.mark, outbox.totals()) == (Mark(5, 10), Totals(0, 3, 0))
    assert outbox.by_source() == {5: Source(0, {"no form in OTLP": 3})}


def test_sources_are_counted_apart_across_agents(path):
    killed = Outbox(path, "spans")
    killed.put(b"one", 2, Mark(1, 10))
    killed.put(b"two", 3, Mark(2, 10))
    killed.put(b"three", 5, Mark(2, 20))
    killed.settle(killed.take(5, LARGE), rejected=4, reason="HTTP 400")
    outbox = Outbox(path, "spans")
    assert outbox.by_source() == {1: Source(0, {"HTTP 400": 2}), 2: Source(5, {"HTTP 400": 2})}
    assert outbox.totals() == Totals(1, 4, 5)
    assert outbox.reasons() == {}


def test_lost_ledger_leaves_the_totals_right(path):
    killed = Outbox(path, "spans")
    killed.put(b"one", 2, MARK)
    killed.settle(take_all(killed), rejected=2, reason="HTTP 400")
    os.unlink(path + ".dropped")
    outbox = Outbox(path, "spans")
    assert outbox.totals() == Totals(0, 2, 0)
    assert outbox.by_source() == {0: Source(0, {"not known any more": 2})}


def test_what_was_on_the_wire_at_a_kill_is_known_and_can_be_settled_without_sending_it(path):
    killed = Outbox(path, "spans")
    for number in (1, 2, 3):
        killed.put(b"payload", number, Mark(number, 1))
    killed.take(3, LARGE)
    killed.put_on_wire()
    outbox = Outbox(path, "spans")
    batch = outbox.left_on_wire()
    assert batch == Batch((Part(0, 1, 1), Part(1, 2, 2)), b"", 3)
    outbox.settle(batch, rejected=1, reason="partial success")
    assert (outbox.totals(), outbox.left_on_wire()) == (Totals(2, 1, 3), None)
    assert outbox.by_source() == {1: Source(0, {"partial success": 1}), 3: Source(3, {})}
    again = Outbox(path, "spans")
    assert (again.totals(), again.left_on_wire(), take_all(again).records) == (Totals(2, 1, 3), None, 3)


def test_part_of_a_payload_can_have_been_on_the_wire(path):
    payload = encoded_spans(20)
    killed = Outbox(path, "spans")
    killed.put(payload, 20, MARK)
    killed.settle(killed.take(LARGE, len(payload) // 3))
    taken = killed.take(LARGE, len(payload) // 3)
    killed.put_on_wire()
    outbox = Outbox(path, "spans")
    batch = outbox.left_on_wire()
    assert batch == Batch(taken.parts, b"", taken.records)
    before = outbox.totals()
    outbox.settle(batch)
    assert outbox.totals() == Totals(before.exported + taken.records, 0, before.held - taken.records)


def test_what_was_on_the_wire_is_taken_first_when_it_is_to_be_sent_again(path):
    killed = Outbox(path, "spans")
    killed.put(b"one", 1, MARK)
    killed.take(1, LARGE)
    killed.put_on_wire()
    killed.put(b"two", 1, MARK)
    outbox = Outbox(path, "spans")
    outbox.release()
    assert (outbox.left_on_wire(), Outbox(path, "spans").left_on_wire()) == (None, None)
    assert take_all(outbox).data == b"onetwo"


def test_what_was_on_the_wire_at_a_kill_does_not_make_room(path):
    killed = Outbox(path, "spans", limit=3 * 140)
    killed.put(b"a" * 100, 10, MARK)
    take_all(killed)
    killed.put_on_wire()
    outbox = Outbox(path, "spans", limit=3 * 140)
    for _ in range(4):
        outbox.put(b"b" * 100, 1, MARK)
    assert outbox.totals() == Totals(0, 2, 12)
    outbox.settle(outbox.left_on_wire())
    assert outbox.totals() == Totals(10, 2, 2)


@pytest.mark.parametrize("end", [Outbox.release, Outbox.close, lambda box: box.settle(Batch((Part(0, 1, 1),), b"", 1))])
def test_nothing_is_left_on_the_wire_once_an_agent_knows_or_has_given_up_waiting(path, end):
    outbox = Outbox(path, "spans")
    outbox.put(b"one", 1, MARK)
    outbox.put(b"two", 1, MARK)
    outbox.take(1, LARGE)
    outbox.put_on_wire()
    end(outbox)
    assert Outbox(path, "spans").left_on_wire() is None
