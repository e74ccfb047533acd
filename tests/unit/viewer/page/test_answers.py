"""The documents of recorded runs."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from otelrun.errors import StoreError
from otelrun.ring.record import Scope
from otelrun.store import schema
from otelrun.store.ingest import StoreWriter
from otelrun.viewer.page.answers import Answers
from otelrun.viewer.page.routes import route_of
from tests.support.shop_trace import (
    FAST_TRACE_ID,
    MS,
    SCOPES,
    START_NS,
    TRACE_ID,
    description,
    log,
    placed,
    span,
    write_run,
)

if TYPE_CHECKING:
    from pathlib import Path

RUN = "20261124-110000-3f9a"
FAILED, QUICK = f"{TRACE_ID:032x}", f"{FAST_TRACE_ID:032x}"
NOW_NS = START_NS + 3_600 * 1_000 * MS


class Page:
    """What the page would see."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.answers = Answers(self.root, now_ns=lambda: NOW_NS)

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        route = route_of("GET", path)
        assert route is not None
        answer = self.answers.answer(route)
        json.dumps(answer.document, allow_nan=False)
        return answer.status, answer.document

    def of_run(self, rest: str = "") -> dict[str, Any]:
        status, document = self.ask(f"/api/run/{RUN}{rest}")
        assert status == 200, document
        return document

    def query(self, body: bytes) -> tuple[int, dict[str, Any]]:
        route = route_of("POST", f"/api/run/{RUN}/sql")
        assert route is not None
        answer = self.answers.answer(route, body)
        return answer.status, answer.document


@pytest.fixture
def shop(tmp_path: Path) -> Page:
    write_run(str(tmp_path), RUN)
    return Page(tmp_path)


def rows_of(document: dict[str, Any], interned: tuple[str, ...]) -> list[dict[str, Any]]:
    """Turn columns back into rows, numbers of texts into texts."""
    strings, columns = document["strings"], document["columns"]
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [{name: strings[value] if name in interned else value for name, value in row.items()} for row in rows]


def test_runs_are_listed_with_the_newest_as_the_one_to_begin_with(shop):
    write_run(shop.root, "20261123-110000-77b1")
    _, document = shop.ask("/api/runs")
    assert document["default"] == RUN
    assert [run["short"] for run in document["runs"]] == ["3f9a", "77b1"]
    assert document["runs"][0] == {
        "id": RUN,
        "short": "3f9a",
        "service": "shop",
        "command": "python docs/examples/shop/shop.py",
        "state": "ended",
        "started_ms": START_NS // MS,
        "duration_ns": 1_520 * MS,
        "spans": 8,
        "errors": 4,
        "logs": 4,
        "traces": 2,
        "problem": "",
    }


def test_the_run_to_begin_with_can_be_chosen(shop):
    write_run(shop.root, "20261123-110000-77b1")
    for chosen, default in (("20261123-110000-77b1", "20261123-110000-77b1"), ("removed", RUN)):
        assert Answers(shop.root, chosen).answer(route_of("GET", "/api/runs")).document["default"] == default


def test_a_run_with_what_became_of_it(shop):
    document = shop.of_run()
    assert document["totals"] == {
        "processes": 3,
        "traces": 2,
        "spans": 8,
        "errors": 4,
        "logs": 4,
        "metrics": 2,
        "metric_points": 2,
    }
    assert document["started_ns"] == str(START_NS)
    assert document["command"] == ["python", "docs/examples/shop/shop.py"]
    assert document["arrival"][1] == {
        "destination": "http://localhost:4318",
        "signal": "logs",
        "state": "",
        "exported": 0,
        "held": 4,
        "dropped": 0,
        "reasons": {},
        "last_error": "connection refused",
    }
    assert document["lost"] == {"logs: no room": 2, "records: damaged": 1}
    assert document["notes"] == [{"slug": "no-tls", "text": "sending without TLS", "times": 1}]
    assert document["can_sql"] is True
    assert document["store"].endswith("store.db")


