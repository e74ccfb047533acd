"""Wherever an agent is killed in its outbox, the next one puts and sends everything once; only what was on the wire goes twice."""

from __future__ import annotations

import os
import tempfile
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from otelrun.delivery import frames
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


def send(outbox, sent, records):
    batch = outbox.take(records, LARGE)
    if batch is not None:
        sent.extend(batch.data)
        outbox.settle(batch)
        return batch.data
    return b""


def live(path, ring, sent, actions):
    """Be an agent for as long as one lives; give what was on the wire at its end."""
    on_wire = []

    class Sent(list):
        def extend(self, data):
            on_wire[:] = data
            sent.extend(data)

    try:
        outbox = Outbox(path, "spans", limit=4_000)
        for is_put, count in actions:
            if is_put:
                put(outbox, ring, count)
            else:
                send(outbox, Sent(), count)
                on_wire.clear()
    except KilledError:
        return list(on_wire)
    return []


ACTIONS = st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(ACTIONS, st.integers(0, 25), st.floats(0, 1)), max_size=5))
def test_agents_killed_anywhere_lose_and_repeat_nothing_but_what_was_on_the_wire(agents):
    ring, sent, repeated = Ring(), [], []
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "spans-0")
        for actions, calls, share in agents:
            with mock.patch.object(frames, "os", Disk(calls, share)):
                repeated += live(path, ring, sent, actions)
        last = Outbox(path, "spans", limit=4_000)
        while ring.tail < RECORDS:
            put(last, ring, 7)
        while send(last, sent, 5):
            pass
        totals = last.totals()
    for number in repeated:
        if sent.count(number) > 1:
            sent.remove(number)
    assert sorted(sent) == list(range(RECORDS))
    assert totals == (RECORDS, 0, 0)
