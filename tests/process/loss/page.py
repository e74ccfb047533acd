"""docs/reference/loss-table.md: what each cell says, and how the tests rewrite it with ``pytest --update-golden``."""

from __future__ import annotations

import fcntl
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "loss-table.md"


def read_cells(protocol: str, text: str) -> dict[tuple[str, str], str]:
    """Give the cells of one protocol's table, by the titles of their row and their column."""
    header, *rows = _table(protocol, text)
    return {(row[0], title): cell for row in rows for title, cell in zip(header[1:], row[1:], strict=True)}


def check_cell(protocol: str, row: str, column: str, value: str, *, is_updating: bool) -> None:
    """Compare a cell with what was measured, or rewrite it.

    Raises:
        AssertionError: the page says something else, or has no such row or column.
    """
    with PAGE.open("r+", encoding="utf-8") as page:
        fcntl.flock(page, fcntl.LOCK_EX)  # several tests rewrite it at a time
        text = page.read()
        said = read_cells(protocol, text).get((row, column))
        if is_updating and said is not None and said != value:
            rewritten = _with_cell(protocol, row, column, value, text)
            page.seek(0)
            page.write(rewritten)
            page.truncate()
            return
    assert said == value, f"{PAGE.name}, {protocol}, {row}, {column}; pytest --update-golden rewrites it"


def _marker(protocol: str) -> str:
    return f"<!-- cells, {protocol} -->\n"


def _table(protocol: str, text: str) -> list[list[str]]:
    lines = text.partition(_marker(protocol))[2].partition("<!--")[0].strip().splitlines()
    return [_cells(line) for line in lines if not line.startswith("|---")]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]


def _with_cell(protocol: str, row: str, column: str, value: str, text: str) -> str:
    before, marker, rest = text.partition(_marker(protocol))
    table, comment, after = rest.partition("<!--")
    place = _table(protocol, text)[0].index(column)
    lines = []
    for line in table.splitlines():
        cells = _cells(line)
        if cells[0] == row:
            cells[place] = value
        lines.append(f"| {' | '.join(cells)} |" if cells[0] == row else line)
    return "".join([before, marker, "\n".join(lines), "\n", comment, after])
