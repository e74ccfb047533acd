"""How records become columns."""

from __future__ import annotations

import json
import math

import pytest

from otelrun.ring.record import EventRecord, LinkRecord, LogRecord, SpanRecord
from otelrun.store import encoding
from tests.support.shop_trace import histogram


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b": [True, None, 1.5]}, '{"a":1,"b":[true,null,1.5]}'),
        ("Grüße", '"Grüße"'),
        (math.nan, '"NaN"'),
        ([math.inf, -math.inf], '["Infinity","-Infinity"]'),
        ({"raw": b"\x00\xff"}, '{"raw":{"base64":"AP8="}}'),
        (1 << 70, "1180591620717411303424"),
        ({1: "a", (2,): b"b"}, '{"1":"a","(2,)":{"base64":"Yg=="}}'),
        (object(), '"<object>"'),
    ],
)
def test_every_value_has_a_json_form(value: object, text: str) -> None:
    assert encoding.json_text(value).replace('{"1":', '{"1":') == text


def test_an_integer_too_long_for_decimal_digits_is_hexadecimal() -> None:
    assert json.loads(encoding.json_text([1 << 20_000])) == [hex(1 << 20_000)]


def test_deep_nesting_is_cut() -> None:
    value: object = "bottom"
    for _ in range(5_000):
        value = [value]

    assert encoding.json_text(value).count("[") == 32


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a\ud800b", "a\\ud800b"),
        (1 << 80, (1 << 63) - 1),
        (-(1 << 80), -(1 << 63)),
        (1.5, 1.5),
        (None, None),
        (("a", 1), '["a",1]'),
    ],
)
def test_what_sqlite_refuses_gets_a_form_it_takes(value: object, stored: object) -> None:
    assert encoding.storable(value) == stored


def test_span_columns_are_text_ids_and_names() -> None:
    record = SpanRecord(0xAB, 0xCD, 0, 0x301, "GET", 2, 10, 30, {"a": "b"}, 7, "k=v", (), (), 2, "no", 1, 2, 3)

    assert encoding.span_columns(99, 1, 4, record) == (
        99,
        1,
        4,
        "000000000000000000000000000000ab",
        "00000000000000cd",
        None,
        "GET",
        "client",
        10,
        30,
        "error",
        "no",
        '{"a":"b"}',
        "k=v",
        0x301,
        1,
        2,
        3,
    )


def test_events_and_links_are_numbered() -> None:
    events = (EventRecord("one", 5, {}), EventRecord("two", 6, {"x": 1}, 2))
    links = (LinkRecord(1, 2, "", 1, {}),)

    assert list(encoding.event_columns(9, events)) == [(9, 0, 5, "one", "{}", 0), (9, 1, 6, "two", '{"x":1}', 2)]
    assert list(encoding.link_columns(9, links)) == [(9, 0, f"{1:032x}", f"{2:016x}", "", 1, "{}", 0)]


def test_a_log_body_that_is_no_text_is_json_and_a_missing_time_is_the_observed_one() -> None:
    record = LogRecord(0, 8, 0, 0, 0, 9, "INFO", {"k": [1]}, {}, "", 1)

    assert encoding.log_columns(3, 1, 2, record) == (
        3,
        1,
        2,
        8,
        8,
        None,
        None,
        9,
        "INFO",
        '{"k":[1]}',
        1,
        None,
        "{}",
        0,
        0,
    )


def test_points_of_integer_series_are_integers_and_histograms_carry_their_buckets() -> None:
    state = histogram()

    assert encoding.point_columns(5, 77, state) == (5, 77, state.time_ns, 0.051, 2, 0.002, 0.049, "[1,1,0]")
    gauge = state._replace(series=state.series._replace(instrument="gauge"), value=3.0, is_float=False)
    assert encoding.point_columns(5, 77, gauge) == (5, 77, state.time_ns, 3, None, None, None, None)
    assert type(encoding.point_columns(5, 77, gauge)[3]) is int


def test_positions_of_a_ring_never_collide_with_those_of_another() -> None:
    assert encoding.key(2, 0) > encoding.key(1, (1 << 43) - 1)
