"""Cleaning takes anything and gives builtin values that OTLP can hold."""

from __future__ import annotations

from collections import UserDict, UserList

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelrun.pipeline.attributes import add, clean, clean_value, text_of

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.just(object())
    | st.just({1}),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


def is_clean(value):
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 63
    if type(value) is tuple:
        return all(map(is_clean, value))
    if type(value) is dict:
        return all(type(key) is str and key and is_clean(item) for key, item in value.items())
    return value is None or type(value) in (str, bool, float, bytes)


@given(ANYTHING)
def test_every_value_becomes_clean(value):
    assert is_clean(clean_value(value))


@given(
    st.dictionaries(st.text() | st.integers() | st.none(), ANYTHING), st.integers(0, 5), st.none() | st.integers(0, 4)
)
def test_what_is_kept_and_what_is_dropped_add_up(attributes, count, length):
    kept = {}
    dropped = add(kept, attributes, count, length)
    assert is_clean(kept)
    assert len(kept) <= count
    assert len({str(key) for key in attributes}) <= len(kept) + dropped <= len(attributes)


@pytest.mark.parametrize("mapping", [UserDict(a=1), {"a": 1}])
def test_any_mapping_is_taken(mapping):
    assert clean(mapping, 10) == ({"a": 1}, 0)


@pytest.mark.parametrize("nonsense", [5, "text", [("a", 1)], object()])
def test_what_is_no_mapping_is_ignored(nonsense):
    assert clean(nonsense, 10) == ({}, 0)


def test_any_sequence_is_taken():
    assert clean_value(UserList([1, UserList("ab")])) == (1, ("a", "b"))
    assert clean_value(range(3)) == (0, 1, 2)


def test_text_of_what_cannot_be_text():
    class Bad:
        def __str__(self):
            raise ZeroDivisionError

    assert text_of(Bad()) == "<Bad>"
