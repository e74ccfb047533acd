"""Tables of texts in columns, without lines: one row per line, each line fits, none ends in blanks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GAP = 2
_NARROWEST = 8


class Column(NamedTuple):
    """A column: its heading, whether it stands at its right, the widest it may be; the elastic one gives way."""

    heading: str
    is_right: bool = False
    widest: int = 1_000
    is_elastic: bool = False


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> Iterator[Text]:
    """Draw a table.

    Args:
        columns: from left to right; one of them is elastic.
        rows: a text for each column.
        width: in columns of the terminal.
    """
    table = [[Text(column.heading, "dim") for column in columns], *[[cell.copy() for cell in row] for row in rows]]
    widths = [min(column.widest, max(row[index].cell_len for row in table)) for index, column in enumerate(columns)]
    elastic = next(index for index, column in enumerate(columns) if column.is_elastic)
    others = sum(widths) - widths[elastic] + _GAP * (len(columns) - 1)
    widths[elastic] = max(_NARROWEST, min(widths[elastic], width - others))
    for row in table:
        line = Text()
        for cell, column, size in zip(row, columns, widths, strict=True):
            cell.truncate(size, overflow="ellipsis")
            (cell.pad_left if column.is_right else cell.pad_right)(size - cell.cell_len)
            line.append_text(cell).append(" " * _GAP)
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
        yield line
