"""Which spans are requests, and where their time went."""

from __future__ import annotations

from typing import Any

from otelrun.store.changes import ExceptionFacts, SpanFacts
from otelrun.viewer.analysis.endpoints import endpoints_of, percentile
from otelrun.viewer.analysis.entries import Entry, TraceSpans, entries_of

REMOTE = 0x300


def facts(
    number: int,
    parent: int = 0,
    kind: str = "internal",
    times: tuple[int, int] = (0, 100),
    *,
    status: str = "unset",
    flags: int = 0x101,
    **attributes: Any,
) -> SpanFacts:
    values = {key.replace("__", "."): value for key, value in attributes.items()}
    ids = (f"{number:016x}", f"{parent:016x}" if parent else "")
    return SpanFacts(number, 1, "t", *ids, f"span {number}", kind, *times, status, "", flags, values)


def ids(entries: list[Entry]) -> list[int]:
    return [entry.span for entry in entries]


def test_servers_consumers_and_first_spans_are_entries() -> None:
    spans = [
        facts(1),
        facts(2, 1, "client"),
        facts(3, 2, "server"),
        facts(4, 3),
        facts(5, 4, "producer"),
        facts(6, 5, "consumer"),
    ]
    assert ids(entries_of(TraceSpans(spans))) == [1, 3, 6]


def test_a_first_client_span_is_only_the_other_side_of_a_server_span_that_is_here() -> None:
    assert ids(entries_of(TraceSpans([facts(1, 0, "client"), facts(2, 1, "server")]))) == [2]
    assert ids(entries_of(TraceSpans([facts(1, 0, "client")]))) == [1]


def test_a_span_whose_parent_has_not_ended_is_an_entry_only_once_the_run_is_over() -> None:
    orphan = facts(1, 99)
    assert ids(entries_of(TraceSpans([orphan], is_over=False))) == []
    assert TraceSpans([orphan]).has_orphans()
    assert ids(entries_of(TraceSpans([orphan]))) == [1]
    assert ids(entries_of(TraceSpans([facts(1, 99, flags=REMOTE)], is_over=False))) == [1]


def test_parallel_calls_count_once_and_what_is_left_is_the_programs_own() -> None:
    spans = [
        facts(1, 0, "server", (0, 100)),
        facts(2, 1, "internal", (5, 95)),
        facts(3, 2, "client", (10, 50), db__system__name="sqlite"),
        facts(4, 2, "client", (20, 60), http__request__method="GET"),
        facts(5, 4, "client", (25, 55), db__system__name="redis"),  # inside the http call: not the request's own
        facts(6, 1, "client", (90, 250), http__request__method="GET"),  # outlives the request
    ]
    (entry,) = entries_of(TraceSpans(spans))
    assert entry.time_in == {"app": 40, "sqlite": 40, "http": 20}
    assert sum(entry.time_in.values()) == entry.duration_ns == 100
    assert entry.calls == {"http": 2, "sqlite": 1}
    assert entry.spans == 6


def test_the_deepest_exception_says_why_a_request_failed() -> None:
    spans = [facts(1, 0, "server", status="error"), facts(2, 1, status="error")]
    exceptions = {
        1: ExceptionFacts(20, {"exception.type": "RuntimeError", "exception.message": "wrapped"}),
        2: ExceptionFacts(10, {"exception.type": "ValueError", "exception.message": "unlucky\nitem"}),
    }
    (entry,) = entries_of(TraceSpans(spans), {"0000000000000002": 3}, exceptions)
    assert entry.is_failed
    assert entry.failure == "ValueError: unlucky"
    assert entry.logs == 3


def test_a_status_of_500_fails_a_request_also_without_an_error_status() -> None:
    (entry,) = entries_of(TraceSpans([facts(1, 0, "server", http__response__status_code=500)]))
    assert (entry.is_failed, entry.status_code, entry.failure) == (True, "500", "")


def test_parents_in_a_circle_end() -> None:
    trace = TraceSpans([facts(1, 2), facts(2, 1), facts(3, 3), facts(4, 2, "server")])
    assert ids(entries_of(trace)) == [4]
    assert trace.entry_above(trace.spans[0]) is None


def test_a_trace_may_be_as_deep_as_it_likes() -> None:
    spans = [facts(number, number - 1) for number in range(1, 20_001)]
    (entry,) = entries_of(TraceSpans(spans))
    assert entry.spans == 20_000


def test_endpoints_have_their_counts_and_percentiles_failed_ones_first() -> None:
    def request(number: int, took: int, code: int, path: str) -> Entry:
        web = {"http__request__method": "GET", "url__path": path, "http__response__status_code": code}
        (entry,) = entries_of(TraceSpans([facts(number, 0, "server", (0, took), **web)]))
        return entry

    entries = [request(n, n * 10, 200, "/slow") for n in range(1, 101)]
    entries += [request(200, 7, 500, "/items/1"), request(201, 9, 200, "/items/2")]
    first, second = endpoints_of(entries)
    assert first[:7] == ("GET /items/*", "server", 2, 1, 7, 9, 16)
    assert second[:7] == ("GET /slow", "server", 100, 0, 500, 950, 50_500)
    assert second.time_in == {"app": 50_500}


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([], 50) == 0
    assert percentile([5], 95) == 5
    assert percentile([1, 2, 3, 4], 50) == 2
    assert percentile([1, 2, 3, 4], 95) == 4
