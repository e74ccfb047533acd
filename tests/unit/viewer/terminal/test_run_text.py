"""What ``otelrun show`` and ``otelrun runs`` draw, as texts that a person has looked at."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from otelrun.ring.directory import RunDirectory
from otelrun.store.ingest import StoreWriter
from otelrun.store.listing import list_run
from otelrun.store.losses import Loss
from otelrun.store.queries import open_store
from otelrun.viewer.document import runs_document, show_document
from otelrun.viewer.facts import RunFacts, View
from otelrun.viewer.known_instrumentations import find_gaps, install_command
from otelrun.viewer.terminal.run_summary import removed, runs_table
from otelrun.viewer.terminal.run_text import draw_run, draw_trace
from otelrun.viewer.terminal.screen import ASCII, glyphs_for, open_console
from tests.support.shop_trace import MS, SCOPES, START_NS, exception, log, placed, span, write_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from tests.support.golden import Golden

NOW_NS = START_NS + 130_000 * MS
RUN_ID = "20261124-110000-3f9a"


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", str(tmp_path))
    time.tzset()


def view_of(tmp_path: Path, *, is_about_trace: bool = False, limit: int = 11) -> View:
    run = RunDirectory(str(tmp_path / "runs" / RUN_ID))
    with open_store(run.store) as store:
        traces = store.traces(limit=limit)
        about = RunFacts(list_run(run), run.store, store.processes(), store.accounts(), store.notes())
        trace = store.trace(traces[0].trace_id) if traces else None
        return View(about, trace, traces[1:], store.logs_outside_traces(limit=20), is_about_trace)


def console_for(width: int, *, is_terminal: bool, **environment: str) -> Console:
    file = Terminal() if is_terminal else io.StringIO()
    return open_console(file, {"COLUMNS": str(width), "TERM": "xterm-256color", **environment})


def printed(console: Console, draw: Callable[..., Any], view: View) -> str:
    for line in draw(view, console.width, glyphs_for(console), NOW_NS):
        console.print(line, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("kind", ["piped", "terminal", "no-color"])
def test_a_run_as_people_see_it(tmp_path: Path, golden: Golden, width: int, kind: str) -> None:
    write_run(str(tmp_path))
    environment = {"NO_COLOR": "1"} if kind == "no-color" else {}
    text = printed(console_for(width, is_terminal=kind != "piped", **environment), draw_run, view_of(tmp_path))

    golden.check(f"show/run-{width}-{kind}.txt", text)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_trace_as_people_see_it(tmp_path: Path, golden: Golden, width: int) -> None:
    write_run(str(tmp_path))
    text = printed(console_for(width, is_terminal=False), draw_trace, view_of(tmp_path, is_about_trace=True))

    assert max(cell_len(line) for line in text.splitlines()[2:]) <= width
    golden.check(f"show/trace-{width}.txt", text)


def test_what_is_piped_has_no_colour_and_no_blanks_at_the_end(tmp_path: Path) -> None:
    write_run(str(tmp_path))
    text = printed(console_for(80, is_terminal=False), draw_run, view_of(tmp_path))

    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_what_is_no_terminal_is_120_columns_wide() -> None:
    assert open_console(io.StringIO(), {}).width == 120


def test_a_terminal_without_line_drawing_gets_ascii(tmp_path: Path, golden: Golden) -> None:
    write_run(str(tmp_path))
    console = console_for(80, is_terminal=False)
    for line in draw_run(view_of(tmp_path), 80, ASCII, NOW_NS):
        console.print(line, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)

    golden.check("show/run-80-ascii.txt", console.file.getvalue())


def write_store(tmp_path: Path, records: list[Any], *, is_ended: bool = True) -> None:
    folder = tmp_path / "runs" / RUN_ID
    folder.mkdir(parents=True)
    writer = StoreWriter(str(folder / "store.db"))
    process = writer.add_process("1-1.ring", 4_194_301, 0, START_NS, {"service.name": "[bold]shop"})
    writer.add(process, placed(records), SCOPES.__getitem__)
    if is_ended:
        writer.end_run(START_NS + 5 * MS)
    writer.close()
    (folder / "run.json").write_text(
        json.dumps({"started_ns": START_NS, "command": ["[red]", "\x1b[2J"], "service_name": "[u]"})
    )


def test_hostile_telemetry_is_shown_as_it_is_and_harmless(tmp_path: Path, golden: Golden) -> None:
    failed = exception(1, "[bold]Error[/]", "line one\nline two \x1b]0;title\x07", "\x1b[31m")
    records = [
        span(
            1,
            0,
            "[bold]GET[/bold] </script> \x1b[31mred \u202eevil",
            (0, 4),
            status=2,
            events=(failed,),
            url__full="\x00" * 99,
        ),
        log(1, 1, "[link=file:///etc/passwd]click[/link] \x1b[2J\r\n\x00"),
        log(1, 2, "m" * 1_000_000),
        log(1, 3, {"deep": [b"\xff", math.nan]}),
        span(2, 1, "n" * 1_000_000, (1, 3)),
        span(3, 1, "漢字" * 100, (2, 3), http__response__status_code="\x1b[31m200"),
        span(4, 1, "", (3, 2)),
        span(5, 99, "orphan", (3, 4)),
    ]
    write_store(tmp_path, records)
    text = printed(console_for(80, is_terminal=False), draw_run, view_of(tmp_path))

    assert text.replace("\n", "").isprintable()
    assert max(cell_len(line) for line in text.splitlines() if " store " not in line) <= 80
    golden.check("show/hostile-80.txt", text.replace(str(tmp_path), "~"))


def test_a_run_with_logs_only_shows_them(tmp_path: Path, golden: Golden) -> None:
    write_store(tmp_path, [log(0, 1, "started"), log(0, 2, "disk almost full", severity=13)])
    golden.check("show/logs-only-80.txt", printed(console_for(80, is_terminal=False), draw_run, view_of(tmp_path)))


def test_spans_in_which_a_process_ended_are_marked(tmp_path: Path, golden: Golden) -> None:
    interrupted = {"otelrun__interrupted": True}
    records = [
        span(1, 0, "GET /cart", (0, 40), kind=1, **interrupted),
        span(2, 1, "query", (3, 40), **interrupted),
        log(2, 5, "about to ask"),
        span(3, 1, "check", (1, 2)),
    ]
    write_store(tmp_path, records)
    golden.check("show/interrupted-80.txt", printed(console_for(80, is_terminal=False), draw_trace, view_of(tmp_path)))


def test_a_run_that_recorded_nothing_says_so(tmp_path: Path, golden: Golden) -> None:
    write_store(tmp_path, [])
    golden.check("show/nothing-80.txt", printed(console_for(80, is_terminal=False), draw_run, view_of(tmp_path)))


def test_a_run_whose_store_could_not_be_written_does_not_say_that_nothing_was_recorded(tmp_path: Path) -> None:
    write_store(tmp_path, [])
    state = {"processes": [{"ring": "1-1.ring", "pid": 1, "recorded": {"logs": 5}}], "ended_ns": START_NS}
    (tmp_path / "runs" / RUN_ID / "state.json").write_text(json.dumps(state))
    view = view_of(tmp_path)
    view = view._replace(facts=view.facts._replace(accounts=view.facts.listing.accounts))
    text = printed(console_for(80, is_terminal=False), draw_run, view)

    assert "  recorded  5 logs\n" in text
    assert "  lost      5 records not in the store (see agent.log beside it)\n" in text
    assert text.endswith("\nIts store could not be written; agent.log in the run's directory says why.\n")


def test_a_run_that_has_notes_alone_says_that_nothing_was_recorded(tmp_path: Path) -> None:
    write_store(tmp_path, [])
    state = {"processes": [{"ring": "1-1.ring", "pid": 1, "recorded": {"notes": 2}}], "ended_ns": START_NS}
    (tmp_path / "runs" / RUN_ID / "state.json").write_text(json.dumps(state))
    view = view_of(tmp_path)
    view = view._replace(facts=view.facts._replace(accounts=view.facts.listing.accounts))
    text = printed(console_for(80, is_terminal=False), draw_run, view)

    assert text.endswith("\nNothing was recorded: the command used nothing that otelrun instruments.\n")


@pytest.mark.parametrize(
    ("libraries", "named"),
    [
        (("flask",), "flask"),
        (("jinja2", "flask", "redis"), "flask, redis"),
        (("jinja2",), "jinja2"),
        (("flask", "redis", "pymongo", "httpx", "pika", "celery"), "celery, flask, httpx, pika, 2 more"),
    ],
)
def test_a_run_with_nothing_recorded_says_what_is_not_instrumented_and_what_installs_it(
    tmp_path: Path, libraries: tuple[str, ...], named: str
) -> None:
    write_store(tmp_path, [])
    view = view_of(tmp_path)
    gaps = find_gaps((), [(library, "", 1) for library in libraries])
    view = view._replace(facts=view.facts._replace(gaps=gaps))
    text = printed(console_for(80, is_terminal=False), draw_run, view)

    command = install_command([gap for gap in gaps if not gap.is_aside] or gaps)
    assert text.endswith(
        f"\nNothing was recorded. Imported and not instrumented: {named}\n  install what is missing: {command}\n"
    )


def test_a_run_whose_agent_was_killed_does_not_say_that_nothing_was_recorded(tmp_path: Path) -> None:
    write_store(tmp_path, [], is_ended=False)
    text = printed(console_for(80, is_terminal=False), draw_run, view_of(tmp_path))

    assert "Nothing was recorded" not in text
    assert text.splitlines()[-3:-1] == [
        "  note      the agent went before the end and has left something unread",
        "            the next otelrun on this machine reads it; at once: otelrun true",
    ]


def test_a_span_that_was_interrupted_says_so(tmp_path: Path) -> None:
    write_store(tmp_path, [span(1, 0, "GET", (1, 3), kind=1, url__path="/slow", otelrun__interrupted=True)])
    account = {"ring": "1-1.ring", "pid": 4_194_301, "recorded": {"logs": 1}, "interrupted": 1}
    (tmp_path / "runs" / RUN_ID / "state.json").write_text(json.dumps({"processes": [account]}))
    view = view_of(tmp_path)
    view = view._replace(facts=view.facts._replace(accounts=view.facts.listing.accounts))
    text = printed(console_for(80, is_terminal=False), draw_run, view)

    assert "  recorded  1 span (1 interrupted) in 1 trace · 0 logs · 0 metrics · 1 process\n" in text
    assert "\nGET interrupted  server · [bold]shop  /slow   " in text
    assert show_document(view)["run"]["counts"] == [
        {"kind": "logs", "recorded": 1, "dropped": 0, "reasons": {}, "interrupted": 0},
        {"kind": "spans", "recorded": 0, "dropped": 0, "reasons": {}, "interrupted": 1},
    ]


def test_a_long_trace_is_cut_in_the_run_and_whole_alone(tmp_path: Path) -> None:
    write_store(tmp_path, [span(n, 1 if n > 1 else 0, f"step {n}", (n, n + 1)) for n in range(1, 301)])
    view = view_of(tmp_path)

    assert "... 240 more lines: otelrun show 4bf92f35" in printed(console_for(80, is_terminal=False), draw_run, view)
    assert printed(console_for(80, is_terminal=False), draw_trace, view).count("step") == 300


def test_ten_of_many_traces_are_listed(tmp_path: Path) -> None:
    write_store(tmp_path, [span(n, 0, "GET", (n, n * 2), trace_id=n << 100, url__path=f"/{n}") for n in range(1, 31)])
    text = printed(console_for(80, is_terminal=False), draw_run, view_of(tmp_path))

    assert "other traces (10 of 29; failed and slow ones first)" in text
    assert text.count("GET  /") == 10


def test_the_table_of_runs(tmp_path: Path, golden: Golden) -> None:
    for run_id in (RUN_ID, "20261123-110000-77b1"):
        write_run(str(tmp_path), run_id)
    listings = [list_run(RunDirectory(str(tmp_path / "runs" / run_id))) for run_id in (RUN_ID, "20261123-110000-77b1")]
    listings = [replace(listing, size=1_300_000) for listing in listings]

    for width in (80, 120):
        text = "\n".join(line.plain for line in runs_table(listings, width, NOW_NS)) + "\n"
        golden.check(f"show/runs-{width}.txt", text)


def test_the_table_of_runs_says_what_is_held_and_lost(tmp_path: Path, golden: Golden) -> None:
    for run_id in (RUN_ID, "20261123-110000-77b1"):
        write_run(str(tmp_path), run_id)
    state = {"destinations": [{"name": "spans-0", "signal": "spans", "held": 1_200, "dropped": 4}]}
    (tmp_path / "runs" / RUN_ID / "state.json").write_text(json.dumps(state))
    listings = [list_run(RunDirectory(str(tmp_path / "runs" / run_id))) for run_id in (RUN_ID, "20261123-110000-77b1")]

    lines = [*runs_table(listings, 80, NOW_NS), *removed(Loss(2, 1_204, 80)), *removed(Loss())]
    golden.check("show/runs-held-80.txt", "\n".join(line.plain for line in lines) + "\n")


def test_the_json_is_plain_and_keeps_its_names(tmp_path: Path) -> None:
    write_run(str(tmp_path))
    view = view_of(tmp_path)
    document = json.loads(json.dumps(show_document(view), allow_nan=False))

    assert set(document) == {"format", "run", "trace", "other_traces", "logs_outside_traces"}
    assert document["trace"]["spans"][1] | {"id": 0} == {
        "id": 0,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00000000000000a2",
        "parent_span_id": "00000000000000a1",
        "name": "check stock",
        "kind": "internal",
        "start_ns": START_NS + MS,
        "end_ns": START_NS + 12_500_000,
        "duration_ns": 11_500_000,
        "status": "unset",
        "status_message": "",
        "attributes": {},
        "service_name": "shop",
        "pid": 4_194_301,
        "scope": "otelrun.instrumentation.http_server",
        "events": [],
        "links": [],
    }
    assert document["run"]["totals"]["errors"] == 4
    assert document["run"]["state"] == "ended"
    assert runs_document([view.facts.listing], Loss())["runs"][0]["run_id"] == RUN_ID
