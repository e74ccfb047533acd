"""docs/reference/propagation.md has each cell that ``tests/process/propagation/test_ways.py`` runs, and no other."""

from __future__ import annotations

from tests.process.propagation.servers import SERVERS, WAYS
from tests.support.project import read

PAGE = "docs/reference/propagation.md"


def table() -> list[list[str]]:
    lines = read(PAGE).partition("<!-- ways -->")[2].partition("<!-- end -->")[0].strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("|---")]


def test_each_server_has_a_column() -> None:
    assert [title.strip("`") for title in table()[0]] == ["Way", *SERVERS]


def test_each_way_has_a_row_and_each_cell_says_what_the_test_asserts() -> None:
    assert table()[1:] == [[way, *["exact"] * len(SERVERS)] for way in WAYS]
