"""Tables of texts."""

from __future__ import annotations

from rich.text import Text

from otelrun.viewer.terminal.columns import Column, lay_out

COLUMNS = (Column("id"), Column("name", is_elastic=True), Column("n", is_right=True, widest=4))


def table(width: int, *rows: tuple[str, str, str]) -> list[str]:
    return [line.plain for line in lay_out(COLUMNS, [[Text(cell) for cell in row] for row in rows], width)]


def test_columns_line_up_by_what_they_hold() -> None:
    assert table(80, ("a", "first", "1"), ("bcd", "2nd", "1000")) == [
        "id   name" + " " * 9 + "n",
        "a    first" + " " * 8 + "1",
        "bcd  2nd" + " " * 7 + "1000",
    ]


def test_the_elastic_column_gives_way() -> None:
    assert table(20, ("a", "a very long name", "1"))[1] == "a   a very long …  1"


def test_wide_characters_take_two_columns_and_no_line_is_wider_than_the_terminal() -> None:
    lines = list(lay_out(COLUMNS, [[Text("漢字"), Text("漢字" * 30), Text("12345678")]], 24))
    assert [line.cell_len <= 24 for line in lines] == [True, True]
    assert lines[1].plain.endswith("123…")
