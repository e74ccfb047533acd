"""Order, bounds and form of what is told."""

from __future__ import annotations

import pytest

from otelrun.errors import ProfileError
from otelrun.profile.problems import Position, Problems, fatal, quote


def test_mistakes_are_told_in_the_order_of_lines_and_once():
    problems = Problems()
    problems.error(Position("p", 10, 1), "b", "x")
    problems.error(Position("p", 2, 1), "a", "x")
    problems.error(Position("p", 10, 1), "b", "x")
    with pytest.raises(ProfileError) as caught:
        problems.raise_errors()
    assert caught.value.problems == ("p:2:1 a: x", "p:10:1 b: x")


def test_very_many_mistakes_are_cut():
    problems = Problems()
    for line in range(1, 101):
        problems.error(Position("p", line, 1), "", "x")
    told = problems.as_error().problems
    assert (len(told), told[-1]) == (51, "… and 50 more")


def test_warnings_end_with_notes():
    problems = Problems()
    problems.note("n")
    problems.note("n")
    problems.warn(Position("p", 1, 1), "", "w")
    assert problems.warnings == ("p:1:1: w", "n")


def test_without_mistakes_nothing_is_raised():
    Problems().raise_errors()


def test_a_fatal_mistake_has_a_place():
    assert fatal(Position("p", 1, 2), "x").problems == ("p:1:2: x",)


def test_a_long_quote_is_cut_and_printable():
    assert quote("a\n" + "b" * 100) == "'a\\n" + "b" * 57 + "…'"
