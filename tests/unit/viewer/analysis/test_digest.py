"""The digest keeps up with a store that grows, and the failures in it are grouped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from otelrun.ring.record import LogRecord
from otelrun.store.ingest import StoreWriter
from otelrun.store.queries import open_store
from otelrun.viewer.analysis.digest import Digest, entries_of_run
from otelrun.viewer.analysis.failures import failures_of
from tests.support.shop_trace import CLIENT, MS, SCOPES, SERVER, STACKTRACE, START_NS, exception, log, placed, span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from otelrun.store.queries import StoreReader

WEB = {"http__request__method": "GET"}


class Growing:
    """A store of two processes that records are added to."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._writer = StoreWriter(path)
        self._places = {1: 0, 2: 0}
        for process in self._places:
            self._writer.add_process(f"{process}.ring", process, 0, START_NS, {"service.name": "shop"})
        self._writer.commit()

    def add(self, process: int, *records: Any) -> None:
        pairs = [(self._places[process] + place, record) for place, record in placed(list(records))]
        self._places[process] = pairs[-1][0] + 1000
        self._writer.add(process, pairs, SCOPES.__getitem__)
        self._writer.commit()

    def prune(self, limit: int) -> None:
        writer = StoreWriter(self.path, limit)
        while writer.prune():
            pass
        writer.close()

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Growing]:
    store = Growing(str(tmp_path / "store.db"))
    yield store
    store.close()


@pytest.fixture
def reader(growing: Growing) -> Iterator[StoreReader]:
    with open_store(growing.path) as opened:
        yield opened


def names(digest: Digest, sequence: int = 0) -> list[tuple[str, bool]]:
    return [(change.entry.name, change.is_withdrawn) for change in digest.changed_after(sequence)]


def test_only_what_changed_is_told_again(growing: Growing, reader: StoreReader) -> None:
    digest = Digest()
    growing.add(1, span(1, 0, "one", (0, 1), trace_id=1), span(2, 0, "two", (2, 3), trace_id=2))
    assert digest.update(reader)
    assert names(digest) == [("one", False), ("two", False)]
    seen = digest.sequence
    assert digest.update(reader)
    assert names(digest, seen) == []
    growing.add(2, span(3, 1, "below one", (0, 1), trace_id=1), span(4, 0, "three", (4, 5), trace_id=3))
    assert digest.update(reader)
    assert names(digest, seen) == [("one", False), ("three", False)]
    assert {entry.name: entry.spans for entry in digest.entries()} == {"one": 2, "two": 1, "three": 1}


def test_the_clients_side_is_withdrawn_when_the_servers_side_comes(growing: Growing, reader: StoreReader) -> None:
    digest = Digest()
    growing.add(1, span(1, 0, "GET", (0, 9), kind=CLIENT, **WEB))
    digest.update(reader)
    seen = digest.sequence
    growing.add(2, span(2, 1, "GET /items", (1, 8), kind=SERVER, **WEB))
    digest.update(reader)
    assert names(digest, seen) == [("GET /items", False), ("GET", True)]
    assert [entry.name for entry in digest.entries()] == ["GET /items"]


def test_a_log_record_that_comes_late_is_counted(growing: Growing, reader: StoreReader) -> None:
    digest = Digest()
    growing.add(1, span(1, 0, "one", (0, 1)))
    digest.update(reader)
    growing.add(1, log(1, 2, "late"))
    digest.update(reader)
    assert [entry.logs for entry in digest.entries()] == [1]


def test_spans_without_their_parent_wait_until_the_run_is_over(growing: Growing, reader: StoreReader) -> None:
    digest = Digest()
    growing.add(1, span(2, 1, "inner", (1, 2)))
    assert digest.update(reader)
    assert digest.entries() == []
    while not digest.update(reader, is_over=True):
        pass
    assert [entry.name for entry in digest.entries()] == ["inner"]


def test_entries_of_pruned_traces_are_withdrawn(growing: Growing, reader: StoreReader) -> None:
    records = [span(n + 1, 0, f"r{n}", (n, n + 1), kind=SERVER, trace_id=n + 1, text="x" * 2_000) for n in range(500)]
    growing.add(1, *records)
    digest = Digest()
    digest.update(reader)
    known = digest.sequence
    growing.prune(1024 * 1024)
    digest.update(reader)

    left = reader.totals().traces
    assert 0 < left < 400
    assert [entry.name for entry in digest.entries()] == [f"r{n}" for n in range(500 - left, 500)]
    assert names(digest, known) == [(f"r{n}", True) for n in range(500 - left)]
    known = digest.sequence
    digest.update(reader)
    assert digest.sequence == known


def test_a_large_store_is_taken_in_in_portions(growing: Growing, reader: StoreReader) -> None:
    growing.add(1, *(span(number, 0, f"job {number}", (0, 1), trace_id=number) for number in range(1, 31)))
    digest = Digest()
    portions = [digest.update(reader, limit=10) for _ in range(3)]
    assert portions == [False, False, True]
    assert len(digest.entries()) == 30
    assert len(digest.changed_after(0, limit=7)) == 7
    assert entries_of_run(reader) == digest.entries()


