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
from otelrun.delivery.retry import DELIVERED, REJECTED, RETRY, Outcome

NOW_S = 1_000_000.0


@pytest.mark.parametrize("status", [200, 202, 204])
def test_success_is_delivered(status):
    assert retry.of_http(status, None, b"", NOW_S) == Outcome(DELIVERED)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_statuses_of_the_specification_are_retried(status):
    assert retry.of_http(status, None, b"", NOW_S) == Outcome(RETRY, f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 500, 501])
def test_every_other_status_is_rejected(status):
    assert retry.of_http(status, "7", b"", NOW_S) == Outcome(REJECTED, f"HTTP {status}")


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
    assert retry.of_http(503, header, b"", NOW_S).retry_after_s == seconds


def test_partial_success_counts_the_rejected():
    partial = ExportTracePartialSuccess(rejected_spans=300, error_message="too old")
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    assert retry.of_http(200, None, body, NOW_S) == Outcome(
        DELIVERED, "partial success, 300 rejected: too old", rejected=300
    )


@pytest.mark.parametrize("body", [b"\x0a\x00", b"", b"not protobuf", b"\x0a\xff", b"\xff\xff\xff\xff"])
def test_body_without_a_rejection_is_plain_success(body):
    assert retry.of_http(200, None, body, NOW_S) == Outcome(DELIVERED)


@pytest.mark.parametrize(
    "code", ["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"]
)
def test_codes_of_the_specification_are_retried(code):
    assert retry.of_grpc(code, "", None) == Outcome(RETRY, f"gRPC {code}")


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


def test_failure_without_an_answer_is_retried():
    assert retry.of_failure(ConnectionRefusedError(111, "Connection refused")) == Outcome(RETRY, "Connection refused")
    assert retry.of_failure(TimeoutError("timed out")) == Outcome(RETRY, "TimeoutError: timed out")
    assert retry.of_failure(EOFError()) == Outcome(RETRY, "EOFError")


def test_back_off_grows_from_half_a_second_to_thirty():
    longest = [retry.backoff_s(failures, lambda: 1.0) for failures in range(1, 9)]
    shortest = [retry.backoff_s(failures, lambda: 0.0) for failures in range(1, 9)]
    assert longest == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert shortest == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
    assert retry.backoff_s(100_000, lambda: 1.0) == 30.0
