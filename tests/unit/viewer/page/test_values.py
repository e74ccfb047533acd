"""How telemetry's values become a document's."""

from __future__ import annotations

import pytest

from otelrun.viewer.page.values import LONGEST_TEXT, Interned, value_of


@pytest.mark.parametrize("value", ["text", "x" * LONGEST_TEXT, True, None, 1.5, 2**53, -(2**53), ["a", 1], {"a": [{}]}])
def test_what_javascript_reads_as_it_is_stays_so(value):
    assert value_of(value) == value


def test_too_long_a_text_is_cut_with_its_length_wherever_it_stands():
    cut = {"cut": "x" * LONGEST_TEXT, "length": 1_000_000}
    assert value_of("x" * 1_000_000) == cut
    assert value_of({"a": ["x" * 1_000_000]}) == {"a": [cut]}


def test_too_large_an_integer_is_its_digits():
    assert value_of([2**53 + 1, -(2**63)]) == ["9007199254740993", "-9223372036854775808"]


def test_a_float_that_is_no_number_is_a_text():
    assert value_of([float("inf"), float("nan")]) == ["inf", "nan"]


def test_texts_are_numbered_once():
    strings = Interned()
    assert [strings.number(text) for text in ("a", "b", "a")] == [0, 1, 0]
    assert strings.texts() == ["a", "b"]
