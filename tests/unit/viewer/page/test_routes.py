"""What a request asks for."""

from __future__ import annotations

import pytest

from otelrun.viewer.page.routes import Route, number_in, route_of

RUN = "20261124-110000-3f9a"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("/", Route("static", name="/")),
        ("/page.js", Route("static", name="/page.js")),
        ("/api/runs", Route("runs")),
        ("/api/report", Route("report")),
        (f"/api/run/{RUN}", Route("run", RUN)),
        (f"/api/run/{RUN}/requests?after=7", Route("requests", RUN, query={"after": "7"})),
        (f"/api/run/{RUN}/errors", Route("errors", RUN)),
        (f"/api/run/{RUN}/logs?after=&limit=5", Route("logs", RUN, query={"limit": "5"})),
        (f"/api/run/{RUN}/metrics", Route("metrics", RUN)),
        (f"/api/run/{RUN}/processes", Route("processes", RUN)),
        (f"/api/run/{RUN}/sql", Route("sql", RUN)),
        (f"/api/run/{RUN}/search?q=a%20b", Route("search", RUN, query={"q": "a b"})),
        (f"/api/run/{RUN}/trace/{TRACE}", Route("trace", RUN, TRACE)),
        (f"/api/run/{RUN}/log/8796093022208", Route("log", RUN, "8796093022208")),
    ],
)
def test_each_address_has_its_route(target, route):
    assert route_of("GET", target) == route


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/run/",
        "/api/run/..",
        "/api/run/../x",
        "/api/run/.hidden",
        "/api/run/%2e%2e",
        f"/api/run/{RUN}%2f..%2fx",
        f"/api/run/{RUN}/",
        f"/api/run/{RUN}/store.db",
        f"/api/run/{RUN}/trace/../../x",
        f"/api/run/{RUN}/trace/{TRACE.upper()}",
        f"/api/run/{RUN}/trace/{TRACE}0",
        f"/api/run/{RUN}/log/-1",
        f"/api/run/{RUN}/log/1e3",
        "/api/run/" + "a" * 65,
    ],
)
def test_what_is_not_spelled_so_is_not_there(path):
    route = route_of("GET", path)
    assert route is None or route.kind == "static"
    assert route is None or not path.startswith("/api/")


def test_only_queries_are_posted():
    assert route_of("POST", f"/api/run/{RUN}/sql") == Route("sql-run", RUN)
    for path in ("/", "/api/runs", f"/api/run/{RUN}", f"/api/run/{RUN}/logs", "/api/run/../sql"):
        assert route_of("POST", path) is None


def test_numbers_of_a_query():
    assert number_in({"after": "12"}, "after", 0, 100) == 12
    assert number_in({"after": "120"}, "after", 0, 100) == 100
    for text in ("", "-1", "x", "1.5", "٣", "9" * 400):
        assert number_in({"after": text}, "after", 5, 100) == 5


def test_too_many_fields_are_as_none():
    assert route_of("GET", f"/api/run/{RUN}/logs?" + "&".join(f"a{i}=1" for i in range(50))) == Route("logs", RUN)
