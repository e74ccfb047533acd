"""``http.server``: a SERVER span and a duration for each request of any ``BaseHTTPRequestHandler``.

A request begins when its request line and headers are being parsed and ends with ``handle_one_request``; for subclasses
that replace that method or ``handle`` (``wsgiref``), with the next request or with ``finish``. The span is current while
the program's ``do_METHOD`` runs. Idle connections, time-outs before a request and empty request lines make no span.

Option ``trust_forwarded: true``: a proxy's ``Forwarded``, else ``X-Forwarded-*``, says who the client and the server are.
"""

from __future__ import annotations

import re
import sys
from time import perf_counter, time_ns

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import hide_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextvars import Token
    from http.server import BaseHTTPRequestHandler
    from socketserver import BaseServer
    from typing import Any

    from opentelemetry.trace import Span

    from otelrun.instrumentation.http_server_telemetry import Telemetry
    from otelrun.instrumentation.patching import Ledger

NAME = "http_server"
TARGETS = ("http.server",)
SCOPE = "otelrun.instrumentation.http_server"

_FIRST_FINAL_STATUS = 200
_STATUS = re.compile("[0-9]{3}\\Z")
_GUARD = guarded(NAME)  # one for all: it keeps nothing


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch ``BaseHTTPRequestHandler``, and the making of servers, which is when the OpenTelemetry API is loaded."""
    from http.server import BaseHTTPRequestHandler  # noqa: PLC0415 - loaded by the program
    from socketserver import BaseServer  # noqa: PLC0415 - loaded by http.server

    door = instrument(ledger, BaseHTTPRequestHandler, options)
    ledger.wrap(BaseServer, "__init__", lambda original: _init_server(original, door))


def instrument(ledger: Ledger, Handler: Any, options: Mapping[str, Any]) -> Door:  # noqa: N803 - a class
    """Patch one class that is ``BaseHTTPRequestHandler``, wherever it was defined."""
    door = Door(trusts_forwarded=options.get("trust_forwarded") is True)
    ledger.wrap(Handler, "parse_request", lambda original: _parse_request(original, door))
    ledger.wrap(Handler, "handle_one_request", lambda original: _handle_one_request(original, door))
    ledger.wrap(Handler, "finish", lambda original: _finish(original, door))
    ledger.wrap(Handler, "send_response_only", _send_response_only)
    ledger.wrap(Handler, "log_request", _log_request)
    ledger.wrap(Handler, "log_error", _log_error)
    return door


class Exchange:
    """One request and its response, while the handler is at it."""

    __slots__ = (
        "attributes",
        "began",
        "began_ns",
        "code",
        "error",
        "handled",
        "headers_before",
        "span",
        "status",
        "token",
    )

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        """Begin now."""
        self.began_ns = time_ns()
        self.began = perf_counter()
        self.headers_before = getattr(handler, "headers", None)
        self.handled = sys.exc_info()[1]
        self.code: Any = None  # as the handler gave it
        self.status = 0
        self.error: BaseException | None = None
        self.span: Span | None = None
        self.token: Token[Any] | None = None
        self.attributes: dict[str, Any] = {}


def _exchange_of(handler: BaseHTTPRequestHandler) -> Exchange | None:
    """Give the request that the handler is at. Not by ``__dict__``: once looked at, it makes every attribute slower."""
    exchange = getattr(handler, "_otel_exchange", None)
    return exchange if type(exchange) is Exchange else None


class Door:
    """The way to ``http_server_telemetry``, which loads the OpenTelemetry API: open from the first server or request on.

    Attributes:
        telemetry: what makes the spans, once it is loaded.
    """

    __slots__ = ("_trusts_forwarded", "telemetry")

    def __init__(self, *, trusts_forwarded: bool) -> None:
        """Stay shut."""
        self._trusts_forwarded = trusts_forwarded
        self.telemetry: Telemetry | None = None

    def open(self) -> Telemetry:
        """Load it."""
        from otelrun.instrumentation.http_server_telemetry import Telemetry  # noqa: PLC0415 - not for the import

        self.telemetry = telemetry = self.telemetry or Telemetry(SCOPE, trusts_forwarded=self._trusts_forwarded)
        return telemetry

    def begin(self, handler: BaseHTTPRequestHandler, exchange: Exchange) -> None:
        """Start the span of a request that was parsed."""
        with _GUARD:
            (self.telemetry or self.open()).begin(handler, exchange)

    def end(self, handler: BaseHTTPRequestHandler, error: BaseException | None) -> None:
        """End the handler's request, if it is at one."""
        exchange = _exchange_of(handler)
        if exchange is not None:
            handler._otel_exchange = None  # type: ignore[attr-defined]
            with _GUARD:
                (self.telemetry or self.open()).end(handler, exchange, error)


