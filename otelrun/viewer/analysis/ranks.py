"""Whether two sets of durations differ by more than chance: the rank test of Mann, Whitney and Wilcoxon. Pure.

Ranks and not means: one slow call, as the first one mostly is, weighs no more than one call.
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def chance(one: Sequence[int], other: Sequence[int]) -> float:
    """Give the probability that two samples of the same thing differ at least as much, from 0 to 1.

    By the normal approximation, with corrections for ties and for continuity; good enough from five values on.

    Args:
        one: values in any order; at least one.
        other: likewise.
    """
    first, second = len(one), len(other)
    total = first + second
    rank_sum, ties = _ranks(one, other)
    expected = first * (total + 1) / 2
    variance = first * second / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    distance = max(0.0, abs(rank_sum - expected) - 0.5)
    return erfc(distance / sqrt(2 * variance))


def _ranks(one: Sequence[int], other: Sequence[int]) -> tuple[float, int]:
    """Give the sum of the ranks that the first sample has among all, and the tie correction."""
    ordered = sorted([(value, True) for value in one] + [(value, False) for value in other])
    rank_sum, ties, at = 0.0, 0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        size = end - at
        rank_sum += sum(is_first for _, is_first in ordered[at:end]) * (at + 1 + end) / 2
        ties += size**3 - size
        at = end
    return rank_sum, ties
