"""What ``otelrun tail`` prints, as texts that a person has looked at."""

from __future__ import annotations

import io
import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from otelrun.store.queries import open_store
from otelrun.viewer.tail import Happening, Tail, Wanted
from otelrun.viewer.tail_lines import json_lines, logfmt_lines
from otelrun.viewer.terminal.screen import ASCII, Glyphs, glyphs_for, open_console
from otelrun.viewer.terminal.tail_text import TailDrawing
from tests.support.shop_trace import CLIENT, MS, SERVER, START_NS, log, span
from tests.support.two_releases import AFTER, request, write_made_run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.golden import Golden

NOW_NS = START_NS + 3_600_000 * MS


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def morning() -> list[list[Any]]:
    """Make what two workers of the shop recorded: requests of all kinds, and what was logged around them."""
    usual = [one for number in range(12) for one in request(number, "/items/{id}", 1.8, queries=4)]
    failing = request(20, "/items/{id}", 4.4, status=500, queries=4)
    slow = request(21, "/items/{id}", 81)
    missing = request(22, "/a/page/that/nobody/has/written/so/far/and/that/has/a/long/name", 0.9, status=404)
    interrupted = span(
        1, 0, "POST /orders", (500, 900), kind=SERVER, trace_id=7, otelrun__interrupted=True, user__id="mara"
    )
    job = span(3, 0, "nightly job", (700, 1_900), trace_id=8)
    called = [
        span(4, 3, "PUBLISH", (710, 711), kind=CLIENT, trace_id=8, messaging__system="kafka"),
        span(5, 3, "GET", (720, 730), kind=CLIENT, trace_id=8, http__request__method="GET"),
    ]
    outside = log(0, 450, "only 3 % of the disk are free", severity=13)
    return [[*usual, *failing, outside], [*slow, *missing, interrupted, *called, job]]


def happened(tmp_path: Path, processes: list[list[Any]], wanted: Wanted = Wanted()) -> list[Happening]:  # noqa: B008 - frozen
    directory = write_made_run(str(tmp_path), AFTER, processes)
    with open_store(f"{directory}/store.db") as reader:
        return Tail(wanted).update(reader, NOW_NS, is_over=True)


def drawn(found: list[Happening], width: int, glyphs: Glyphs) -> list[str]:
    drawing = TailDrawing(width, glyphs)
    return [line.plain.rstrip() for one in found for line in drawing.lines(one)]


@pytest.mark.parametrize("width", [80, 120])
def test_a_morning_in_the_shop(tmp_path: Path, golden: Golden, width: int) -> None:
    lines = drawn(happened(tmp_path, morning()), width, Glyphs())
    assert max(map(cell_len, lines)) <= width
    golden.check(f"tail/morning-{width}.txt", "\n".join(lines) + "\n")


def test_without_line_drawing_characters(tmp_path: Path, golden: Golden) -> None:
    lines = drawn(happened(tmp_path, morning()), 80, ASCII)
    assert all(line.translate({ord("µ"): "u", ord("…"): "~"}).isascii() for line in lines)
    golden.check("tail/morning-80-ascii.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize(("name", "variables"), [("terminal", {}), ("no-color", {"NO_COLOR": "1"})])
def test_the_terminal_has_colours_unless_they_are_not_wanted(
    tmp_path: Path, golden: Golden, name: str, variables: dict[str, str]
) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    file = Terminal()
    console = open_console(file, {"COLUMNS": "80", "TERM": "xterm-256color", **variables})
    drawing = TailDrawing(console.width, glyphs_for(console))
    for one in happened(tmp_path, morning(), Wanted(has_errors=True)):
        for line in drawing.lines(one):
            console.print(line, soft_wrap=True)
    golden.check(f"tail/errors-80-{name}.txt", file.getvalue().replace("\x1b", "␛"))


def test_attributes_that_were_asked_for_stand_below(tmp_path: Path) -> None:
    found = happened(tmp_path, morning(), Wanted(slower_than_ns=300 * MS, attributes=("user.id", "http.route")))
    lines = drawn(found, 80, Glyphs())
    assert [line.split() for line in lines[:2]] == [
        ["10:00:00.90", "-", "POST", "/orders", "400", "ms", "interrupted"],
        ["user.id=mara"],
    ]


def test_more_log_lines_than_fit_are_counted(tmp_path: Path) -> None:
    whole = request(1, "/a", 5)
    logs = [log(1_001, 21 + n / 10, f"line {n}", severity=13, trace_id=whole[0].trace_id) for n in range(9)]
    lines = drawn(happened(tmp_path, [[*logs, *whole]]), 80, Glyphs())
    assert len(lines) == 7
    assert lines[-1].strip() == "and 4 more log lines: otelrun show 00000010"


def test_foreign_text_is_harmless_and_fits(tmp_path: Path) -> None:
    evil = "\x1b[2J\x9b31m[bold]\r\n\u202e漢字" * 40
    records = [
        log(1, 0.5, evil, severity=17, trace_id=5),
        span(1, 0, evil, (0, 1), kind=SERVER, status=2, message=evil, trace_id=5, rpc__response__status_code=evil),
    ]
    found = happened(tmp_path, [records], Wanted(attributes=("rpc.response.status_code",)))
    lines = drawn(found, 80, Glyphs())
    assert all(line.isprintable() for line in lines)
    assert max(map(cell_len, lines)) <= 80
    for make in (json_lines, logfmt_lines):
        assert all(line.isascii() and line.isprintable() for one in found for line in make(one, "r"))


def test_json_has_one_object_for_each_request_with_its_log_lines(tmp_path: Path) -> None:
    found = happened(tmp_path, morning(), Wanted(has_errors=True, attributes=("http.route",)))
    (document,) = [json.loads(line) for one in found for line in json_lines(one, AFTER)]
    assert document["logs"][0]["body"] == "cannot sell 20"
    assert {name: document[name] for name in ("type", "run", "time", "status", "failed", "calls", "attributes")} == {
        "type": "request",
        "run": AFTER,
        "time": "2026-11-24T10:00:00.404400Z",
        "status": "500",
        "failed": True,
        "calls": {"sqlite": 4},
        "attributes": {"http.route": "/items/{id}"},
    }
    assert (document["location"], document["times_median"]) == ("app.py:15 in item", None)


def test_logfmt_has_a_line_for_each_request_and_each_log_record(tmp_path: Path) -> None:
    found = happened(tmp_path, morning(), Wanted(has_errors=True, attributes=("http.route",)))
    request_line, log_line = (line for one in found for line in logfmt_lines(one, AFTER))
    pairs = dict(pair.split("=", 1) for pair in shlex.split(request_line))
    assert pairs["failure"] == "ValueError: unlucky item 13"
    assert (pairs["calls.sqlite"], pairs["http.route"], pairs["failed"]) == ("4", "/items/{id}", "true")
    assert 'body="cannot sell 20"' in log_line
    assert f"trace_id={pairs['trace_id']}" in log_line