def test_requests_come_in_columns_and_only_once(shop):
    document = shop.of_run("/requests?after=0")
    rows = rows_of(document, ("endpoint", "service", "kind", "status", "failure"))
    assert document["is_complete"] is True
    assert sorted((row["endpoint"], row["service"], row["kind"], row["status"], row["flags"]) for row in rows) == [
        ("GET /health", "shop", "server", "200", 0),
        ("GET /stock/durian", "stock", "server", "200", 0),
        ("POST /orders", "shop", "server", "500", 1),
        ("shop.Pricing/Quote", "pricing", "server", "UNKNOWN", 1),
    ]
    order = next(row for row in rows if row["endpoint"] == "POST /orders")
    assert (order["trace"], order["span"], order["start"], order["duration"]) == (FAILED, f"{0xA1:016x}", 0, 48_200_000)
    assert (order["spans"], order["logs"], order["pid"]) == (7, 4, 4_194_301)
    assert order["failure"] == "ValueError: no price for 'durian'"
    names = [document["strings"][number] for number in order["time_in"][::2]]
    assert (names[0], sum(order["time_in"][1::2])) == ("app", 48_200_000)
    again = shop.of_run(f"/requests?after={document['sequence']}")
    assert (again["columns"]["trace"], again["sequence"], again["is_complete"]) == ([], document["sequence"], True)


def test_a_sequence_of_another_server_begins_anew(shop):
    assert len(shop.of_run("/requests?after=999999")["columns"]["trace"]) == 4


def test_a_trace_with_its_logs(shop):
    document = shop.of_run(f"/trace/{FAILED}")
    assert (document["trace"], document["start"], document["duration"]) == (FAILED, 0, 48_200_000)
    assert len(document["spans"]) == 7
    first = document["spans"][0]
    assert (first["id"], first["parent"], first["kind"], first["category"]) == (f"{0xA1:016x}", "", "server", "app")
    quote = next(one for one in document["spans"] if one["id"] == f"{0xA4:016x}")
    assert (quote["category"], quote["status"], quote["parent"]) == ("grpc", "error", f"{0xA1:016x}")
    (event,) = next(one for one in document["spans"] if one["id"] == f"{0xC2:016x}")["events"]
    assert (event["name"], event["time"]) == ("exception", 36_100_000)
    assert [one["body"] for one in document["logs"]][:2] == ["order 17 received", "1 durian left"]
    assert document["logs"][1]["severity"] == "WARNING"


def test_what_is_not_there_is_told(shop):
    for path in ("/trace/" + "0" * 32, "/log/1", "/trace/4bf9"):
        status, document = shop.ask(f"/api/run/{RUN}{path}")
        assert (status, document["slug"]) == (404, "not-found")
    status, document = shop.ask("/api/run/20000101-000000-0000/requests")
    assert (status, document["slug"]) == (404, "not-found")
    assert "otelrun runs" in document["error"]
    assert shop.ask("/api/report")[0] == 404


def test_failures_are_grouped(shop):
    (failure,) = shop.of_run("/errors")["failures"]
    assert (failure["type"], failure["location"], failure["count"]) == ("ValueError", "pricing.py:63 in quote", 1)
    assert [frame["is_own"] for frame in failure["frames"]] == [True, True, False]
    assert failure["frames"][1]["code"] == 'raise ValueError(f"no price for {item}")'
    assert failure["stack"].startswith("Traceback")
    assert failure["trace"] == FAILED
    assert failure["times"] == [failure["last"]]


def test_log_records_come_by_their_time_and_only_once(shop):
    document = shop.of_run("/logs?after=")
    rows = rows_of(document, ("severity", "logger", "service"))
    assert [row["body"] for row in rows] == [
        "order 17 received",
        "1 durian left",
        "quote for durian",
        "order 17 failed",
    ]
    assert rows[3] | {"id": ""} == {
        "id": "",
        "time": 38_900_000,
        "level": 17,
        "severity": "ERROR",
        "logger": "shop.orders",
        "service": "shop",
        "pid": 4_194_301,
        "body": "order 17 failed",
        "trace": FAILED,
        "span": f"{0xA1:016x}",
        "has_more": 0,
    }
    assert shop.of_run(f"/logs?after={document['cursor']}")["columns"]["id"] == []
    first = shop.of_run("/logs?after=0&limit=3")
    assert (len(first["columns"]["id"]), first["is_complete"], first["cursor"]) == (3, False, "3")
    one = shop.of_run(f"/log/{rows[3]['id']}")
    assert (one["body"], one["attributes"], one["level"]) == ("order 17 failed", {}, 17)


def test_metrics_with_their_points(shop):
    counter, histogram = sorted(shop.of_run("/metrics")["metrics"], key=lambda metric: metric["instrument"])
    assert (counter["name"], counter["unit"], counter["is_runtime"]) == ("orders", "1", False)
    assert counter["series"][0]["values"] == [3]
    assert counter["series"][0]["times"] == [70 * MS]
    series = histogram["series"][0]
    assert (series["boundaries"], series["counts"], series["count"]) == ([0.01, 0.1], [[1, 1, 0]], [2])
    assert (series["sum"], series["min"], series["max"]) == ([0.051], [0.002], [0.049])


