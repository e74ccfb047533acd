from __future__ import annotations

from datetime import datetime, timezone
from email.utils import format_datetime

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from otelrun.delivery import retry
from otelrun.delivery.retry import DELIVERED, REJECTED, RETRY, TOO_LARGE, Outcome

NOW_S = 1_000_000.0
NONE = (0, "")
NEGATIVE = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=-1)).SerializeToString()


@pytest.mark.parametrize("status", [200, 202, 204])
def test_success_is_delivered(status):
    assert retry.of_http(status, None, NONE, NOW_S) == Outcome(DELIVERED)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_statuses_of_the_specification_are_retried(status):
    assert retry.of_http(status, None, NONE, NOW_S) == Outcome(RETRY, f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 500, 501])
def test_every_other_status_is_rejected(status):
    assert retry.of_http(status, "7", NONE, NOW_S) == Outcome(REJECTED, f"HTTP {status}")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        (format_datetime(datetime.fromtimestamp(NOW_S + 30, timezone.utc), usegmt=True), 30.0),
        (format_datetime(datetime.fromtimestamp(NOW_S - 30, timezone.utc), usegmt=True), 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert retry.of_http(503, header, NONE, NOW_S).retry_after_s == seconds


def test_partial_success_counts_the_rejected():
    partial = ExportTracePartialSuccess(rejected_spans=300, error_message="too old")
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    assert retry.of_http(200, None, retry.partial_success(body), NOW_S) == Outcome(
        DELIVERED, "partial success, 300 rejected: too old", rejected=300
    )


@pytest.mark.parametrize(
    "body", [b"\x0a\x00", b"", b"not protobuf", b"\x0a\xff", b"\xff\xff\xff\xff", b"\n<html>", NEGATIVE]
)
def test_body_without_a_rejection_is_plain_success(body):
    assert retry.of_http(200, None, retry.partial_success(body), NOW_S) == Outcome(DELIVERED)


@pytest.mark.parametrize(
    "code", ["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"]
)
def test_codes_of_the_specification_are_retried(code):
    assert retry.of_grpc(code, "", None) == Outcome(RETRY, f"gRPC {code}", is_unreachable=code == "DEADLINE_EXCEEDED")


@pytest.mark.parametrize(
    "code", ["INVALID_ARGUMENT", "UNAUTHENTICATED", "UNIMPLEMENTED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNKNOWN"]
)
def test_every_other_code_is_rejected(code):
    assert retry.of_grpc(code, "why", None) == Outcome(REJECTED, f"gRPC {code}: why")


def test_exhausted_server_that_says_when_is_retried_then():
    detail = AnyMessage()
    detail.Pack(RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000)))
    status = Status(code=8, message="busy", details=[detail]).SerializeToString()
    assert retry.of_grpc("RESOURCE_EXHAUSTED", "busy", status) == Outcome(RETRY, "gRPC RESOURCE_EXHAUSTED: busy", 2.5)


@pytest.mark.parametrize(
    "text",
    [
        "Received message larger than max (5000000 vs. 4194304)",
        "grpc: received message larger than max (5000000 vs. 4194304)",
        "gRPC message exceeds maximum size 4194304: 5000000",
    ],
)
def test_request_that_is_too_large_may_be_taken_in_parts(text):
    assert retry.of_grpc("RESOURCE_EXHAUSTED", text, None) == Outcome(TOO_LARGE, f"gRPC RESOURCE_EXHAUSTED: {text}")
    assert retry.of_http(413, None, NONE, NOW_S) == Outcome(TOO_LARGE, "HTTP 413")


@pytest.mark.parametrize(
    ("code", "details", "is_unreachable"),
    [
        ("UNAVAILABLE", "failed to connect to all addresses; last error: UNKNOWN: Connection refused", True),
        ("UNAVAILABLE", "Socket closed", True),
        ("UNAVAILABLE", "DNS resolution failed for collector:4317", True),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", True),
        ("UNAVAILABLE", "try later", False),
        ("ABORTED", "", False),
    ],
)
def test_grpc_tells_a_server_that_is_away_from_one_that_answers(code, details, is_unreachable):
    assert retry.of_grpc(code, details, None).is_unreachable is is_unreachable


@pytest.mark.parametrize(
    ("error", "reason", "is_unreachable"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused", True),
        (TimeoutError("timed out"), "timed out", True),
        (OSError(), "OSError", True),
        (EOFError(), "EOFError", False),
        (ValueError("not an http or https URL: x"), "ValueError: not an http or https URL: x", False),
    ],
)
def test_failure_without_an_answer_is_retried(error, reason, is_unreachable):
    assert retry.of_failure(error) == Outcome(RETRY, reason, is_unreachable=is_unreachable, is_answer=False)


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (Outcome(REJECTED, "HTTP 400"), "rejected: HTTP 400"),
        (Outcome(TOO_LARGE, "HTTP 413"), "rejected: HTTP 413"),
        (Outcome(REJECTED, "gRPC INVALID_ARGUMENT: span 17 is odd"), "rejected: gRPC INVALID_ARGUMENT"),
        (retry.delivered(2, "too old"), "partial success"),
    ],
)
def test_cause_is_the_same_for_every_request_that_fares_the_same(outcome, cause):
    assert outcome.cause == cause


def test_back_off_grows_from_half_a_second_to_thirty():
    longest = [retry.backoff_s(failures, lambda: 1.0) for failures in range(1, 9)]
    shortest = [retry.backoff_s(failures, lambda: 0.0) for failures in range(1, 9)]
    assert longest == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert shortest == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
    assert retry.backoff_s(100_000, lambda: 1.0) == 30.0
