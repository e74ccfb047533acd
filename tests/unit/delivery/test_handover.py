"""Records get into each outbox once, but those that the program sends to its destination itself, which are counted."""

from __future__ import annotations

from otelrun.delivery.channel import Batching
from otelrun.delivery.encode import Payload
from otelrun.delivery.handover import Handover
from otelrun.ring.record import LEFT_SHIFT, SpanRecord


class Channel:
    """Notes what it is given."""

    def __init__(self, name, position=0):
        self.name = name
        self.batching = Batching(512, 0)
        self.given = []
        self._position = position

    def has(self, _, position):
        return position < self._position

    def put(self, data, count, mark):
        self.given.append((data, count, mark.position))

    def drop(self, count, mark, reason):
        self.given.append((reason, count, mark.position))


def span(name, *left):
    flags = 1 | sum(1 << LEFT_SHIFT + number for number in left)
    return SpanRecord(1, 2, 0, flags, name, 0, 0, 0, {}, 0)


def encode(records, _):
    return [Payload("+".join(record.name for record in records), len(records))]


def hand_over(channels, *spans):
    Handover(channels, encode, print).put(7, [(10 * number, span) for number, span in enumerate(spans)])


def test_what_the_program_sends_to_one_destination_goes_to_the_others():
    first, second = Channel("spans-0"), Channel("spans-1")
    hand_over([first, second], span("a"), span("b", 0), span("c", 0), span("d", 1), span("e"))
    left = "sent by the program itself"
    assert first.given == [("a", 1, 1), (left, 2, 21), ("d+e", 2, 41)]
    assert second.given == [("a+b+c", 3, 21), (left, 1, 31), ("e", 1, 41)]


def test_all_go_to_all_in_one_request_where_nothing_is_left_to_the_program():
    first, second = Channel("spans-0"), Channel("spans-1")
    hand_over([first, second], span("a"), span("b"))
    assert first.given == second.given == [("a+b", 2, 11)]


def test_what_an_earlier_agent_has_put_is_neither_put_nor_counted_again():
    channel = Channel("spans-0", position=11)
    hand_over([channel], span("a", 0), span("b", 0), span("c", 0))
    assert channel.given == [("sent by the program itself", 1, 21)]
