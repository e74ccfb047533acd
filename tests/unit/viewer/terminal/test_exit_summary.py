"""What is said of a run when its program has ended, as texts that a person has looked at."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from otelrun import stood_down
from otelrun.ring.directory import RunDirectory
from otelrun.store.ingest import StoreWriter
from otelrun.store.rows import PrunedRow
from otelrun.viewer import summary as reading
from otelrun.viewer.summary import Summary, read_summary
from otelrun.viewer.terminal.exit_summary import MOST_LINES, draw, draw_line
from otelrun.viewer.terminal.screen import ASCII, Glyphs, glyphs_for, open_console
from tests.support.shop_trace import CLIENT, MS, SCOPES, SERVER, START_NS, exception, log, placed, span, write_run

if TYPE_CHECKING:
    from pathlib import Path

    from rich.text import Text

    from tests.support.golden import Golden

RUN_ID = "20261124-110000-3f9a"
NOW_NS = START_NS + 1_500 * MS
STACK = """Traceback (most recent call last):
  File "/srv/shop/app.py", line {}, in item
    raise ValueError(item)
ValueError: unlucky item 13
"""


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all be read, however slow the machine; no process of these runs is alive."""
    monkeypatch.setattr(reading, "READING_S", 60.0)
    monkeypatch.setattr(reading, "is_process_alive", lambda *_: False)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(str(tmp_path / "runs" / RUN_ID))


def record(
    run: RunDirectory, records: list[Any], *, service: str = "shop", state: dict[str, Any] | None = None
) -> None:
    """Write a run with one process."""
    os.makedirs(run.path)
    about = {"started_ns": START_NS, "command": ["python"], "service_name": service, "destinations": ["local store"]}
    with open(run.description, "w", encoding="utf-8") as file:
        json.dump(about, file)
    if state is not None:
        with open(f"{run.path}/state.json", "w", encoding="utf-8") as file:
            json.dump(state, file)
    writer = StoreWriter(run.store)
    process = writer.add_process("1-1.ring", 4_194_301, 0, START_NS, {"service.name": service})
    writer.add(process, placed(records), SCOPES.__getitem__)
    writer.close()


def request(number: int, route: str, took_ms: float, *, calls: tuple[float, ...] = (), failure: int = 0) -> list[Any]:
    """Make a request with calls of SQLite; ``failure`` is the line it failed in."""
    trace_id, first = number << 64, number * 100
    events = (exception(1, "ValueError", "unlucky item 13", STACK.format(failure)),) if failure else ()
    names = {
        "http__request__method": "GET",
        "http__route": route,
        "http__response__status_code": 500 if failure else 200,
    }
    status = 2 if failure else 0
    made = [span(first, 0, "GET", (0, took_ms), kind=SERVER, trace_id=trace_id, status=status, events=events, **names)]
    at = 0.0
    for index, call in enumerate(calls, 1):
        times = (at, at + call)
        made.append(span(first + index, first, "SELECT", times, kind=CLIENT, trace_id=trace_id, db__system="sqlite"))
        at += call
    return made


def lines(summary: Summary, width: int = 80, glyphs: Glyphs = Glyphs()) -> list[str]:  # noqa: B008 - it is immutable
    drawn: list[Text] = list(draw(summary, width, glyphs, NOW_NS))
    assert max(cell_len(line.plain) for line in drawn) <= width
    assert len(drawn) <= MOST_LINES
    assert [line.plain for line in drawn if line.plain != line.plain.rstrip()] == []
    return [line.plain for line in drawn]


SHOP = [
    *request(1, "/items/{id}", 1.8, calls=(0.2,)),
    *request(2, "/items/{id}", 4.4, calls=(0.3, 0.3), failure=15),
    log(200, 0.5, "unlucky item 13", severity=17, trace_id=2 << 64),
    *request(3, "/items/{id}", 1.7, calls=(0.2,)),
    *request(4, "/slow", 81, calls=(60,)),
]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("kind", ["piped", "terminal", "no-color", "dumb"])
def test_a_run_in_which_something_failed(run: RunDirectory, golden: Golden, width: int, kind: str) -> None:
    record(run, SHOP)
    environment = {"TERM": "xterm-256color", "COLUMNS": str(width)}
    environment |= {"no-color": {"NO_COLOR": "1"}, "dumb": {"TERM": "dumb"}}.get(kind, {})
    console = open_console(io.StringIO(), environment, is_terminal=kind != "piped")
    for line in draw(read_summary(run), console.width, glyphs_for(console), NOW_NS):
        console.print(line, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)

    golden.check(f"summary/shop-{width}-{kind}.txt", console.file.getvalue())


@pytest.mark.parametrize("width", [80, 120])
def test_a_run_of_many_services_with_something_lost(tmp_path: Path, golden: Golden, width: int) -> None:
    write_run(str(tmp_path))
    summary = read_summary(RunDirectory(str(tmp_path / "runs" / RUN_ID)))

    golden.check(f"summary/services-{width}.txt", "\n".join(lines(summary, width)) + "\n")


