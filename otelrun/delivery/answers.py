"""HTTP answers: what they mean for the records of a request, and how to read one without taking it off its connection.

What is only looked at is still there for another process that has the connection, should this one be killed before it has written
down what the answer was.
"""

from __future__ import annotations

import select
import socket
import time
from http.client import BadStatusLine, HTTPResponse, IncompleteRead, RemoteDisconnected
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple, cast

from otelrun.delivery import retry

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_BODY = 64 * 1024
"""Bytes of an answer that are read; what is longer than that cannot be one of OTLP."""

_LONGEST = 16 * 1024  # of one that is only looked at: it has to fit the kernel's buffer
_MILLISECONDS = 1000
_PROTOCOL = b"HTTP/"
_ENDS_OF_HEAD = (b"\r\n\r\n", b"\n\n")


class Answer(NamedTuple):
    """One HTTP answer.

    Attributes:
        status: HTTP status.
        retry_after: the header ``Retry-After``, or None.
        body: its first 64 KiB; nothing of one that was only looked at and is too long for that.
        is_whole: that is all of it.
    """

    status: int
    retry_after: str | None
    body: bytes
    is_whole: bool = True


def judge(answer: Answer, *, is_json: bool) -> retry.Outcome:
    """Say what an answer means for the records of its request.

    Args:
        answer: any.
        is_json: whether OTLP is spoken in JSON.
    """
    read: Callable[[bytes], tuple[int, str]] = retry.partial_success
    if is_json:
        from otelrun.delivery.otlp_json import partial_success as read  # noqa: PLC0415 - loads protobuf
    return retry.of_http(answer.status, answer.retry_after, read(answer.body), time.time())


def peek(connection: socket.socket, timeout_s: float | None) -> Answer:
    """Wait for the answer on a connection, and leave it there.

    Args:
        connection: with nothing unread before the answer.
        timeout_s: for all of it; None waits for ever.

    Raises:
        TimeoutError: it did not come in time.
        ConnectionError: the connection ended before any of it.
        HTTPException: the connection ended before all of it, or it is no HTTP.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    is_patient = False
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLRDHUP)
    try:
        while True:
            left_s = None if deadline is None else deadline - time.monotonic()
            events = poll.poll(None if left_s is None else max(0.0, left_s) * _MILLISECONDS)
            if not events or (is_patient and left_s is not None and left_s <= 0):
                message = "timed out"
                raise TimeoutError(message)
            is_over = bool(events[0][1] & ~select.POLLIN)
            data = connection.recv(_LONGEST, socket.MSG_PEEK)
            answer = _parse(data, is_over=is_over or len(data) == _LONGEST)
            if answer is not None:
                return answer
            is_patient = True  # wakes up for more than that
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(data) + 1)
    finally:
        if is_patient:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


class _Looked:
    """Stands for the socket of which ``HTTPResponse`` reads."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> BytesIO:
        return BytesIO(self._data)


def _parse(data: bytes, *, is_over: bool) -> Answer | None:
    """Read an answer from its beginning; None where more of it is to come.

    Raises:
        ConnectionError: there is nothing, and nothing will come.
        HTTPException: there is part of one and no more will come, or it is none.
    """
    if not data:
        message = "closed without an answer"
        raise RemoteDisconnected(message)
    if not data.startswith(_PROTOCOL[: len(data)]):
        raise BadStatusLine(data[:40].decode("latin-1"))
    if not any(end in data for end in _ENDS_OF_HEAD):
        if is_over:
            raise IncompleteRead(data)
        return None
    response = HTTPResponse(cast("socket.socket", _Looked(data)), method="POST")
    is_longest = len(data) == _LONGEST
    try:
        response.begin()
        is_bounded = response.chunked or response.length is not None
        body = response.read()
    except (IncompleteRead, RemoteDisconnected):
        if not is_over:
            return None
        if not is_longest:
            raise
        body, is_bounded = b"", True
    if not (is_bounded or is_over):
        return None
    return Answer(response.status, response.headers.get("Retry-After"), body, not is_longest)