def test_an_exception_seen_by_several_spans_of_a_trace_is_one_failure(growing: Growing, reader: StoreReader) -> None:
    thrown = exception(5, "ValueError", "no price for 'durian'", STACKTRACE)
    for trace_id in (1, 2):
        growing.add(
            1,
            log(3, 4, "looking for durian", severity=13, trace_id=trace_id),
            span(3, 2, "find", (3, 5), status=2, events=(thrown,), trace_id=trace_id),
            span(2, 1, "quote", (2, 6), status=2, events=(thrown,), trace_id=trace_id),
            span(
                1, 0, "POST /orders", (1, 7), kind=SERVER, status=2, trace_id=trace_id, http__response__status_code=500
            ),
        )
    (failure,) = failures_of(reader)
    assert (failure.type, failure.message, failure.times) == ("ValueError", "no price for 'durian'", 2)
    assert failure.frame is not None
    assert failure.frame.location == "pricing.py:63 in quote"
    assert failure.endpoints == ("POST /orders",)
    assert failure.log_before == "WARNING shop.orders: looking for durian"
    assert not failure.is_log


def test_a_failure_without_an_exception_has_its_status(growing: Growing, reader: StoreReader) -> None:
    growing.add(
        1,
        span(
            2, 1, "GET", (1, 2), kind=CLIENT, status=2, message="refused", error__type="ConnectionRefusedError", **WEB
        ),
        span(1, 0, "GET", (0, 3), kind=SERVER, status=2, url__path="/a", http__response__status_code=502, **WEB),
    )
    growing.add(
        2,
        span(
            1,
            0,
            "GET",
            (0, 3),
            kind=SERVER,
            status=2,
            trace_id=2,
            url__path="/b",
            http__response__status_code=500,
            **WEB,
        ),
    )
    found = {(one.type, one.message, one.endpoints) for one in failures_of(reader)}
    assert found == {("ConnectionRefusedError", "refused", ("GET /a",)), ("HTTP 500", "", ("GET /b",))}


def test_exceptions_that_were_only_logged_count_too(growing: Growing, reader: StoreReader) -> None:
    attributes = {"exception.type": "KeyError", "exception.message": "'x'", "exception.stacktrace": STACKTRACE}
    base = log(0, 1, "job failed", severity=17)
    growing.add(
        1, LogRecord(*base[:8], attributes, *base[9:]), LogRecord(base[0] + MS, *base[1:8], attributes, *base[9:])
    )
    (failure,) = failures_of(reader)
    assert (failure.type, failure.times, failure.is_log, failure.trace_id) == ("KeyError", 2, True, "")
    assert failure.moments_ns == (base[0], base[0] + MS)


def test_an_exception_that_a_failing_request_logged_says_why_it_failed(growing: Growing, reader: StoreReader) -> None:
    attributes = {"exception.type": "KeyError", "exception.message": "'x'", "exception.stacktrace": STACKTRACE}
    base = log(1, 1, "cannot answer", severity=17)
    growing.add(
        1,
        LogRecord(*base[:8], attributes, *base[9:]),
        span(1, 0, "GET", (0, 3), kind=SERVER, status=2, url__path="/b", http__response__status_code=500, **WEB),
    )
    (failure,) = failures_of(reader)
    assert (failure.type, failure.endpoints, failure.is_log) == ("KeyError", ("GET /b",), True)
    (entry,) = entries_of_run(reader)
    assert entry.failure == "KeyError: 'x'"


def test_what_a_server_logs_of_a_requests_exception_is_no_further_failure(
    growing: Growing, reader: StoreReader
) -> None:
    attributes = {"exception.type": "ValueError", "exception.message": "bad", "exception.stacktrace": STACKTRACE}
    thrown = exception(2, "ValueError", "bad", STACKTRACE)
    growing.add(1, span(1, 0, "GET /a", (1, 3), kind=SERVER, status=2, events=(thrown,)))
    base = log(0, 4, "error handling request", severity=17)
    later = base[0] + 10_000 * MS
    growing.add(1, LogRecord(*base[:8], attributes, *base[9:]), LogRecord(later, *base[1:8], attributes, *base[9:]))
    growing.add(2, LogRecord(*base[:8], attributes, *base[9:]))

    (failure,) = failures_of(reader)

    assert failure.times == 3  # of the request, of ten seconds later, of the other process


def test_outside_of_traces_the_line_before_is_the_last_of_the_process(growing: Growing, reader: StoreReader) -> None:
    attributes = {"exception.type": "KeyError", "exception.message": "'x'", "exception.stacktrace": STACKTRACE}
    growing.add(1, log(0, 1, "disk is almost full", severity=13), log(0, 2, "reading config.json"))
    growing.add(2, log(0, 3, "of another process"))
    base = log(0, 4, "nobody caught it", severity=17)
    growing.add(1, LogRecord(*base[:8], attributes, *base[9:]))

    (failure,) = failures_of(reader)

    assert failure.log_before == "INFO shop.orders: reading config.json"


def test_in_a_trace_of_several_processes_the_line_before_is_of_the_one_that_failed(
    growing: Growing, reader: StoreReader
) -> None:
    thrown = exception(5, "ValueError", "bad", STACKTRACE)
    growing.add(2, log(9, 4, "of another process"))
    growing.add(1, log(1, 3, "reading config.json"), span(1, 0, "GET", (1, 6), kind=SERVER, status=2, events=(thrown,)))

    (failure,) = failures_of(reader)

    assert failure.log_before == "INFO shop.orders: reading config.json"