def test_a_terminal_without_line_drawing_gets_ascii(run: RunDirectory, golden: Golden) -> None:
    record(run, SHOP)
    text = "\n".join(lines(read_summary(run), 80, ASCII)) + "\n"

    assert text.isascii()
    golden.check("summary/shop-80-ascii.txt", text)


def test_one_line(run: RunDirectory) -> None:
    record(run, SHOP)
    (line,) = draw_line(read_summary(run), 80, Glyphs(), NOW_NS)

    assert line.plain == "otelrun: shop · 1.50 s · 4 requests, 1 failed (app.py:15) · otelrun ui 3f9a"
    (line,) = draw_line(read_summary(run), 120, Glyphs(), NOW_NS)
    assert line.plain == "otelrun: shop · 1.50 s · 4 requests, 1 failed (ValueError at app.py:15) · otelrun ui 3f9a"


def test_where_nothing_failed_and_nothing_is_slow_three_lines_do(run: RunDirectory, golden: Golden) -> None:
    record(run, [*request(1, "/items/{id}", 1.8), *request(2, "/", 0.2), log(0, 1, "started")])
    drawn = lines(read_summary(run))

    assert len(drawn) == 3
    golden.check("summary/calm-80.txt", "\n".join(drawn) + "\n")


def test_what_is_slow_is_worth_a_table(run: RunDirectory) -> None:
    record(run, request(1, "/report", 480, calls=(400,)))

    assert "  GET /report      1       -  480 ms  480 ms  ━───── sqlite 83% app 17%" in lines(read_summary(run))


def test_of_many_endpoints_those_that_failed_and_the_slowest_are_shown(run: RunDirectory, golden: Golden) -> None:
    requests = [request(n, f"/endpoint/{n:c}/list", n, failure=n if n > 110 else 0) for n in range(97, 121)]
    record(run, [record_ for one in requests for record_ in one])
    drawn = lines(read_summary(run))

    assert len(drawn) == MOST_LINES
    golden.check("summary/many-80.txt", "\n".join(drawn) + "\n")


def test_roots_that_are_no_requests_are_calls(run: RunDirectory) -> None:
    record(run, [span(1, 0, "import orders", (0, 900)), span(2, 0, "GET", (0, 9), kind=CLIENT, trace_id=7)])

    headline, calm, look = lines(read_summary(run))
    assert headline == "otelrun: shop · run 3f9a · 1.50 s · 2 calls, none failed"
    assert calm.replace("\u00d7", "x") == "  import orders 1 x 900 ms · GET 1 x 9.00 ms"
    assert look == "  look otelrun ui 3f9a   share otelrun report 3f9a   2 spans"


def test_errors_that_were_logged_are_told_where_nothing_else_failed(run: RunDirectory) -> None:
    errors = [log(0, at, f"cannot write {at}.txt", severity=17) for at in (3, 4)]
    record(run, [log(0, 1, "started"), log(0, 2, "disk almost full", severity=13), *errors])

    assert lines(read_summary(run), 70) == [
        "otelrun: shop · run 3f9a · 1.50 s · 4 logs, 2 errors, 1 warning",
        "  ✗ ERROR shop.orders: cannot write 4.txt   and 1 more",
        "  look otelrun ui 3f9a   share otelrun report 3f9a   4 logs",
    ]


def test_on_a_narrow_terminal_a_command_is_whole_or_not_there(run: RunDirectory) -> None:
    record(run, [log(0, 1, "started")])

    assert lines(read_summary(run), 40)[-1] == "  look otelrun ui 3f9a   1 log"


def test_logs_alone_are_counted(run: RunDirectory) -> None:
    record(run, [log(0, 1, "started"), log(0, 2, "disk almost full", severity=13)])

    assert lines(read_summary(run)) == [
        "otelrun: shop · run 3f9a · 1.50 s · 2 logs, 1 warning",
        "  look otelrun ui 3f9a   share otelrun report 3f9a   2 logs",
    ]


@pytest.mark.parametrize(("status", "said"), [(0, "exit 0"), (3, "exit 3"), (-9, "killed by signal 9")])
def test_the_exit_status_is_said_where_it_is_known(run: RunDirectory, status: int, said: str) -> None:
    record(run, SHOP)

    assert f" · {said} · 4 requests" in lines(read_summary(run, status))[0]


def test_what_was_interrupted_is_said(run: RunDirectory) -> None:
    record(run, [span(1, 0, "GET /cart", (0, 40), kind=SERVER, otelrun__interrupted=True)])

    assert lines(read_summary(run))[0].endswith(" · 1 request, none failed, 1 interrupted")


def test_processes_that_go_on_are_said(run: RunDirectory) -> None:
    record(run, SHOP)

    assert "  1 process of it goes on and is recorded" in lines(read_summary(run)._replace(lives_on=1))
    assert "  3 processes of it go on and are recorded" in lines(read_summary(run)._replace(lives_on=3))


