"""Waiting gives the value, and says what it waited for."""

from __future__ import annotations

import pytest

from tests.support.waiting import wait_for


def test_the_first_true_value_is_given() -> None:
    values = iter([0, "", [1]])
    assert wait_for(lambda: next(values), 5) == [1]


def test_a_passed_deadline_names_the_thing_and_the_last_value() -> None:
    with pytest.raises(AssertionError, match=r"not within 0 s: the moon \(last: 0\)"):
        wait_for(lambda: 0, 0, what="the moon")
