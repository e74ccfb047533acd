from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelrun.delivery import encode
from otelrun.delivery.encode import ProcessEncoder
from otelrun.ring.record import EventRecord, LinkRecord, LogRecord, Scope, SpanRecord
from tests.unit.delivery import reference

RESOURCE = {"service.name": "shop", "process.pid": 7, "process.command_args": ("python", "app.py")}
SCOPES = {1: Scope("a", "1", "https://schema/a", {"k": 1}), 2: Scope("b", "", "", {})}
TRACE_ID = 0x0123456789ABCDEF0123456789ABCDEF
EVERYTHING = {"s": "x", "b": True, "i": -5, "f": 1.5, "raw": b"\x01", "none": None, "list": ("a", 2), "map": {"k": "v"}}


def make_span(number=1, scope=1, **fields):
    plain = SpanRecord(TRACE_ID, number, 0, 0x101, "work", 0, 1_000, 2_000, {}, scope)
    return plain._replace(**fields)


SPANS = [
    make_span(),
    make_span(2, parent_span_id=1, kind=1, attributes=EVERYTHING, flags=0x301, trace_state="a=1,b=2"),
    make_span(3, status=2, status_description="it broke", kind=4, scope=2, name="Grüße"),
    make_span(4, status=1, flags=0, name=""),
    make_span(
        5,
        scope=2,
        events=(EventRecord("exception", 1_500, {"exception.type": "E"}, 2), EventRecord("", 1_600, {})),
        links=(LinkRecord(TRACE_ID, 9, "x=y", 0x101, {"why": "batch"}, 1), LinkRecord(1, 2, "", 0, {})),
        dropped_attributes=3,
        dropped_events=300,
        dropped_links=1,
    ),
]
LOGS = [
    LogRecord(1_000, 1_001, TRACE_ID, 2, 1, 9, "INFO", "hello", EVERYTHING, "", 1),
    LogRecord(0, 1_001, 0, 0, 0, 0, "", None, {}, "", 1),
    LogRecord(5, 6, TRACE_ID, 3, 0, 17, "ERROR", {"structured": [1, "two"]}, {}, "device.app.crash", 2, 4),
    LogRecord(5, 6, 0, 0, 0, 17, "ERROR", "", {}, "", 2),
]


def make_encoder(schema_url="https://schema/r"):
    return ProcessEncoder(RESOURCE, schema_url, SCOPES.__getitem__)


@pytest.mark.parametrize("schema_url", ["", "https://schema/r"])
def test_spans_are_byte_for_byte_what_protobuf_serialises(schema_url):
    [payload] = make_encoder(schema_url).spans(SPANS, 512)
    assert payload.records == len(SPANS)
    assert payload.data == reference.trace_request(RESOURCE, schema_url, SCOPES, SPANS)


def test_logs_are_byte_for_byte_what_protobuf_serialises():
    [payload] = make_encoder().logs(LOGS, 512)
    assert payload.records == len(LOGS)
    assert payload.data == reference.logs_request(RESOURCE, "https://schema/r", SCOPES, LOGS)


def test_more_records_than_the_limit_become_several_requests():
    payloads = make_encoder().spans([make_span(number) for number in range(1, 11)], 4)
    assert [payload.records for payload in payloads] == [4, 4, 2]


def test_large_records_are_spread_over_requests_of_four_megabytes():
    payloads = make_encoder().spans(
        [make_span(number, attributes={"big": "x" * 1_500_000}) for number in (1, 2, 3)], 512
    )
    assert [payload.records for payload in payloads] == [2, 1]
    assert all(len(payload.data) < encode.MAX_PAYLOAD + 1_000 for payload in payloads)


def test_requests_put_end_to_end_are_one_request():
    first, second = make_encoder().spans([make_span(1), make_span(2)], 1)
    together = ExportTraceServiceRequest.FromString(first.data + second.data)
    spans = [span for resource in together.resource_spans for scope in resource.scope_spans for span in scope.spans]
    assert [int.from_bytes(span.span_id, "big") for span in spans] == [1, 2]


def test_nothing_makes_no_request():
    assert make_encoder().spans([], 512) == []
