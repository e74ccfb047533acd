from __future__ import annotations

import json

import pytest

from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.otlp_json import partial_success, to_json
from otelrun.ring.record import LinkRecord, LogRecord, Scope, SpanRecord

SCOPE = Scope("a", "1", "", {})
ENCODER = ProcessEncoder({"service.name": "shop"}, "", lambda _: SCOPE)
TRACE_ID = 0x0123456789ABCDEF0123456789ABCDEF
HEAD = {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}}


def test_spans_follow_the_json_rules_of_otlp():
    record = SpanRecord(
        *(TRACE_ID, 2, 1, 1, "GET /", 1, 10, 20, {"n": 5}, 1),
        *("", (), (LinkRecord(TRACE_ID, 3, "", 0, {}),), 2, "broken"),
    )
    [payload] = ENCODER.spans([record], 10)
    assert json.loads(to_json("spans", payload.data)) == {
        "resourceSpans": [
            HEAD
            | {
                "scopeSpans": [
                    {
                        "scope": {"name": "a", "version": "1"},
                        "spans": [
                            {
                                "traceId": "0123456789abcdef0123456789abcdef",
                                "spanId": "0000000000000002",
                                "parentSpanId": "0000000000000001",
                                "flags": 1,
                                "name": "GET /",
                                "kind": 2,
                                "startTimeUnixNano": "10",
                                "endTimeUnixNano": "20",
                                "attributes": [{"key": "n", "value": {"intValue": "5"}}],
                                "links": [
                                    {"traceId": "0123456789abcdef0123456789abcdef", "spanId": "0000000000000003"}
                                ],
                                "status": {"code": 2, "message": "broken"},
                            }
                        ],
                    }
                ]
            }
        ]
    }


def test_logs_have_their_ids_in_hex_and_are_one_line():
    record = LogRecord(10, 11, TRACE_ID, 2, 1, 9, "INFO", "two\nlines", {}, "", 1)
    [payload] = ENCODER.logs([record], 10)
    line = to_json("logs", payload.data)
    [row] = json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert "\n" not in line
    assert (row["traceId"], row["spanId"], row["severityNumber"]) == (f"{TRACE_ID:032x}", f"{2:016x}", 9)


@pytest.mark.parametrize(
    ("answer", "partial"),
    [
        (b'{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old"}}', (3, "too old")),
        (b'{"partialSuccess": {"rejectedDataPoints": 2}}', (2, "")),
        (b'{"partialSuccess": {}}', (0, "")),
        *[(answer, (0, "")) for answer in (b"", b"{}", b"[]", b"<html>", b'{"partialSuccess": 5}', b"\xff")],
    ],
)
def test_partial_success_is_read_from_what_an_endpoint_answers(answer, partial):
    assert partial_success(answer) == partial
