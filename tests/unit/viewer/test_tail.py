"""What a tail tells, and when: each request once, what went wrong with it, and what was logged outside of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from otelrun.store.ingest import StoreWriter
from otelrun.store.queries import open_store
from otelrun.viewer.tail import Happening, Outside, Request, Tail, Wanted
from tests.support.shop_trace import MS, SCOPES, SERVER, START_NS, log, placed, span
from tests.support.two_releases import request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW_NS = START_NS + 100 * MS
LATER_NS = START_NS + 60_000 * MS
WANTED = Wanted()


class Growing:
    """A store of two processes, and a tail that follows it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._writer = StoreWriter(path)
        self._place = {1: 0, 2: 0}
        for process in self._place:
            self._writer.add_process(f"{process}.ring", 100 + process, 0, START_NS, {"service.name": "shop"})
        self._writer.commit()

    def add(self, *records: Any, process: int = 1) -> None:
        pairs = [(self._place[process] + place, record) for place, record in placed(list(records))]
        self._place[process] = pairs[-1][0] + 1_000
        self._writer.add(process, pairs, SCOPES.__getitem__)
        self._writer.commit()

    def news(self, tail: Tail, now_ns: int = NOW_NS, *, is_over: bool = False) -> list[Happening]:
        with open_store(self._path) as reader:
            return tail.update(reader, now_ns, is_over=is_over)

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Growing]:
    store = Growing(str(tmp_path / "store.db"))
    yield store
    store.close()


def told(happened: list[Happening]) -> list[str]:
    return [str(one.log.body) if isinstance(one, Outside) else one.entry.endpoint for one in happened]


def only(happened: list[Happening]) -> Request:
    (one,) = happened
    assert isinstance(one, Request)
    return one


def test_each_request_is_told_once_in_the_order_of_their_ends(growing: Growing) -> None:
    tail = Tail(WANTED)
    growing.add(*request(1, "/slow", 30, at_ms=0), *request(2, "/quick", 5, at_ms=1))
    assert told(growing.news(tail)) == ["GET /quick", "GET /slow"]
    assert growing.news(tail) == []
    growing.add(*request(3, "/next", 1), process=2)
    one = only(growing.news(tail))
    assert (one.entry.endpoint, one.service_name, one.pid) == ("GET /next", "shop", 102)


def test_a_request_whose_children_come_later_is_not_told_again(growing: Growing) -> None:
    tail = Tail(WANTED)
    whole = request(1, "/a", 5, queries=2)
    growing.add(whole[-1])
    assert told(growing.news(tail)) == ["GET /a"]
    growing.add(*whole[:-1], process=2)
    assert growing.news(tail) == []


def test_a_failure_has_its_line_of_code_and_its_log_lines(growing: Growing) -> None:
    growing.add(*request(13, "/items/{id}", 4, status=500))
    one = only(growing.news(Tail(WANTED)))
    assert (one.entry.failure, one.location) == ("ValueError: unlucky item 13", "app.py:15 in item")
    assert [entry.body for entry in one.logs] == ["cannot sell 13"]


def test_a_warning_of_a_request_that_went_well_is_told_with_it(growing: Growing) -> None:
    span_of_request = request(1, "/a", 5)[0]
    warning = log(span_of_request.span_id, 21, "nearly", severity=13, trace_id=span_of_request.trace_id)
    tail = Tail(WANTED)
    growing.add(warning, log(span_of_request.span_id, 22, "fine", trace_id=span_of_request.trace_id))
    assert growing.news(tail) == []
    growing.add(span_of_request)
    assert [entry.body for entry in only(growing.news(tail)).logs] == ["nearly"]
    assert growing.news(tail, LATER_NS, is_over=True) == []


def test_what_is_logged_outside_of_requests_is_told_at_once(growing: Growing) -> None:
    tail = Tail(WANTED)
    growing.add(log(0, 1, "disk full", severity=17), log(0, 2, "all well"))
    assert told(growing.news(tail)) == ["disk full"]
    assert growing.news(tail) == []


def test_a_log_line_does_not_wait_for_ever_for_its_request(growing: Growing) -> None:
    tail = Tail(WANTED)
    growing.add(log(1, 10, "stuck", severity=13))
    assert growing.news(tail, NOW_NS) == []
    assert told(growing.news(tail, LATER_NS)) == ["stuck"]
    assert growing.news(tail, LATER_NS, is_over=True) == []


def test_at_the_end_spans_whose_parents_never_came_are_told(growing: Growing) -> None:
    tail = Tail(WANTED)
    growing.add(span(5, 4, "orphan", (0, 1), trace_id=9))
    assert growing.news(tail) == []
    assert told(growing.news(tail, is_over=True)) == ["orphan"]


def test_only_errors_are_told_where_only_they_are_wanted(growing: Growing) -> None:
    growing.add(
        *request(1, "/a", 5),
        *request(2, "/b", 5, status=500),
        log(0, 1, "a warning", severity=13),
        log(0, 2, "an error", severity=17),
    )
    assert told(growing.news(Tail(Wanted(has_errors=True)))) == ["an error", "GET /b"]


def test_only_slow_requests_are_told_where_only_they_are_wanted(growing: Growing) -> None:
    growing.add(*request(1, "/a", 5), *request(2, "/b", 50), log(0, 1, "an error", severity=17))
    assert told(growing.news(Tail(Wanted(slower_than_ns=50 * MS)))) == ["GET /b"]


def test_an_outlier_of_its_endpoint_is_marked_once_there_are_enough_calls(growing: Growing) -> None:
    tail = Tail(WANTED)
    growing.add(*(one for number in range(9) for one in request(number, "/a", 2)))
    growing.news(tail)
    growing.add(*request(10, "/a", 90))
    assert only(growing.news(tail)).times_median == 0.0
    growing.add(*request(11, "/a", 90))
    assert only(growing.news(tail)).times_median == pytest.approx(45)
    growing.add(*request(12, "/b", 900))
    assert only(growing.news(tail)).times_median == 0.0


def test_what_takes_no_time_is_no_outlier_of_what_takes_less(growing: Growing) -> None:
    tail = Tail(WANTED)
    growing.add(*(one for number in range(20) for one in request(number, "/a", 0.01)), *request(50, "/a", 4))
    assert [one.times_median for one in growing.news(tail) if isinstance(one, Request)] == [0.0] * 21


def test_attributes_that_are_asked_for_are_shown_where_they_are(growing: Growing) -> None:
    growing.add(span(1, 0, "GET", (0, 1), kind=SERVER, user__id=7, other="x"))
    one = only(growing.news(Tail(Wanted(attributes=("user.id", "missing")))))
    assert one.shown == {"user.id": 7}
