"""What an answer means, by the OTLP specification: delivered, to be retried (when), or rejected for good. Pure; no I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery.wire_reader import fields

if TYPE_CHECKING:
    from collections.abc import Callable

DELIVERED = "delivered"
RETRY = "retry"
REJECTED = "rejected"

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0

_RETRYABLE_STATUSES = (429, 502, 503, 504)
_RETRYABLE_CODES = (
    *("CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"),
    "RESOURCE_EXHAUSTED",  # only where the server says when
)
_SUCCESSES = range(200, 300)


class Outcome(NamedTuple):
    """What became of one request.

    Attributes:
        kind: DELIVERED, RETRY or REJECTED.
        reason: one line for people; empty when all was taken.
        retry_after_s: RETRY: how long the server asked to wait, or None.
        rejected: DELIVERED: how many of the records the server did not take.
    """

    kind: str
    reason: str = ""
    retry_after_s: float | None = None
    rejected: int = 0


def of_http(status: int, retry_after: str | None, body: bytes, now_s: float) -> Outcome:
    """Judge an HTTP answer.

    Args:
        status: HTTP status.
        retry_after: the header ``Retry-After``, seconds or an HTTP date, or None.
        body: of a success: an ``Export*ServiceResponse`` as protobuf; other bodies are not looked at.
        now_s: seconds since the epoch, for a date in ``retry_after``.
    """
    if status in _SUCCESSES:
        rejected, message = partial_success(body)
        reason = f"partial success, {rejected} rejected: {message}" if rejected else ""
        return Outcome(DELIVERED, reason, rejected=rejected)
    reason = f"HTTP {status}"
    if status in _RETRYABLE_STATUSES:
        return Outcome(RETRY, reason, _seconds(retry_after, now_s))
    return Outcome(REJECTED, reason)


def of_grpc(code: str, details: str, retry_info: bytes | None) -> Outcome:
    """Judge a failed gRPC call.

    Args:
        code: name of the status code.
        details: the server's or grpc's text.
        retry_info: a serialised ``google.rpc.Status`` (trailer ``grpc-status-details-bin``), or None.
    """
    delay_s = retry_delay(retry_info) if retry_info else None
    reason = f"gRPC {code}: {details}" if details else f"gRPC {code}"
    if code not in _RETRYABLE_CODES or (code == "RESOURCE_EXHAUSTED" and delay_s is None):
        return Outcome(REJECTED, reason)
    return Outcome(RETRY, reason, delay_s)


def of_failure(error: BaseException) -> Outcome:
    """Judge that no answer came: always to be retried."""
    if isinstance(error, OSError) and error.strerror:
        return Outcome(RETRY, error.strerror)
    name = type(error).__name__
    return Outcome(RETRY, f"{name}: {error}" if str(error) else name)


def backoff_s(failures: int, random: Callable[[], float]) -> float:
    """Give the wait after the n-th failure in a row (from 1): exponential, half of it jitter, from 0.5 to 30 s.

    Args:
        failures: how many requests in a row have failed.
        random: gives a number from 0 to 1.
    """
    whole = min(FIRST_DELAY_S * 2.0 ** min(failures, 16), LONGEST_DELAY_S)
    return max(FIRST_DELAY_S, whole * (0.5 + random() / 2))


def _seconds(retry_after: str | None, now_s: float) -> float | None:
    if not retry_after:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", retry_after):
        return float(retry_after)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - 10 ms, and dates are rare

    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now_s)
    except ValueError:
        return None


def partial_success(body: bytes) -> tuple[int, str]:
    """Read ``partial_success`` of a serialised ``Export*ServiceResponse``: how many were rejected, and why."""
    rejected, message = 0, ""
    for field, content in fields(body):
        if field == 1 and isinstance(content, bytes):
            for inner, value in fields(content):
                if inner == 1 and isinstance(value, int):
                    rejected = value
                elif inner == 2 and isinstance(value, bytes):  # noqa: PLR2004 - the field's number
                    message = value.decode("utf-8", "replace")
    return rejected, message


def retry_delay(status: bytes) -> float | None:
    """Read the delay of a ``google.rpc.RetryInfo`` among the details of a serialised ``google.rpc.Status``, in seconds."""
    for field, detail in fields(status):
        if field != 3 or not isinstance(detail, bytes):  # noqa: PLR2004
            continue
        packed = dict(fields(detail))
        kind, value = packed.get(1), packed.get(2)
        if isinstance(kind, bytes) and kind.endswith(b"/google.rpc.RetryInfo") and isinstance(value, bytes):
            delay = dict(fields(value)).get(1)
            if isinstance(delay, bytes):
                parts = {number: part for number, part in fields(delay) if isinstance(part, int)}
                return parts.get(1, 0) + parts.get(2, 0) / 1e9
    return None
