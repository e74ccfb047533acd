"""What ``python -m test`` writes is read as it is meant, of all versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.suites.regrtest import pattern_of, read_counts, read_failures, read_report

if TYPE_CHECKING:
    from pathlib import Path

LINE = "=" * 70
TEXT = f"""\
test_one (test.test_x.Case.test_one) ... ok
{LINE}
ERROR: setUpClass (test.test_x.Broken)
----------------------------------------------------------------------
Traceback (most recent call last):

{LINE}
FAIL: test_old (test.test_x.Case)
What it is for.
----------------------------------------------------------------------
{LINE}
FAIL: test_new (test.test_x.Case.test_new)
{LINE}
FAIL: test_sub (test.test_x.Case.test_sub) (kind='a b', n=1)
{LINE}
FAIL: test_said (test.test_x.Case.test_said) [a message] (n=1)
"""
REPORT = """<testsuites><testsuite>
<testcase name="test.test_x.Case.test_one" status="run" result="completed" time="0.1" />
<testcase name="test.test_x.Case.test_twice" status="run" result="completed" />
<testcase name="test.test_x.Case.test_twice"><skipped>no curses</skipped></testcase>
<testcase name="test.test_x.Case.test_fails"><failure type="AssertionError">…</failure></testcase>
<testcase name="test.test_x.Case.test_raises"><error type="OSError">…</error></testcase>
<testcase name="test.test_x.Case.test_expected"><output type="OSError">…</output></testcase>
<testcase name="test.test_x.Case.test_unexpected"><outcome>UNEXPECTED_SUCCESS</outcome></testcase>
<testcase />
</testsuite></testsuites>"""


def test_failures_of_tests_subtests_and_set_ups_are_read_from_the_text() -> None:
    assert read_failures(TEXT) == {
        "test.test_x.Broken.setUpClass": "ERROR",
        "test.test_x.Case.test_old": "FAIL",
        "test.test_x.Case.test_new": "FAIL",
        "test.test_x.Case.test_sub (kind='a b', n=1)": "FAIL",
        "test.test_x.Case.test_said [a message] (n=1)": "FAIL",
    }


def test_the_modules_own_counts_are_read_from_the_text() -> None:
    text = (
        "ok\n\n---\nRan 1 test in 0.123s\n\nOK\nmore\nRan 20 tests in 4.005s\n\nFAILED (failures=1, skipped=4)\nmore\n"
    )
    assert read_counts(text) == ["Ran 1 test: OK", "Ran 20 tests: FAILED (failures=1, skipped=4)"]


def test_each_kind_of_outcome_is_read_from_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert read_report(str(report)) == {
        "test.test_x.Case.test_one": "ok",
        "test.test_x.Case.test_twice": "ok",
        "test.test_x.Case.test_twice#2": "skipped: no curses",
        "test.test_x.Case.test_fails": "FAIL",
        "test.test_x.Case.test_raises": "ERROR",
        "test.test_x.Case.test_expected": "expected failure",
        "test.test_x.Case.test_unexpected": "unexpected success",
    }


def test_a_crash_leaves_no_report(tmp_path: Path) -> None:
    assert read_report(str(tmp_path / "report.xml")) == {}


def test_a_set_up_is_matched_by_all_that_it_sets_up() -> None:
    assert pattern_of("test.test_x.Broken.setUpClass") == "test.test_x.Broken.*"
    assert pattern_of("test.test_x.Case.test_one") == "test.test_x.Case.test_one"