def test_a_value_that_is_no_number_is_none(shop):
    connection = sqlite3.connect(os.path.join(shop.root, "runs", RUN, "store.db"))
    connection.execute("UPDATE metric_point SET value = 9e999, counts = '[NaN]'")
    connection.execute("UPDATE span SET attributes = '{\"x\": NaN}'")
    connection.commit()
    connection.close()
    counter, histogram = sorted(shop.of_run("/metrics")["metrics"], key=lambda metric: metric["instrument"])
    assert (counter["series"][0]["values"], histogram["series"][0]["counts"]) == ([None], [["nan"]])
    assert shop.of_run(f"/trace/{FAILED}")["spans"][0]["attributes"] == {"x": "nan"}


def test_processes_with_what_they_recorded(shop):
    web, stock, pricing = shop.of_run("/processes")["processes"]
    assert (web["pid"], web["service"], web["command"], web["state"]) == (
        4_194_301,
        "shop",
        "python docs/examples/shop/shop.py",
        "ended",
    )
    assert (web["spans"], web["logs"], stock["spans"], pricing["spans"]) == (5, 2, 1, 2)
    assert (web["start"], web["end"], web["dropped"], web["torn"]) == (0, 1_500 * MS, {"logs": 2}, 1)
    assert web["hooked"] == [
        {"library": "http.server", "by": "otelrun", "state": "hooked", "text": "", "advice": ""},
        {
            "library": "sqlite3",
            "by": "opentelemetry-instrumentation-sqlite3",
            "state": "missing",
            "text": "",
            "advice": "pip install opentelemetry-instrumentation-sqlite3",
        },
    ]


def test_the_schema_with_its_comments(shop):
    document = shop.of_run("/sql")
    by_name = {one["name"]: one for one in document["schema"]}
    assert by_name["requests"]["kind"] == "view"
    assert {"name": "trace_id", "type": "", "comment": ""} in by_name["requests"]["columns"]
    assert by_name["span"]["columns"][3] == {
        "name": "trace_id",
        "type": "TEXT",
        "comment": "32 lower-case hexadecimal digits",
    }
    assert document["saved"][0]["sql"].startswith("SELECT")


def test_queries_are_answered(shop):
    assert shop.query(b'{"sql": "SELECT count(*) AS n FROM span"}') == (
        200,
        {"columns": ["n"], "rows": [[8]], "is_cut": False, "took_ms": pytest.approx(0, abs=5_000)},
    )
    assert shop.query(b'{"sql": "DELETE FROM span"}')[0] == 400
    for body in (b"", b"[]", b"{}", b'{"sql": 1}', b"\xff", b"[" * 100_000):
        status, document = shop.query(body)
        assert (status, "SELECT" in document["error"]) == (400, True)


def test_a_search_finds_traces(shop):
    assert shop.of_run("/search?q=durian")["traces"] == [FAILED]
    assert shop.of_run("/search?q=health") == {"traces": [QUICK], "is_cut": False}
    assert shop.of_run("/search") == {"traces": [], "is_cut": False}


VIEWS = ("", "/requests", "/errors", "/logs", "/metrics", "/processes", "/sql", "/search?q=x")


@pytest.mark.parametrize("view", VIEWS)
def test_a_run_without_a_store_has_every_document(tmp_path, view):
    shutil.rmtree(write_run(str(tmp_path), RUN))
    os.makedirs(tmp_path / "runs" / RUN)
    document = Page(tmp_path).of_run(view)
    assert document.get("can_sql", False) is False
    assert document.get("is_complete", True) is True


@pytest.mark.parametrize("view", VIEWS[1:])
def test_a_store_that_is_damaged_is_told(tmp_path, view):
    directory = write_run(str(tmp_path), RUN)
    with open(os.path.join(directory, "store.db"), "wb") as file:
        file.write(b"no database" * 1000)
    page = Page(tmp_path)
    status, document = page.ask(f"/api/run/{RUN}{view}")
    assert (status, document["slug"]) == (503, "store")
    assert page.ask("/api/runs")[1]["runs"][0]["problem"]
    assert page.of_run()["problem"]


def test_a_store_of_a_newer_otelrun_is_told(shop):
    path = os.path.join(shop.root, "runs", RUN, "store.db")
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    status, document = shop.ask(f"/api/run/{RUN}/requests")
    assert (status, "newer otelrun" in document["error"]) == (503, True)


