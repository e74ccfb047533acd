"""Outcomes are read per test, and what differs between two runs is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.suites.junit import differences, read_junit, told, totals

if TYPE_CHECKING:
    from pathlib import Path

REPORT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_plain[x/y.z]" file="tests/test_a.py"/>
<testcase classname="tests.test_a.TestIt.TestIn" name="test_deep" file="tests/test_a.py"><failure message="no"/></testcase>
<testcase classname="tests.test_a" name="test_left_out" file="tests/test_a.py"><skipped type="pytest.skip"/></testcase>
<testcase classname="tests.test_a" name="test_expected" file="tests/test_a.py"><skipped type="pytest.xfail"/></testcase>
<testcase classname="tests.test_a" name="test_torn" file="tests/test_a.py"/>
<testcase classname="tests.test_a" name="test_torn" file="tests/test_a.py"><error message="no"/></testcase>
<testcase classname="" name="tests.test_b"><error message="collection failure"/></testcase>
</testsuite></testsuites>"""


def test_each_test_is_read_under_the_id_that_pytest_takes(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(REPORT)

    outcomes = read_junit(str(path))

    assert outcomes == {
        "tests/test_a.py::test_plain[x/y.z]": "passed",
        "tests/test_a.py::TestIt::TestIn::test_deep": "failed",
        "tests/test_a.py::test_left_out": "skipped",
        "tests/test_a.py::test_expected": "xfailed",
        "tests/test_a.py::test_torn": "passed+error",
        "::tests.test_b": "error",
    }
    assert totals(outcomes) == "1 passed, 1 failed, 1 error, 1 skipped, 1 xfailed, 1 passed+error"


def test_what_differs_or_is_missing_is_told_in_order() -> None:
    bare = {"c": "passed", "a": "passed", "b": "failed"}
    observed = {"c": "failed", "b": "failed", "d": "skipped"}

    found = differences(bare, observed)

    assert found == {"a": ("passed", "not run"), "c": ("passed", "failed"), "d": ("not run", "skipped")}
    assert list(told(found, "differs"))[1] == "  differs: c: bare passed, under otelrun failed"
    assert totals({}) == "no tests"
