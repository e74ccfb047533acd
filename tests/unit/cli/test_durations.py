"""Durations as people type them."""

from __future__ import annotations

import click
import pytest

from otelrun.cli.durations import duration_ns


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("100ms", 100_000_000),
        ("1.5s", 1_500_000_000),
        ("250", 250_000_000),
        (".5 s", 500_000_000),
        ("2min", 120_000_000_000),
        ("40us", 40_000),
        ("40µs", 40_000),
        ("0", 0),
    ],
)
def test_a_number_and_a_unit_are_a_duration(text: str, ns: int) -> None:
    assert duration_ns(text) == ns


@pytest.mark.parametrize("text", ["", "fast", "-1s", "1 hour", "1e9", "1,5s"])
def test_anything_else_is_a_mistake(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration"):
        duration_ns(text)