def test_a_run_that_goes_while_it_is_looked_at_is_told(shop):
    shop.of_run("/requests")
    shutil.rmtree(os.path.join(shop.root, "runs", RUN))
    assert shop.ask(f"/api/run/{RUN}/requests")[0] == 404
    assert shop.ask("/api/runs")[1] == {"runs": [], "default": ""}


class Growing:
    """A run whose store grows."""

    def __init__(self, root: Path) -> None:
        directory = root / "runs" / RUN
        directory.mkdir(parents=True)
        (directory / "run.json").write_text(json.dumps(description(RUN)))
        self.writer = StoreWriter(str(directory / "store.db"))
        self.process = self.writer.add_process("1.ring", 4_194_301, 0, START_NS, {"service.name": "shop"})
        self.writer.commit()
        self.place = 0

    def add(self, *records: Any) -> None:
        self.writer.add(self.process, [(self.place + at, one) for at, one in placed(list(records))], SCOPES.__getitem__)
        self.writer.commit()
        self.place += 1 << 20


@pytest.fixture
def growing(tmp_path):
    run = Growing(tmp_path)
    yield run
    with suppress(StoreError):  # a test may have closed it
        run.writer.close()


def test_a_search_finds_log_records_by_their_own_attributes_where_asked(tmp_path, growing):
    run, page = growing, Page(tmp_path)
    attributes = {"user.id": 42, "shop": "North"}
    run.add(log(0, 1, "alone")._replace(attributes=attributes), log(1, 2, "in a trace")._replace(attributes=attributes))
    run.add(log(1, 3, "another")._replace(attributes={"user.id": 43, "shop": "north"}), log(1, 4, "without"))
    alone, traced, another, _ = page.of_run("/logs")["columns"]["id"]
    assert page.of_run("/search?q=user.id:42&logs=1")["logs"] == [alone, traced]
    assert page.of_run("/search?q=shop:north&logs=1")["logs"] == [alone, traced, another]
    assert page.of_run("/search?q=shop:north%20user.id:43&logs=1")["logs"] == [another]
    assert page.of_run("/search?q=north&logs=1")["logs"] == []


def test_what_comes_later_is_given_next_time_and_nothing_twice(tmp_path, growing):
    run, page = growing, Page(tmp_path)
    assert page.of_run("/requests")["columns"]["trace"] == []
    run.add(span(1, 0, "first", (0, 1), trace_id=1), log(1, 0.5, "one", trace_id=1))
    seen = page.of_run("/requests?after=0")
    lines = page.of_run("/logs?after=0")
    run.add(log(2, 1.5, "two", trace_id=2), span(2, 0, "second", (1, 2), trace_id=2))
    more = page.of_run(f"/requests?after={seen['sequence']}")
    more_lines = page.of_run(f"/logs?after={lines['cursor']}")
    assert [rows_of(one, ("endpoint",))[0]["endpoint"] for one in (seen, more)] == ["first", "second"]
    assert [one["columns"]["body"] for one in (lines, more_lines)] == [["one"], ["two"]]
    other = Page(tmp_path)
    assert len(other.of_run("/requests?after=0")["columns"]["trace"]) == 2
    run.writer.close()


def test_hostile_values_are_given_as_they_are(tmp_path, growing):
    run, page = growing, Page(tmp_path)
    scopes = {**SCOPES, 9: Scope("<b>", "", "", {})}
    hostile = {
        "markup": "</script><img src=x onerror=alert(1)>",
        "ansi": "\x1b[31mred\x1b[0m",
        "nul": "a\x00b",
        "surrogate": "\ud800",
        "big": 2**63 - 1,
        "nested": {"list": [1, {"__proto__": "y"}]},
        "__proto__": "z",
    }
    record = span(1, 0, "<script>\u202e", (0, 1), trace_id=1)._replace(attributes=hostile)
    run.writer.add(run.process, [(0, record), (512, log(1, 0.5, {"a": ["\ud800"]}, trace_id=1))], scopes.get)
    run.writer.commit()
    document = page.of_run(f"/trace/{1:032x}")
    (given,) = document["spans"]
    attributes = given["attributes"]
    assert given["name"] == "<script>\u202e"
    assert attributes["markup"] == hostile["markup"]
    assert attributes["ansi"] == hostile["ansi"]
    assert attributes["big"] == str(2**63 - 1)
    assert attributes["nested"] == {"list": [1, {"__proto__": "y"}]}
    assert document["logs"][0]["body"] == '{"a":["\ud800"]}'
    run.writer.close()
