"""The rank test says how likely a difference is by chance."""

from __future__ import annotations

import random

import pytest

from otelrun.viewer.analysis.ranks import chance


def test_the_same_values_differ_by_chance() -> None:
    assert chance([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]) == pytest.approx(1.0)
    assert chance([7] * 10, [7] * 10) == 1.0
    assert chance([1], [2]) > 0.3


def test_what_lies_apart_does_not() -> None:
    assert chance(range(10), range(100, 110)) < 0.001
    assert chance(range(5), range(100, 105)) < 0.02


def test_it_is_the_same_either_way_round() -> None:
    one, other = [3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]
    assert chance(one, other) == pytest.approx(chance(other, one))


def test_one_slow_call_does_not_weigh_more_than_one_call() -> None:
    quick = [100 + n for n in range(20)]
    assert chance(quick, [*quick[:-1], 1_000_000]) > 0.5


def test_it_agrees_with_a_known_example() -> None:
    # 19, 22, 16, 29, 24 against 20, 11, 17, 12: U = 17 of 20; p = 0.11 with the corrections
    assert chance([19, 22, 16, 29, 24], [20, 11, 17, 12]) == pytest.approx(0.1113, abs=0.002)


def test_noise_is_rarely_taken_for_a_difference() -> None:
    generator = random.Random(7)
    found = sum(
        chance(
            [generator.randrange(1_000, 2_000) for _ in range(30)],
            [generator.randrange(1_000, 2_000) for _ in range(30)],
        )
        < 0.01
        for _ in range(500)
    )
    assert found < 15
