"""Wherever an agent is killed in its outbox, the next one puts and sends everything once; twice goes what was answered to nobody."""

from __future__ import annotations

import os
import tempfile
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from otelrun.delivery import frames, versions
from otelrun.delivery.frames import Mark
from otelrun.delivery.outbox import Outbox

LARGE = 10_000_000
RECORDS = 40


class KilledError(BaseException):
    """Not an error that anybody handles: the agent ends here."""


class Disk:
    """Stands for ``os`` in ``frames``; kills at the n-th change, in the middle of it where it is a write."""

    def __init__(self, calls, share):
        self._left = calls
        self._share = share

    def __getattr__(self, name):
        return getattr(os, name)

    def pwrite(self, fd, data, position):
        if self._is_last():
            share = (
                self._share if position else round(self._share)
            )  # a header is within one page: the kernel writes it whole
            os.pwrite(fd, bytes(data)[: int(len(data) * share)], position)
            raise KilledError
        return os.pwrite(fd, data, position)

    def ftruncate(self, fd, size):
        if self._is_last():
            raise KilledError
        os.ftruncate(fd, size)

    def replace(self, old, new):
        if self._is_last():
            raise KilledError
        os.replace(old, new)

    def _is_last(self):
        self._left -= 1
        return self._left < 0


class Ring:
    """Records numbered from 0; what was committed is not given again."""

    def __init__(self):
        self.tail = 0

    def step(self, count):
        return list(range(self.tail, min(RECORDS, self.tail + count)))


def put(outbox, ring, count):
    numbers = [number for number in ring.step(count) if not (outbox.mark.ring == 1 and number < outbox.mark.position)]
    for half in (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]):
        if half:
            outbox.put(bytes(half), len(half), Mark(1, half[-1] + 1))
    ring.tail = min(RECORDS, ring.tail + count)


class Endpoint:
    """Takes what is sent, and keeps the last answer for as long as somebody holds the connection."""

    def __init__(self):
        self.got = []
        self.unread = b""
        self.may_come_again = set()

    def take(self, data):
        self.got.extend(data)
        self.unread = data

    def hang_up(self):
        self.may_come_again.update(self.unread)
        self.unread = b""


def send(outbox, endpoint, records):
    batch = outbox.take(records, LARGE)
    if batch is not None:
        outbox.put_on_wire()
        endpoint.take(batch.data)
        outbox.settle(batch)
        endpoint.unread = b""
    return batch is not None


def take_over(outbox, endpoint):
    """Go on from what an earlier agent had on the wire, as a channel does."""
    left = outbox.left_on_wire()
    if left is not None and endpoint.unread:
        assert left.records == len(endpoint.unread)
        outbox.settle(left)
    else:
        outbox.release()
    endpoint.unread = b""


def live(path, ring, endpoint, actions):
    """Be an agent for as long as one lives."""
    try:
        outbox = Outbox(path, "spans", limit=4_000)
        take_over(outbox, endpoint)
        for is_put, count in actions:
            if is_put:
                put(outbox, ring, count)
            else:
                send(outbox, endpoint, count)
    except KilledError:
        pass


def reject_some(outbox, records):
    batch = outbox.take(records, LARGE)
    if batch is not None:
        outbox.settle(batch, rejected=0 if records % 3 else batch.records, reason="HTTP 400")
    return batch is not None


def live_with_losses(path, ring, actions):
    """Be an agent for as long as one lives, with a small outbox and an endpoint that rejects every third batch."""
    try:
        outbox = Outbox(path, "spans", limit=300)
        for is_put, count in actions:
            if is_put:
                put(outbox, ring, count)
            else:
                reject_some(outbox, count)
    except KilledError:
        pass


ACTIONS = st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(ACTIONS, st.integers(0, 25), st.floats(0, 1), st.booleans()), max_size=5))
def test_agents_killed_anywhere_lose_and_repeat_nothing_but_what_was_answered_on_a_lost_connection(agents):
    ring, endpoint = Ring(), Endpoint()
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "spans-0")
        for actions, calls, share, is_connection_lost in agents:
            with mock.patch.object(frames, "os", Disk(calls, share)):
                live(path, ring, endpoint, actions)
            if is_connection_lost:
                endpoint.hang_up()
        last = Outbox(path, "spans", limit=4_000)
        take_over(last, endpoint)
        while ring.tail < RECORDS:
            put(last, ring, 7)
        while send(last, endpoint, 5):
            pass
        totals = last.totals()
    assert set(endpoint.got) == set(range(RECORDS))
    assert {number for number in endpoint.got if endpoint.got.count(number) > 1} <= endpoint.may_come_again
    assert totals == (RECORDS, 0, 0)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ACTIONS, st.integers(0, 40), st.floats(0, 1)), max_size=5))
def test_agents_killed_anywhere_leave_every_record_counted_once(agents):
    ring = Ring()
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "spans-0")
        for actions, calls, share in agents:
            disk = Disk(calls, share)
            with mock.patch.object(frames, "os", disk), mock.patch.object(versions, "os", disk):
                live_with_losses(path, ring, actions)
        last = Outbox(path, "spans", limit=300)
        while ring.tail < RECORDS:
            put(last, ring, 7)
        while reject_some(last, 5):
            pass
        totals, sources = last.totals(), last.by_source()
    dropped = sources[1].dropped if sources else {}
    assert totals == (RECORDS - sum(dropped.values()), sum(dropped.values()), 0)
    assert dropped.keys() <= {"HTTP 400", "outbox full"}
