"""What ``otelrun diff`` draws, as texts that a person has looked at."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from otelrun.ring.directory import RunDirectory
from otelrun.store.listing import Listing, list_run
from otelrun.store.queries import open_store
from otelrun.viewer.analysis.comparison import Side, compare
from otelrun.viewer.analysis.digest import entries_of_run
from otelrun.viewer.analysis.failures import failures_of
from otelrun.viewer.diff_document import diff_document
from otelrun.viewer.terminal.diff_text import Pair, draw_diff
from otelrun.viewer.terminal.screen import ASCII, Glyphs, open_console
from tests.support.shop_trace import MS, START_NS
from tests.support.two_releases import AFTER, BEFORE, first_release, request, second_release, write_made_run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.golden import Golden

NOW_NS = START_NS + 130_000 * MS
MOST_LINES = 25


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def side(directory: str) -> tuple[Listing, Side]:
    with open_store(f"{directory}/store.db") as store:
        return list_run(RunDirectory(directory)), Side(entries_of_run(store), failures_of(store))


def pair_of(tmp_path: Path, before: list[Any], after: list[Any]) -> tuple[Pair, Any]:
    first, earlier = side(write_made_run(str(tmp_path), BEFORE, [before]))
    second, later = side(write_made_run(str(tmp_path), AFTER, [after]))
    return Pair(first, second), compare(earlier, later)


def drawn(tmp_path: Path, before: list[Any], after: list[Any], width: int, glyphs: Glyphs | None = None) -> list[str]:
    pair, comparison = pair_of(tmp_path, before, after)
    text = "\n".join(line.plain for line in draw_diff(pair, comparison, width, glyphs or Glyphs(), NOW_NS))
    return text.split("\n")


@pytest.mark.parametrize("width", [80, 120])
def test_two_releases_side_by_side(tmp_path: Path, golden: Golden, width: int) -> None:
    lines = drawn(tmp_path, first_release(), second_release(), width)
    assert len(lines) <= MOST_LINES
    assert max(map(cell_len, lines)) <= width
    golden.check(f"diff/releases-{width}.txt", "\n".join(lines) + "\n")


def test_the_terminal_has_colours_and_the_words_say_the_same(tmp_path: Path, golden: Golden) -> None:
    pair, comparison = pair_of(tmp_path, first_release(), second_release())
    file = Terminal()
    console = open_console(file, {"COLUMNS": "80", "TERM": "xterm-256color"})
    for line in draw_diff(pair, comparison, console.width, Glyphs(), NOW_NS):
        console.print(line, soft_wrap=True)
    golden.check("diff/releases-80-terminal.txt", file.getvalue().replace("\x1b", "␛"))


def test_without_line_drawing_characters(tmp_path: Path, golden: Golden) -> None:
    lines = drawn(tmp_path, first_release(), second_release(), 80, ASCII)
    assert all(line.replace("µ", "u").isascii() for line in lines)
    golden.check("diff/releases-80-ascii.txt", "\n".join(lines) + "\n")


def test_two_equal_runs(tmp_path: Path, golden: Golden) -> None:
    golden.check("diff/equal-80.txt", "\n".join(drawn(tmp_path, first_release(), first_release(), 80)) + "\n")


def test_runs_with_nothing_in_common_and_many_failures_stay_short(tmp_path: Path) -> None:
    def shop(word: str, count: int) -> list[Any]:
        return [
            one
            for number in range(count)
            for one in request(number, f"/{word}/{'x' * number}", 3, status=500 if number % 2 else 200)
        ]

    lines = drawn(tmp_path, shop("before", 40), shop("after", 60), 80)
    assert len(lines) <= MOST_LINES
    assert max(map(cell_len, lines)) <= 80


def test_two_runs_without_anything(tmp_path: Path) -> None:
    lines = drawn(tmp_path, [], [], 80)
    assert lines[3:] == ["Nothing got slower, nothing newly fails.", "", "next: otelrun diff 77b1 3f9a --json"]


def test_hostile_text_is_harmless(tmp_path: Path) -> None:
    lines = drawn(tmp_path, [], request(1, "/\x1b[2J[bold]\n" + "漢" * 300, 3, status=500), 80)
    assert all(line.isprintable() for line in lines)
    assert max(map(cell_len, lines)) <= 80


def test_the_json_says_all_of_it(tmp_path: Path) -> None:
    pair, comparison = pair_of(tmp_path, first_release(), second_release())
    document = json.loads(json.dumps(diff_document(*pair, comparison)))
    assert (document["format"], document["is_worse"]) == (1, True)
    assert [one["verdict"] for one in document["endpoints"]] == ["new", "slower", "gone", "same"]
    today = document["endpoints"][1]
    assert today["before"]["calls"] == 30
    assert today["shifts"][0]["library"] == "sqlite"
    assert document["endpoints"][0]["before"] is None
    assert document["before"]["run_id"] == BEFORE
