from __future__ import annotations

import pytest

from otelrun.delivery.destination import Destination

HOLDING = ("http://there", "holding", "timed out: telemetry is held locally until it answers")


@pytest.fixture
def told():
    return []


@pytest.fixture
def place(told):
    return Destination("http://there", lambda *change: told.append(change))


def test_waiting_of_several_channels_is_told_once(place, told):
    for channel in ("spans-0", "logs-0", "spans-0"):
        place.wait(channel, "timed out")
    assert told == [HOLDING]


def test_end_of_waiting_is_told_when_all_is_through_with_what_was_sent(place, told):
    place.wait("spans-0", "timed out")
    place.wait("logs-0", "timed out")
    place.send("spans-0", 1_000, is_through=False)
    place.send("spans-0", 204, is_through=True)
    assert told == [HOLDING]
    place.send("logs-0", 1, is_through=True)
    text = "delivering again, 1,204 held spans and 1 held log record sent"
    assert told == [HOLDING, ("http://there", "delivering", text)]


def test_what_was_sent_without_waiting_is_not_told(place, told):
    place.send("spans-0", 5, is_through=True)
    assert told == []


def test_waiting_that_begins_anew_before_its_end_is_one(place, told):
    place.wait("spans-0", "timed out")
    place.wait("logs-0", "timed out")
    place.send("spans-0", 2, is_through=True)
    place.wait("spans-0", "timed out")
    place.send("logs-0", 1, is_through=True)
    place.send("spans-0", 3, is_through=True)
    assert told == [
        HOLDING,
        ("http://there", "delivering", "delivering again, 5 held spans and 1 held log record sent"),
    ]


def test_each_kind_of_refusal_is_told_once_and_its_end_once(place, told):
    for _ in range(3):
        place.refuse("spans-0", "rejected", "rejected: HTTP 400", "rejected there (HTTP 400)")
        place.accept("spans-0")
    place.accept("logs-0")
    place.refuse("spans-0", "rejected", "rejected: HTTP 404", "rejected there (HTTP 404)")
    assert told == [
        ("http://there", "rejected", "rejected there (HTTP 400)"),
        ("http://there", "delivering", "delivering again"),
        ("http://there", "rejected", "rejected there (HTTP 404)"),
    ]


def test_full_outbox_is_told_once_until_it_is_sent(place, told):
    place.wait("logs-0", "timed out")
    place.overflow("logs-0")
    place.overflow("logs-0")
    place.send("logs-0", 7, is_through=True)
    place.overflow("logs-0")
    full = ("http://there", "full", "outbox full, dropping the oldest log records")
    assert told == [HOLDING, full, ("http://there", "delivering", "delivering again, 7 held log records sent"), full]