def _note_status(handler: BaseHTTPRequestHandler, code: Any) -> None:
    """Keep the final status of the request; a rejection before ``parse_request`` (a line too long) begins one."""
    exchange = _exchange_of(handler)
    if exchange is not None and exchange.code is code:
        return  # ``send_response`` tells it twice
    status = int(code) if isinstance(code, int) or (isinstance(code, str) and _STATUS.match(code)) else 0
    if status >= _FIRST_FINAL_STATUS:
        if exchange is None:
            exchange = handler._otel_exchange = Exchange(handler)  # type: ignore[attr-defined]
        exchange.code = code
        exchange.status = status


def _init_server(original: Callable[..., None], door: Door) -> Callable[..., None]:
    def __init__(self: BaseServer, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        original(self, *args, **kwargs)
        if door.telemetry is None:
            with _GUARD:
                door.open()

    return __init__


def _parse_request(original: Callable[..., bool], door: Door) -> Callable[..., bool]:
    def parse_request(self: BaseHTTPRequestHandler) -> bool:
        door.end(self, None)  # of a subclass that handles several requests by itself
        exchange = self._otel_exchange = Exchange(self)  # type: ignore[attr-defined]
        is_parsed = original(self)
        if is_parsed:
            door.begin(self, exchange)
        return is_parsed

    return parse_request


def _handle_one_request(original: Callable[..., None], door: Door) -> Callable[..., None]:
    def handle_one_request(self: BaseHTTPRequestHandler) -> None:
        try:
            original(self)
        except BaseException as error:
            door.end(self, error)
            hide_frame(error)
            raise
        door.end(self, None)

    return handle_one_request


def _finish(original: Callable[..., None], door: Door) -> Callable[..., None]:
    """Called also while an exception leaves ``handle``; then that is the one being handled here and was not before."""

    def finish(self: BaseHTTPRequestHandler) -> None:
        exchange = _exchange_of(self)
        if exchange is not None:
            error = sys.exc_info()[1]
            door.end(self, None if error is exchange.handled else error)
        original(self)

    return finish


def _send_response_only(original: Callable[..., None]) -> Callable[..., None]:
    def send_response_only(self: BaseHTTPRequestHandler, code: Any, message: str | None = None) -> None:
        _note_status(self, code)
        original(self, code, message)

    return send_response_only


def _log_request(original: Callable[..., None]) -> Callable[..., None]:
    """``wsgiref`` writes its responses past the handler and tells it the status only here, in the end."""

    def log_request(self: BaseHTTPRequestHandler, code: Any = "-", size: Any = "-") -> None:
        _note_status(self, code)
        original(self, code, size)

    return log_request


def _log_error(original: Callable[..., None]) -> Callable[..., None]:
    """``handle_one_request`` swallows a time-out, after telling it here."""

    def log_error(self: BaseHTTPRequestHandler, *args: Any, **kwargs: Any) -> None:
        exchange = _exchange_of(self)
        error = sys.exc_info()[1]
        if exchange is not None and isinstance(error, TimeoutError):
            exchange.error = error
        original(self, *args, **kwargs)

    return log_error
