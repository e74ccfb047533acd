"""docs/reference/loss-table.md has each cell that ``tests/process/loss/test_table.py`` runs, and in each cell everything."""

from __future__ import annotations

import pytest

from tests.process.loss.cells import CELLS, ENDINGS, ENDPOINTS, GRPC, HTTP
from tests.process.loss.page import PAGE, read_cells


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
def test_each_cell_is_there_and_says_that_everything_arrived(protocol: str) -> None:
    told = read_cells(protocol, PAGE.read_text(encoding="utf-8"))
    expected = {
        (ending.title, endpoint.title): f"{ending.made} {ending.made} {ending.made}"
        for ending, endpoint, its_protocol in CELLS
        if its_protocol == protocol
    }
    assert {place: cell for place, cell in told.items() if cell} == expected


def test_the_rival_is_quoted_for_each_ending_and_each_endpoint() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for each in (*ENDINGS, *ENDPOINTS):
        assert f"| {each.title} | {each.rival} |" in lines
