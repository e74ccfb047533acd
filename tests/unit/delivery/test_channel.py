from __future__ import annotations

import threading
from time import monotonic

import pytest

from otelrun.delivery import retry
from otelrun.delivery.channel import Batching, Channel
from otelrun.delivery.frames import Mark
from otelrun.delivery.outbox import Outbox
from otelrun.delivery.retry import Outcome
from otelrun.delivery.totals import Totals

DEADLINE_S = 10.0
MARK = Mark(1, 1)


class FakeTransport:
    """Answers as told, in order, then with success; remembers what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []
        self.called = threading.Semaphore(0)

    def send(self, data):
        self.sent.append(data)
        self.called.release()
        answer = self.answers.pop(0) if self.answers else Outcome(retry.DELIVERED)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def make_channel(tmp_path):
    channels = []

    def make(transport, batching=None):
        told = []
        channel = Channel(
            "spans-0",
            "http://there",
            outbox=Outbox(str(tmp_path / "spans-0"), "spans"),
            open_transport=lambda: transport,
            batching=batching or Batching(512, 0.0),
            tell=lambda *change: told.append(change),
        )
        channels.append(channel)
        return channel, told

    yield make
    for channel in channels:
        channel.stop()
        channel.close()


def test_records_are_delivered_and_counted(make_channel):
    transport = FakeTransport()
    channel, told = make_channel(transport)
    channel.put(b"one", 3, MARK)
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert (transport.sent, channel.totals(), channel.state, told) == ([b"one"], Totals(3, 0, 0), "delivering", [])


def test_records_wait_for_a_full_batch(make_channel):
    transport = FakeTransport()
    channel, _ = make_channel(transport, Batching(3, 3_600.0))
    channel.put(b"one", 1, MARK)
    channel.put(b"two", 1, MARK)
    assert not transport.called.acquire(timeout=0.05)
    channel.put(b"three", 1, MARK)
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert transport.sent == [b"onetwothree"]


def test_flush_waits_for_no_batch(make_channel):
    transport = FakeTransport()
    channel, _ = make_channel(transport, Batching(512, 3_600.0))
    channel.put(b"one", 1, MARK)
    channel.begin_flush()
    assert channel.wait_flushed(monotonic() + DEADLINE_S)


def test_refused_records_are_held_told_once_and_delivered_later(make_channel):
    transport = FakeTransport(ConnectionRefusedError(111, "Connection refused"), OSError(111, "Connection refused"))
    channel, told = make_channel(transport)
    channel.begin_flush()
    channel.put(b"one", 2, MARK)
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert channel.totals() == Totals(2, 0, 0)
    assert transport.sent == [b"one"] * 3
    assert told == [
        (
            "http://there",
            "holding",
            "Connection refused: telemetry is held locally until it answers",
        ),
        ("http://there", "delivering", "delivering again"),
    ]


def test_server_that_says_when_is_not_asked_earlier_even_by_a_flush(make_channel):
    transport = FakeTransport(Outcome(retry.RETRY, "HTTP 503", 3_600.0))
    channel, _ = make_channel(transport)
    channel.begin_flush()
    channel.put(b"one", 1, MARK)
    assert transport.called.acquire(timeout=DEADLINE_S)
    assert not channel.wait_flushed(monotonic() + 0.6)
    assert (len(transport.sent), channel.totals(), channel.state) == (1, Totals(0, 0, 1), "holding")


def test_rejected_records_are_dropped_with_their_reason(make_channel):
    channel, told = make_channel(FakeTransport(Outcome(retry.REJECTED, "HTTP 400")))
    channel.put(b"one", 5, MARK)
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert (channel.totals(), channel.reasons, channel.last_error) == (Totals(0, 5, 0), {"HTTP 400": 5}, "HTTP 400")
    assert told == [("http://there", "rejected", "HTTP 400: telemetry is rejected there and dropped")]


def test_partial_success_is_counted_on_both_sides(make_channel):
    reason = "partial success, 2 rejected: too old"
    channel, _ = make_channel(FakeTransport(Outcome(retry.DELIVERED, reason, rejected=2)))
    channel.put(b"one", 5, MARK)
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert (channel.totals(), channel.reasons) == (Totals(3, 2, 0), {reason: 2})


def test_hanging_transport_holds_up_neither_putting_nor_stopping(make_channel):
    release = threading.Event()

    class Hanging:
        def send(self, _):
            release.wait(DEADLINE_S)
            return Outcome(retry.DELIVERED)

    channel, _ = make_channel(Hanging())
    started = monotonic()
    for _ in range(10):
        channel.put(b"one", 1, MARK)
    channel.begin_flush()
    assert not channel.wait_flushed(monotonic() + 0.05)
    channel.stop()
    assert monotonic() - started < 5.0
    release.set()
