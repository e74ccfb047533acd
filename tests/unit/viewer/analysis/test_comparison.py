"""Two runs compared: what is slower, what newly fails, what cannot be said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from otelrun.store.queries import open_store
from otelrun.viewer.analysis.comparison import FASTER, GONE, NEW, SAME, SLOWER, TOO_FEW, Comparison, Side, compare
from otelrun.viewer.analysis.digest import entries_of_run
from otelrun.viewer.analysis.failures import failures_of
from tests.support.two_releases import AFTER, BEFORE, first_release, request, second_release, write_made_run

if TYPE_CHECKING:
    from pathlib import Path


def side(directory: str) -> Side:
    with open_store(f"{directory}/store.db") as store:
        return Side(entries_of_run(store), failures_of(store))


def compared(tmp_path: Path, before: list[Any], after: list[Any]) -> Comparison:
    root = str(tmp_path)
    return compare(side(write_made_run(root, BEFORE, [before])), side(write_made_run(root, AFTER, [after])))


def verdicts(comparison: Comparison) -> dict[str, str]:
    return {one.endpoint: one.verdict for one in comparison.endpoints}


def test_each_endpoint_gets_a_verdict_and_what_changed_most_comes_first(tmp_path: Path) -> None:
    comparison = compared(tmp_path, first_release(), second_release())
    assert list(verdicts(comparison).items()) == [
        ("GET /checkout", NEW),
        ("GET /today", SLOWER),
        ("GET /old", GONE),
        ("GET /items/{id}", SAME),
    ]
    assert comparison.is_worse


def test_more_queries_per_request_are_named(tmp_path: Path) -> None:
    today = compared(tmp_path, first_release(), second_release()).endpoints[1]
    (shift,) = today.shifts
    assert (shift.library, shift.calls_before, shift.calls_after) == ("sqlite", 2, 42)
    assert shift.share_before == pytest.approx(0.08, abs=0.02)
    assert shift.share_after == pytest.approx(0.18, abs=0.02)
    assert today.ratio == pytest.approx(9, abs=0.5)


def test_a_failure_is_the_same_though_its_line_has_moved(tmp_path: Path) -> None:
    comparison = compared(
        tmp_path,
        request(1, "/a", 3, status=500, where=(15, "item")),
        request(1, "/a", 3, status=500, where=(99, "item")),
    )
    assert (comparison.new_failures, comparison.gone_failures, comparison.is_worse) == ((), (), False)


def test_new_and_gone_failures_are_told_apart(tmp_path: Path) -> None:
    comparison = compared(tmp_path, request(1, "/a", 3), request(1, "/a", 3, status=500))
    assert [(one.type, one.times) for one in comparison.new_failures] == [("ValueError", 1)]
    assert comparison.gone_failures == ()
    assert comparison.is_worse
    back = compared(tmp_path / "back", request(1, "/a", 3, status=500), request(1, "/a", 3))
    assert [one.type for one in back.gone_failures] == ["ValueError"]
    assert not back.is_worse


def test_of_few_calls_nothing_is_said(tmp_path: Path) -> None:
    before, after = (
        [one for number in range(4) for one in request(number, "/a", took, queries=1)] for took in (2, 200)
    )
    comparison = compared(tmp_path, before, after)
    assert verdicts(comparison) == {"GET /a": TOO_FEW}
    assert not comparison.is_worse
    assert comparison.endpoints[0].shifts == ()


def test_a_little_slower_is_the_same_and_much_quicker_is_told(tmp_path: Path) -> None:
    def many(*pairs: tuple[str, float]) -> list[Any]:
        return [
            one
            for place, (route, took) in enumerate(pairs)
            for number in range(20)
            for one in request(place * 100 + number, route, took + number * 0.001)
        ]

    before = many(("/little", 10), ("/much", 10), ("/tiny", 0.02))
    after = many(("/little", 11), ("/much", 5), ("/tiny", 0.06))
    assert verdicts(compared(tmp_path, before, after)) == {"GET /little": SAME, "GET /much": FASTER, "GET /tiny": SAME}


def test_two_empty_runs_are_equal(tmp_path: Path) -> None:
    assert compared(tmp_path, [], []) == Comparison((), (), ())
