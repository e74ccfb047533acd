"""A connection that outlives this process, should it be killed: the other end of what it was told may still be heard there.

Somebody else, who is not killed along, keeps a copy of each connection. Before a request is complete it is written down which
records are in it; until it is written down what the answer was, the answer stays on the connection. So whoever takes over knows
which records were sent, finds the answer, and need not send them again. A request that never was complete is sent again.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otelrun.delivery.retry import Outcome

_PATIENCE_S = 2.0


class Keeping(NamedTuple):
    """What is done so that a request of one channel outlives its process.

    Attributes:
        keep: has a copy of a descriptor kept in place of the one before; says whether it is.
        let_go: ends that.
        put_on_wire: writes down that what was taken of the outbox may be with the endpoint from now on.
    """

    keep: Callable[[int], bool]
    let_go: Callable[[], None]
    put_on_wire: Callable[[], None]


class KeptConnection(HTTPConnection):
    """A connection without TLS of which a copy is kept."""

    def __init__(self, host: str, port: int | None, timeout_s: float | None, keeping: Keeping) -> None:
        """Prepare; nothing is connected yet."""
        super().__init__(host, port, timeout=timeout_s)
        self._timeout_s = timeout_s
        self._keeping = keeping
        self._is_kept = False
        self._is_answer_unread = False

    def connect(self) -> None:
        """Connect, and have a copy kept."""
        super().connect()
        self._is_kept = self._keeping.keep(self.sock.fileno())

    def close(self) -> None:
        """Close it for the server too: without that it would stay open for as long as the copy is kept."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
            self._keeping.let_go()
        self._is_answer_unread = False
        super().close()

    def post(self, target: str, body: bytes, headers: Mapping[str, str]) -> answers.Answer:
        """Post a request and wait for its answer, which is left on the connection until ``forget`` or the next request.

        Raises:
            OSError: there is no connection, or it broke.
            HTTPException: what came is no answer.
        """
        self.forget()
        self.request("POST", target, self._pieces(body), {**headers, "Content-Length": str(len(body))})
        answer = answers.peek(self.sock, self._timeout_s)
        if answer.is_whole:
            self._is_answer_unread = True
        else:
            self.close()
        return answer

    def forget(self) -> None:
        """Take the last answer off the connection, all of which is there."""
        if self._is_answer_unread:
            self._is_answer_unread = False
            try:
                self.getresponse().read()
            except (OSError, HTTPException):
                self.close()

    def _pieces(self, body: bytes) -> Iterator[memoryview]:
        """Give the body in two: the server has all of it only when it is written down that it may."""
        data = memoryview(body)
        yield data[:-1]
        if self._is_kept:
            self._keeping.put_on_wire()
        yield data[-1:]


class Unanswered:
    """A request whose sender was killed before it had written down the answer."""

    def __init__(self, descriptor: int, timeout_s: float | None, *, is_json: bool) -> None:
        """Take over.

        Args:
            descriptor: of its connection; closed by ``close``.
            timeout_s: for the answer; None waits for ever.
            is_json: whether OTLP is spoken in JSON.
        """
        self._connection = socket.socket(fileno=descriptor)
        self._connection.settimeout(timeout_s)
        self._timeout_s = timeout_s
        self._is_json = is_json

    def answer(self) -> Outcome:
        """Wait for the answer, and leave it on the connection.

        Raises:
            OSError: it did not come.
            HTTPException: what came is no answer.
        """
        deadline = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        try:
            answer = answers.peek(self._connection, min(_PATIENCE_S, self._timeout_s or _PATIENCE_S))
        except TimeoutError:
            # The request may lack its last byte, and then no answer comes before the server is told so. Not at once: there are
            # servers that give up a request whose sender has no more to say.
            self._connection.shutdown(socket.SHUT_WR)
            answer = answers.peek(self._connection, None if deadline is None else max(0.0, deadline - time.monotonic()))
        return answers.judge(answer, is_json=self._is_json)

    def close(self) -> None:
        """End the connection, for the server too, and in peace: with something unread it would be reset."""
        with suppress(OSError):
            self._connection.setblocking(False)
            self._connection.recv(answers.LONGEST_BODY)
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
