"""The codec gives back what it was given, as what OTLP can hold."""

from __future__ import annotations

import enum
import marshal

import pytest

from otelrun.ring.record import (
    LOG,
    NOTE,
    SPAN,
    EventRecord,
    LinkRecord,
    LogRecord,
    NoteRecord,
    Scope,
    SpanRecord,
    decode,
    decode_definition,
    encode,
    encode_definition,
    plain,
)

SPAN_RECORD = SpanRecord(
    (1 << 128) - 1,
    (1 << 64) - 1,
    1,
    0x301,
    "nämé 😀",
    1,
    1_700_000_000_000_000_000,
    1_700_000_000_000_000_001,
    {"a": 1, "b": (1.5, None, b"x"), "c": {"d": True}},
    77,
    "a=b",
    (EventRecord("e", 5, {"x": 1}, 2),),
    (LinkRecord(1, 2, "", 1, {"y": "z"}, 3),),
    2,
    "why",
    1,
    2,
    3,
)
LOG_RECORD = LogRecord(1, 2, 3, 4, 5, 24, "FATAL", {"a": ("b",)}, {"c": 1}, "event", 9, 1)


class Level(int, enum.Enum):
    HIGH = 3


@pytest.mark.parametrize(
    ("kind", "record"), [(SPAN, SPAN_RECORD), (LOG, LOG_RECORD), (NOTE, NoteRecord(1, "slug", "text"))]
)
def test_round_trip(kind, record):
    fields = [tuple(map(tuple, field)) if isinstance(field, tuple) else field for field in record]
    assert decode(encode(kind, tuple(fields))) == record


def test_a_span_with_nothing_rare_ends_at_its_scope():
    short = tuple(SPAN_RECORD[:10])
    assert decode(encode(SPAN, short)) == SpanRecord(*short, "", (), (), 0, "", 0, 0, 0)


def test_what_marshal_does_not_know_becomes_plain():
    record = LOG_RECORD._replace(body=Level.HIGH, attributes={"e": Level.HIGH, "o": object})
    assert decode(encode(LOG, tuple(record))) == record._replace(body=3, attributes={"e": 3, "o": "<class 'object'>"})


def test_names_text_and_numbers_are_mended():
    record = LOG_RECORD._replace(
        body=("\ud800", "é\udfff"), severity_text="\ud800", attributes={5: 1, "": 2, "big": 1 << 64, "í": "í"}
    )
    assert decode(encode(LOG, tuple(record))) == record._replace(
        body=("?", "é?"), severity_text="?", attributes={"5": 1, "big": str(1 << 64), "í": "í"}
    )


@pytest.mark.parametrize(
    "payload",
    [b"", b"x", marshal.dumps(5), marshal.dumps((99, 1)), marshal.dumps((SPAN, 1)), marshal.dumps([]), b"\xff" * 40],
)
def test_what_is_no_record_is_refused(payload):
    with pytest.raises(ValueError, match="not a record"):
        decode(payload)


def test_definitions_round_trip_and_others_are_refused():
    scope = Scope("n", "1", "url", {"a": Level.HIGH})
    assert Scope(*decode_definition(encode_definition(scope))) == Scope("n", "1", "url", {"a": 3})
    for payload in (b"", marshal.dumps(5)):
        with pytest.raises(ValueError, match="not a definition"):
            decode_definition(payload)


def test_plain_never_raises():
    class Bad:
        def __str__(self):
            raise RuntimeError

    assert plain([Bad(), bytearray(b"x"), {1: Level.HIGH}]) == ("<Bad>", b"x", {"1": 3})
