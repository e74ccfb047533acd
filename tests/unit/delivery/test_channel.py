from __future__ import annotations

import threading
from time import monotonic

import pytest

from otelrun.delivery import retry, wire_reader
from otelrun.delivery.channel import Batching, Channel
from otelrun.delivery.destination import Destination
from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.frames import Mark
from otelrun.delivery.outbox import LIMIT, Outbox
from otelrun.delivery.retry import Outcome
from otelrun.delivery.totals import Totals
from otelrun.ring.record import Scope, SpanRecord
from tests.support.waiting import wait_for

DEADLINE_S = 10.0
MARK = Mark(1, 1)
ENCODER = ProcessEncoder({"service.name": "shop"}, "", lambda _: Scope("a", "1", "", {}))


class FakeTransport:
    """Answers as told, in order, then with success; remembers what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []
        self.forgotten = 0
        self.called = threading.Semaphore(0)

    def send(self, data):
        self.sent.append(data)
        self.called.release()
        answer = self.answers.pop(0) if self.answers else Outcome(retry.DELIVERED)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def forget(self):
        self.forgotten += 1


@pytest.fixture
def make_channel(tmp_path):
    channels = []

    def make(transport, batching=None, limit=LIMIT):
        told = []
        channel = Channel(
            "spans-0",
            Destination("http://there", lambda *change: told.append(change)),
            outbox=Outbox(str(tmp_path / "spans-0"), "spans", limit),
            open_transport=lambda: transport,
            batching=batching or Batching(512, 0.0),
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


def test_answer_is_let_go_of_when_what_it_said_is_written_down(make_channel):
    held = []

    class Answered(FakeTransport):
        def forget(self):
            super().forget()
            held.append(channel.totals().held)

    transport = Answered(Outcome(retry.RETRY, "HTTP 503", 0.0))
    channel, _ = make_channel(transport)
    channel.put(b"one", 3, MARK)
    wait_for(lambda: transport.forgotten == 2, DEADLINE_S)
    assert held == [3, 0]


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
            "connection refused: telemetry is held locally until it answers",
        ),
        ("http://there", "delivering", "delivering again, 2 held spans sent"),
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
    assert (channel.totals(), channel.reasons, channel.last_error) == (
        Totals(0, 5, 0),
        {"rejected: HTTP 400": 5},
        "HTTP 400",
    )
    assert told == [("http://there", "rejected", "telemetry is rejected there (HTTP 400) and dropped")]


def test_partial_success_is_counted_on_both_sides_and_told_once(make_channel):
    reason = "partial success, 2 rejected: too old"
    answer = Outcome(retry.DELIVERED, reason, rejected=2)
    channel, told = make_channel(FakeTransport(answer, answer))
    for _ in range(2):
        channel.put(b"one", 5, MARK)
        assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert (channel.totals(), channel.reasons, channel.state) == (Totals(6, 4, 0), {"partial success": 4}, "partial")
    assert told == [("http://there", "partial", f"{reason}: what is rejected is dropped")]


def test_request_that_is_too_large_goes_in_parts_and_what_cannot_be_parted_is_dropped(make_channel):
    def spans(*lengths):
        [payload] = ENCODER.spans([SpanRecord(1, 1, 0, 1, "n" * n, 0, 5, 6, {}, 0) for n in lengths], 512)
        return payload.data

    class Small:
        def __init__(self):
            self.taken = []

        def send(self, data):
            if len(data) > 400:
                return Outcome(retry.TOO_LARGE, "HTTP 413")
            self.taken.append(len(wire_reader.records("spans", data)))
            return Outcome(retry.DELIVERED)

        def forget(self):
            """Have nothing to forget."""

    transport = Small()
    channel, told = make_channel(transport)
    channel.put(spans(*[50] * 20, 1_000, 50), 22, MARK)
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert (channel.totals(), channel.reasons) == (Totals(21, 1, 0), {"rejected: HTTP 413": 1})
    assert sum(transport.taken) == 21
    assert max(transport.taken) > 1
    assert told == [
        ("http://there", "rejected", "telemetry is rejected there (HTTP 413) and dropped"),
        ("http://there", "delivering", "delivering again"),
    ]


def test_request_that_is_too_large_and_cannot_be_read_is_dropped(make_channel):
    class NoRoom:
        def send(self, _):
            return Outcome(retry.TOO_LARGE, "HTTP 413")

        def forget(self):
            """Have nothing to forget."""

    channel, _ = make_channel(NoRoom())
    channel.put(b"not a request", 2, MARK)
    assert channel.wait_flushed(monotonic() + DEADLINE_S)
    assert channel.totals() == Totals(0, 2, 0)


def test_full_outbox_is_told_once(make_channel):
    channel, told = make_channel(FakeTransport(*[Outcome(retry.RETRY, "HTTP 503", 3_600.0)]), limit=500)
    for _ in range(20):
        channel.put(b"x" * 100, 1, MARK)
    assert [change for change in told if change[1] == "full"] == [
        ("http://there", "full", "outbox full, dropping the oldest traces")
    ]
    assert channel.is_behind(2.0) is False


def test_channel_is_behind_unless_its_endpoint_is_away(make_channel):
    channel, _ = make_channel(FakeTransport(), Batching(512, 3_600.0), limit=1_000)
    channel.put(b"x" * 500, 1, MARK)
    assert (channel.is_behind(0.5), channel.is_behind(0.75)) == (True, False)
    channel.stop()
    channel.state = "holding"
    assert not channel.is_behind(0.5)


def test_channels_of_a_dead_destination_do_not_each_try_it(tmp_path):
    told = []
    place = Destination("http://there", lambda *change: told.append(change))
    transport = FakeTransport(*[ConnectionRefusedError(111, "Connection refused")] * 3)
    channels = [
        Channel(
            name,
            place,
            outbox=Outbox(str(tmp_path / name), name.partition("-")[0]),
            open_transport=lambda: transport,
            batching=Batching(512, 0.0),
        )
        for name in ("spans-0", "logs-0", "metrics-0")
    ]
    channels[0].put(b"one", 1_204, MARK)
    wait_for(lambda: channels[0].state == "holding", DEADLINE_S)
    for channel in channels[1:]:
        channel.put(b"two", 1, MARK)
    wait_for(lambda: all(channel.state == "holding" for channel in channels), DEADLINE_S)
    assert transport.sent == [b"one"]
    for channel in channels:
        channel.begin_flush()
    assert all(channel.wait_flushed(monotonic() + DEADLINE_S) for channel in channels)
    assert len(transport.sent) == 6
    text = "delivering again, 1,204 held spans, 1 held log record and 1 held metric point sent"
    wait_for(lambda: len(told) > 1, DEADLINE_S)
    assert told == [
        ("http://there", "holding", "connection refused: telemetry is held locally until it answers"),
        ("http://there", "delivering", text),
    ]
    for channel in channels:
        channel.stop()
        channel.close()


def test_what_an_endpoint_answers_is_the_business_of_one_signal(tmp_path):
    place = Destination("http://there", lambda *_: None)
    answers = {"spans-0": FakeTransport(Outcome(retry.RETRY, "HTTP 503", 3_600.0)), "logs-0": FakeTransport()}
    channels = [
        Channel(
            name,
            place,
            outbox=Outbox(str(tmp_path / name), name.partition("-")[0]),
            open_transport=lambda name=name: answers[name],
            batching=Batching(512, 0.0),
        )
        for name in answers
    ]
    channels[0].put(b"one", 1, MARK)
    wait_for(lambda: channels[0].state == "holding", DEADLINE_S)
    channels[1].put(b"two", 1, MARK)
    assert channels[1].wait_flushed(monotonic() + DEADLINE_S)
    assert channels[0].totals().held == 1
    for channel in channels:
        channel.stop()
        channel.close()


def test_hanging_transport_holds_up_neither_putting_nor_stopping(make_channel):
    release = threading.Event()

    class Hanging:
        def send(self, _):
            release.wait(DEADLINE_S)
            return Outcome(retry.DELIVERED)

        def forget(self):
            """Have nothing to forget."""

    channel, _ = make_channel(Hanging())
    started = monotonic()
    for _ in range(10):
        channel.put(b"one", 1, MARK)
    channel.begin_flush()
    assert not channel.wait_flushed(monotonic() + 0.05)
    channel.stop()
    assert monotonic() - started < 5.0
    channel.close()
    release.set()
    wait_for(lambda: not channel._thread.is_alive(), DEADLINE_S)
    assert channel.totals() == Totals(0, 0, 10)  # the answer came too late to be counted
