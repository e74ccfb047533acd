"""What counts as a difference: what differs each time, not what merely fails now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.suites.comparison import compare, without_consequences
from tests.suites.outcomes import BARE, OBSERVED, Difference, Outcomes, find_differences

if TYPE_CHECKING:
    from collections.abc import Sequence

GOOD = {"test_a": "exit status 0", "test.test_a.C.test_1": "ok", "test.test_a.C.test_2": "skipped: no curses"}
BAD = GOOD | {"test_a": "exit status 2", "test.test_a.C.test_1": "FAIL"}


class Suite:
    """Gives the outcomes that it was told to give, and remembers what it was asked for."""

    def __init__(self, bare: list[Outcomes], observed: list[Outcomes]) -> None:
        self.told = {BARE: bare, OBSERVED: observed}
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def run(self, way: str, only: Sequence[str]) -> Outcomes:
        self.asked.append((way, tuple(only)))
        return self.told[way].pop(0)


def test_the_same_runs_once_each_way_and_is_counted_by_kind() -> None:
    suite = Suite([GOOD], [GOOD])
    comparison = compare("3.12", "test_a", suite.run)
    assert suite.asked == [(BARE, ()), (OBSERVED, ())]
    assert comparison.bare == comparison.observed == {"ok": 1, "skipped": 1}
    assert (comparison.differences, comparison.unsteady) == ([], [])


def test_what_differs_three_times_is_a_difference_and_only_it_runs_again() -> None:
    again = {"test_a": "exit status 0", "test.test_a.C.test_1": "ok"}
    bad_again = {"test_a": "exit status 2", "test.test_a.C.test_1": "FAIL"}
    suite = Suite([GOOD, again, again], [BAD, bad_again, bad_again])
    comparison = compare("3.12", "test_a", suite.run)
    assert suite.asked[2:] == [(BARE, ("test.test_a.C.test_1",)), (OBSERVED, ("test.test_a.C.test_1",))] * 2
    assert comparison.differences == [Difference("test.test_a.C.test_1", "ok", "FAIL")]
    assert comparison.observed == {"FAIL": 1, "skipped": 1}


def test_what_is_the_same_when_it_runs_again_is_unsteady() -> None:
    again = {"test_a": "exit status 0", "test.test_a.C.test_1": "ok"}
    comparison = compare("3.12", "test_a", Suite([GOOD, again], [BAD, again]).run)
    assert comparison.differences == []
    assert comparison.unsteady == [Difference("test.test_a.C.test_1", "ok", "FAIL")]


def test_a_run_that_says_nothing_of_a_test_does_not_acquit_it() -> None:
    nothing = {"test_a": "exit status 4"}
    comparison = compare("3.12", "test_a", Suite([GOOD, nothing, nothing], [BAD, nothing, nothing]).run)
    assert comparison.differences == [Difference("test.test_a.C.test_1", "ok", "FAIL")]


def test_a_failed_subtest_runs_again_as_its_test_and_is_acquitted_by_it() -> None:
    again = {"test_a": "exit status 0", "test.test_a.C.test_1": "ok"}
    bad = {
        "test_a": "exit status 2",
        "test.test_a.C.test_1 (i=1)": "FAIL",
        "test.test_a.C.test_2": "skipped: no curses",
    }
    suite = Suite([GOOD, again], [bad, again])
    comparison = compare("3.12", "test_a", suite.run)
    assert suite.asked[2] == (BARE, ("test.test_a.C.test_1",))
    assert comparison.differences == []
    assert len(comparison.unsteady) == 2


def test_a_difference_of_the_whole_file_runs_it_whole_again() -> None:
    crashed = {"test_a": "killed by SIGSEGV"}
    suite = Suite([GOOD, GOOD, GOOD], [crashed, crashed, crashed])
    comparison = compare("3.12", "test_a", suite.run)
    assert suite.asked[2:] == [(BARE, ()), (OBSERVED, ())] * 2
    assert comparison.differences == [Difference("test_a", "exit status 0", "killed by SIGSEGV")]


def test_an_exit_status_counts_where_no_test_differs() -> None:
    differences = find_differences(GOOD, GOOD | {"test_a": "exit status 3"})
    assert without_consequences(differences, "test_a") == [Difference("test_a", "exit status 0", "exit status 3")]


def test_other_reasons_to_skip_and_tests_that_are_not_there_differ() -> None:
    observed = {"test_a": "exit status 0", "test.test_a.C.test_2": "skipped: no network"}
    assert find_differences(GOOD, observed) == [
        Difference("test.test_a.C.test_1", "ok", "did not run"),
        Difference("test.test_a.C.test_2", "skipped: no curses", "skipped: no network"),
    ]
