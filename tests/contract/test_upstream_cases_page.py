"""The page of upstream's test cases names tests that there are, and says of each case what otelrun does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reference" / "upstream-cases.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| case")
]
NAMED = sorted({found for *_, tests in ROWS for found in re.findall(r"`(\S+?\.py::test_\w+)`", tests)})


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_is_there(name):
    file, _, function = name.partition("::")
    text = (TESTS / file).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {function}\(", text, re.MULTILINE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_case_has_an_answer_and_a_test_or_a_reason(row):
    _, verdict, reason, tests = row
    assert verdict in ("same", "better", "other", "not here")
    assert reason or verdict == "same"
    assert tests or verdict == "not here"


def test_enough_cases_are_answered():
    assert len(ROWS) > 60
    assert len(NAMED) > 50
