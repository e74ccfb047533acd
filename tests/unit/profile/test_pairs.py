"""Lists of name=value."""

from __future__ import annotations

import pytest

from otelrun.profile.pairs import header_name_fault, header_value_fault, parse_pairs


def test_values_are_decoded_and_the_last_of_a_name_counts():
    assert parse_pairs("a=1, b = x%2Cy ,,a=2=3,") == (("a", "2=3"), ("b", "x,y"))


@pytest.mark.parametrize("text", ["a", "=b", "a=1,b"])
def test_what_is_no_pair_is_refused(text):
    with pytest.raises(ValueError, match="has an entry that is no name=value"):
        parse_pairs(text)


def test_a_header_must_be_sendable():
    assert (header_name_fault("X-Key"), header_value_fault("any value")) == ("", "")
    assert header_name_fault("two words") == "is not a header name; write letters, digits and '-'"
    assert header_value_fault("a\r\nb: c") == "has a line end in it; write it on one line"
