"""docs/reference/cpython-tests.md has each file of CPython's tests that has to say the same, and each known difference."""

from __future__ import annotations

from tests.suites.cpython import CI_FILES, FILES, VERSIONS
from tests.suites.cpython_known import KNOWN
from tests.suites.outcomes import OBSERVED
from tests.support.project import read

PAGE = "docs/reference/cpython-tests.md"


def rows() -> dict[str, tuple[str, ...]]:
    lines = read(PAGE).partition("## Outcomes")[2].splitlines()
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line.startswith("| test_")]
    return {file: outcomes for file, *outcomes in cells}


def test_each_file_is_there_with_outcomes_of_each_version() -> None:
    told = rows()
    assert sorted(told) == sorted(FILES)
    assert all(len(outcomes) == len(VERSIONS) and all(outcomes) for outcomes in told.values())
    assert set(CI_FILES) <= set(FILES)


def test_outcomes_differ_only_where_that_is_known() -> None:
    differing = {file for file, outcomes in rows().items() if any(OBSERVED in outcome for outcome in outcomes)}
    assert differing <= {known.file for known in KNOWN}


def test_each_known_difference_is_explained() -> None:
    lines = read(PAGE).splitlines()
    for known in KNOWN:
        tests = ", ".join(f"`{test}`" for test in known.tests)
        assert f"| {known.file} | {tests} | {', '.join(known.versions)} | {known.reason} |" in lines
