"""docs/reference/transparency.md lists what a program may see of otelrun as ``tests/process/fidelity/allowed.py`` has it."""

from __future__ import annotations

from tests.process.fidelity.allowed import ALLOWED
from tests.process.fidelity.table import ROWS
from tests.support.project import read


def test_the_page_lists_each_difference_that_is_allowed_and_no_other() -> None:
    text = read("docs/reference/transparency.md")
    listed = text.partition("<!-- differences -->\n")[2].partition("<!-- end -->")[0].strip().splitlines()

    table = ["| A program can see | Why |", "|---|---|", *(f"| {each.what} | {each.why} |" for each in ALLOWED)]

    assert listed == table


def test_names_of_rows_are_unlike() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    assert sum(not row.is_full_only for row in ROWS) >= 150
