from __future__ import annotations

import pytest

from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.eviction import Content, choose
from otelrun.ring.record import LogRecord, Scope, SpanRecord

ENCODER = ProcessEncoder({"service.name": "shop"}, "", lambda _: Scope("a", "1", "", {}))
SOME = 10
ALL = 1_000_000


def spans(*described, done=0, is_pinned=False):
    """Make a payload of spans: each is (trace, whether it failed)."""
    records = [
        SpanRecord(trace, number + 1, 0, 1, "work", 0, 5, 6, {}, 0, status=2 if is_error else 0)
        for number, (trace, is_error) in enumerate(described)
    ]
    [payload] = ENCODER.spans(records, ALL)
    return Content(payload.data, payload.records, done, is_pinned)


def logs(*severities):
    records = [LogRecord(5, 5, 1, 1, 1, severity, "", "hello", {}, "", 0) for severity in severities]
    [payload] = ENCODER.logs(records, ALL)
    return Content(payload.data, payload.records, 0, False)


def test_oldest_trace_goes_whole_across_payloads():
    contents = [spans((1, False), (2, False)), spans((3, False), (1, False))]
    assert choose("spans", contents, SOME) == {0: {0}, 1: {1}}


def test_traces_with_a_failed_span_go_last():
    contents = [spans((1, False), (2, False)), spans((1, True), (3, False))]
    assert choose("spans", contents, SOME) == {0: {1}}
    assert choose("spans", contents, ALL) == {0: {0, 1}, 1: {0, 1}}


def test_pinned_payloads_stay_and_their_traces_go_last():
    contents = [spans((1, False), is_pinned=True), spans((1, False), (2, True))]
    assert choose("spans", contents, SOME) == {1: {1}}
    assert choose("spans", contents, ALL) == {1: {0, 1}}


def test_settled_records_are_not_chosen():
    assert choose("spans", [spans((1, False), (1, False), (2, False), done=1)], ALL) == {0: {1, 2}}


def test_logs_below_error_go_first_and_oldest_first():
    contents = [logs(17, 9), logs(9, 21)]
    assert choose("logs", contents, SOME) == {0: {1}}
    assert choose("logs", contents, 100) == {0: {1}, 1: {0}}
    assert choose("logs", contents, ALL) == {0: {0, 1}, 1: {0, 1}}


@pytest.mark.parametrize("signal", ["spans", "logs", "metrics"])
def test_payloads_that_cannot_be_told_apart_go_whole_oldest_first(signal):
    contents = [Content(b"not a request", 2, 0, False), Content(b"not a request", 3, 1, False)]
    assert choose(signal, contents, SOME) == {0: {0, 1}}
    assert choose(signal, contents, ALL) == {0: {0, 1}, 1: {1, 2}}
