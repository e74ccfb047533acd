"""The report of CPython's tests: a table, what differs, and whether that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.suites.comparison import Comparison
from tests.suites.cpython import print_report
from tests.suites.cpython_known import KNOWN, is_known
from tests.suites.outcomes import Difference

if TYPE_CHECKING:
    import pytest

SAME = Comparison("3.12", "test_a", {"skipped": 2, "ok": 7}, {"ok": 7, "skipped": 2})


def test_what_is_the_same_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_report([SAME, Comparison("3.9", "test_a", {"ok": 1}, {"ok": 1})], [("3.9", "test_b")])
    assert capsys.readouterr().out.splitlines() == [
        "| File | 3.9 | 3.12 |",
        "|---|---|---|",
        "| test_a | 1 ok | 7 ok, 2 skipped |",
        "| all | 1 ok | 7 ok, 2 skipped |",
        "3.9 test_b: not in this installation",
    ]


def test_a_difference_fails_the_run_unless_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    known = Difference(KNOWN[0].ids[0], "ok", "FAIL")
    other = Difference("test.test_a.C.test_1", "ok", "FAIL")
    assert is_known(known.test, "3.10")
    assert not is_known(known.test, "3.9")
    assert print_report([Comparison("3.10", "test_httplib", {"ok": 1}, {"FAIL": 1}, [known])], [])
    assert not print_report([Comparison("3.10", "test_a", {"ok": 1}, {"FAIL": 1}, [other])], [])
    said = capsys.readouterr().out
    assert f"3.10 test_httplib: known: {known.test}: bare ok; under otelrun FAIL" in said
    assert "3.10 test_a: DIFFERS: test.test_a.C.test_1: bare ok; under otelrun FAIL" in said
    assert "| test_a | bare 1 ok; under otelrun 1 FAIL |" in said


def test_what_is_unsteady_is_told_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    once = Difference("test.test_a.C.test_1", "ok", "FAIL")
    assert print_report([Comparison("3.10", "test_a", {"ok": 1}, {"FAIL": 1}, [], [once])], [])
    assert "3.10 test_a: unsteady: test.test_a.C.test_1: bare ok; under otelrun FAIL" in capsys.readouterr().out


def test_a_file_that_ran_no_test_is_not_taken_for_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert not print_report([Comparison("3.10", "test_a", {}, {})], [])
    assert "3.10 test_a: RAN NO TEST" in capsys.readouterr().out
