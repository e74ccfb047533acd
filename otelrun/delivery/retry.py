"""What an answer means, by the OTLP specification: delivered, to be retried (when), to be sent in parts, or rejected for good.

Pure; no I/O.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery.wire_reader import fields

if TYPE_CHECKING:
    from collections.abc import Callable

DELIVERED = "delivered"
RETRY = "retry"
REJECTED = "rejected"
TOO_LARGE = "too large"

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0

_RETRYABLE_STATUSES = (429, 502, 503, 504)
_RETRYABLE_CODES = (
    *("CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"),
    "RESOURCE_EXHAUSTED",  # only where the server says when
)
_SUCCESSES = range(200, 300)
_CONTENT_TOO_LARGE = 413
_TOO_LARGE = re.compile(r"larger than max|exceeds maximum size", re.IGNORECASE)  # grpc's C++ and Go, its Java
_UNREACHABLE = re.compile(r"connect|socket|dns", re.IGNORECASE)  # grpc's own words, where no server has spoken
_HIGHEST_COUNT = 1 << 63


class Outcome(NamedTuple):
    """What became of one request.

    Attributes:
        kind: DELIVERED, RETRY, REJECTED or TOO_LARGE (a smaller request may be taken).
        reason: one line for people; empty when all was taken.
        retry_after_s: RETRY: how long the server asked to wait, or None.
        rejected: DELIVERED: how many of the records the server did not take.
        is_unreachable: RETRY: nobody answered there, so no request of any signal would fare better.
        is_answer: somebody did.
    """

    kind: str
    reason: str = ""
    retry_after_s: float | None = None
    rejected: int = 0
    is_unreachable: bool = False
    is_answer: bool = True

    @property
    def cause(self) -> str:
        """Why records were dropped, without what differs from one request to the next."""
        return "partial success" if self.kind == DELIVERED else f"rejected: {self.reason.partition(':')[0]}"


def delivered(rejected: int, message: str) -> Outcome:
    """Judge a success by its ``partial_success``."""
    if not rejected:
        return Outcome(DELIVERED)
    return Outcome(DELIVERED, f"partial success, {rejected} rejected: {message}", rejected=rejected)


def of_http(status: int, retry_after: str | None, partial: tuple[int, str], now_s: float) -> Outcome:
    """Judge an HTTP answer.

    Args:
        status: HTTP status.
        retry_after: the header ``Retry-After``, seconds or an HTTP date, or None.
        partial: of a success: how many records were rejected, and why.
        now_s: seconds since the epoch, for a date in ``retry_after``.
    """
    if status in _SUCCESSES:
        return delivered(*partial)
    reason = f"HTTP {status}"
    if status == _CONTENT_TOO_LARGE:
        return Outcome(TOO_LARGE, reason)
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
    if code == "RESOURCE_EXHAUSTED" and delay_s is None:
        return Outcome(TOO_LARGE if _TOO_LARGE.search(details) else REJECTED, reason)
    if code not in _RETRYABLE_CODES:
        return Outcome(REJECTED, reason)
    is_unreachable = code == "UNAVAILABLE" and delay_s is None and bool(_UNREACHABLE.search(details))
    return Outcome(RETRY, reason, delay_s, is_unreachable=is_unreachable or code == "DEADLINE_EXCEEDED")


def of_failure(error: BaseException) -> Outcome:
    """Judge that no answer came: always to be retried."""
    name = type(error).__name__
    reason = f"{name}: {error}" if str(error) else name
    if isinstance(error, OSError):
        text = error.strerror or (str(error) if isinstance(error, TimeoutError) else "")
        reason = text[:1].lower() + text[1:] or reason
    return Outcome(RETRY, reason, is_unreachable=isinstance(error, OSError), is_answer=False)


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
    """Read ``partial_success`` of a serialised ``Export*ServiceResponse``: how many were rejected, and why.

    What is no such message rejects nothing.
    """
    rejected, message = 0, ""
    for field, content in fields(body):
        if field == 1 and isinstance(content, bytes):
            for inner, value in fields(content):
                if inner == 1 and isinstance(value, int):
                    rejected = value if value < _HIGHEST_COUNT else 0  # a negative one
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
