from __future__ import annotations

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otelrun.delivery import wire
from tests.unit.delivery import reference


@pytest.mark.parametrize(
    "plain",
    [
        *("", "text", "Grüße, 世界", True, False, 0, 1, -1, 127, 128, 1 << 40, (1 << 63) - 1, -(1 << 63)),
        *(0.0, -1.5, float("inf"), b"", b"\x00\xff", None, (), ("a", 1, None, (2.5,)), {}, {"k": {"inner": [1]}}),
        "x" * 300,
    ],
)
def test_any_value_is_what_protobuf_serialises(plain):
    assert wire.any_value(plain) == reference.value(plain).SerializeToString()


def test_integer_beyond_64_bits_becomes_its_digits():
    assert wire.any_value(1 << 63) == AnyValue(string_value=str(1 << 63)).SerializeToString()


def test_lone_surrogate_becomes_a_question_mark():
    assert wire.any_value("a\ud800b") == AnyValue(string_value="a?b").SerializeToString()


def test_attributes_stay_right_when_the_caches_turn_over():
    pairs = {f"key{number}": f"value{number}" for number in range(5_000)}
    expected = b"".join(wire.delimited(b"\x0a", pair.SerializeToString()) for pair in reference.attributes(pairs))
    assert wire.attributes(b"\x0a", pairs) == expected
    assert wire.attributes(b"\x0a", pairs) == expected