def test_a_run_too_large_to_be_read_in_time_says_how_much_of_it_this_is(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(run, [record_ for n in range(1, 2_001) for record_ in request(n, "/items/{id}", 1.8)])
    monkeypatch.setattr(reading, "READING_S", 0.0)
    drawn = lines(read_summary(run))

    assert drawn[0].startswith("otelrun: shop · run 3f9a · 1.50 s · 1,000 requests, none failed (the first 50")
    assert "  figures of the first 1,000 of 2,000 traces" in drawn


def test_what_is_held_and_what_is_lost_is_a_line_each(run: RunDirectory) -> None:
    destinations = [
        {
            "name": "spans-0",
            "signal": "spans",
            "destination": "http://c",
            "held": 1_200,
            "state": "holding",
            "last_error": "away",
        },
        {
            "name": "logs-0",
            "signal": "logs",
            "destination": "http://d",
            "exported": 1,
            "dropped": 4,
            "reasons": {"HTTP 401": 4},
        },
    ]
    record(run, SHOP, state={"destinations": destinations})
    drawn = lines(read_summary(run))

    held, lost = (line for line in drawn if line.endswith("   otelrun show 3f9a"))
    assert held.startswith("  held 1,200 spans; away; the next otelrun on this machine")
    assert lost.startswith("  lost 4 log records (HTTP 401); check the headers of")


def test_nothing_recorded_says_why_as_far_as_it_is_known(run: RunDirectory, golden: Golden) -> None:
    record(run, [])
    nothing = lines(read_summary(run))
    stood_down.record(
        run.path.encode(), "agent-ddtrace", "not observed by otelrun: ddtrace observes this process already"
    )
    noted = lines(read_summary(run))
    imported = [stood_down.record(run.path.encode(), name, "", stood_down.IMPORTED) for name in ("flask", "jinja2")]
    missing = lines(read_summary(run))
    imported += [stood_down.record(run.path.encode(), name, "", stood_down.IMPORTED) for name in ("redis", "psycopg")]
    many = lines(read_summary(run))

    assert all(imported)
    texts = ["\n".join(one) for one in (nothing, noted, missing, many)]
    golden.check("summary/nothing-80.txt", "\n\n".join(texts) + "\n")


def test_a_run_without_requests_names_what_may_have_served_some(run: RunDirectory) -> None:
    record(run, [log(0, 1, "started")])
    stood_down.record(run.path.encode(), "flask", "", stood_down.IMPORTED)

    assert lines(read_summary(run))[1:3] == [
        "  imported, and not instrumented: flask",
        "  pip install opentelemetry-instrumentation-flask",
    ]


def test_what_the_store_had_no_room_for_is_said(run: RunDirectory) -> None:
    record(run, SHOP)
    summary = read_summary(run)._replace(pruned=PrunedRow(traces=1_200, pruned_ns=1))

    assert "  1,200 traces of it had no room in the store" in lines(summary)


def test_a_run_without_any_file_but_its_description_is_said_too(run: RunDirectory) -> None:
    record(run, [])
    os.unlink(run.store)
    assert lines(read_summary(run))[0] == "otelrun: shop · run 3f9a · 1.50 s · nothing was recorded"


def test_a_run_without_a_store_is_told_by_what_its_agent_has_counted(run: RunDirectory) -> None:
    record(run, [], state={"processes": [{"ring": "1-1.ring", "pid": 1, "recorded": {"spans": 5, "logs": 2}}]})
    os.unlink(run.store)

    assert lines(read_summary(run)) == ["otelrun: shop · run 3f9a · 1.50 s · 5 spans, 2 logs"]


def test_hostile_telemetry_is_shown_as_it_is_and_harmless(run: RunDirectory, golden: Golden) -> None:
    failed = exception(1, "[bold]Error[/]\x1b[31m", "line one\nline two \x1b]0;title\x07 </script>", STACK.format(3))
    records = [
        span(1, 0, "[bold]GET[/bold] \x1b[31mred \u202eevil", (0, 400), kind=SERVER, status=2, events=(failed,)),
        span(2, 1, "q", (1, 3), kind=CLIENT, db__system="\x1b[2J[red]"),
        span(3, 0, "m" * 1_000_000, (0, 2), kind=SERVER, trace_id=3),
        span(4, 0, "漢字" * 100, (0, 2), kind=SERVER, trace_id=4),
        span(5, 0, "", (0, 2), kind=SERVER, trace_id=5),
        log(1, 0.5, "[link=file:///etc/passwd]click[/link] \x1b[2J\r\n\x00" + "x" * 1_000_000, severity=17),
    ]
    record(run, records, service="[u]shop\x1b[31m\n" + "s" * 1_000)
    drawn = lines(read_summary(run))

    assert all(line.isprintable() for line in drawn)
    golden.check("summary/hostile-80.txt", "\n".join(drawn) + "\n")
