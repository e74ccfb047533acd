"""``http.server``: a SERVER span and a duration for each request of any ``BaseHTTPRequestHandler``.

A request begins when its request line and headers are being parsed and ends with ``handle_one_request``; for subclasses
that replace that method or ``handle`` (``wsgiref``), with the next request or with ``finish``. The span is current while
the program's ``do_METHOD`` runs. Idle connections, time-outs before a request and empty request lines make no span.

Options: ``trust_forwarded``, ``routes``, ``exclude``, ``excluded_urls``, ``request_captured_headers``,
``response_captured_headers``, ``redacted_headers``, ``body_sizes``, ``active_requests``; see the reference.
"""

from __future__ import annotations

import re
import sys
from time import perf_counter, time_ns

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.side_table import SideTable

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
_SWITCHING = 101  # interim by its number, and final for the request
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
    door = Door(options)
    ledger.wrap(Handler, "parse_request", lambda original: _parse_request(original, door))
    ledger.wrap(Handler, "handle_one_request", lambda original: _handle_one_request(original, door))
    ledger.wrap(Handler, "finish", lambda original: _finish(original, door))
    ledger.wrap(Handler, "send_response_only", lambda original: _send_response_only(original, door))
    ledger.wrap(Handler, "log_request", lambda original: _log_request(original, door))
    ledger.wrap(Handler, "log_error", lambda original: _log_error(original, door))
    if options.get("body_sizes") is True or options.get("response_captured_headers"):
        ledger.wrap(Handler, "end_headers", lambda original: _end_headers(original, door))
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
        "is_excluded",
        "lines",
        "request_size",
        "size",
        "span",
        "status",
        "token",
    )

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        """Begin now."""
        self.began_ns = time_ns()
        self.began = perf_counter()
        self.headers_before = getattr(handler, "headers", None)
        self.handled = id(sys.exc_info()[1])
        self.code: Any = None  # as the handler gave it
        self.status = 0
        self.is_excluded = False
        self.lines: tuple[bytes, ...] = ()  # of the response's head
        self.request_size: int | None = None  # of the bodies, in bytes
        self.size: int | None = None
        self.error: BaseException | None = None
        self.span: Span | None = None
        self.token: Token[Any] | None = None
        self.attributes: dict[str, Any] = {}


class Door:
    """The way to ``http_server_telemetry``, which loads the OpenTelemetry API: open from the first server or request on.

    Its methods fail open, each by itself.

    Attributes:
        telemetry: what makes the spans, once it is loaded.
    """

    __slots__ = ("_exchanges", "_options", "telemetry")

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Stay shut."""
        self._options = options
        self._exchanges = SideTable(self._abandon)
        self.telemetry: Telemetry | None = None

    def open(self) -> Telemetry | None:
        """Load it."""
        with _GUARD:
            from otelrun.instrumentation.http_server_telemetry import Telemetry  # noqa: PLC0415 - not for the import

            self.telemetry = self.telemetry or Telemetry(SCOPE, self._options)
        return self.telemetry

    def expect(self, handler: BaseHTTPRequestHandler) -> None:
        """Begin a request, which is about to be parsed."""
        try:
            before = self._exchanges.take(handler)
            if before is not None:  # of a subclass that handles several requests by itself
                self._end(handler, before, None)
            self._exchanges.set(handler, Exchange(handler))
        except Exception:
            with _GUARD:
                raise

    def begin(self, handler: BaseHTTPRequestHandler) -> None:
        """Start the span of a request that was parsed."""
        try:
            entry = self._exchanges.find(id(handler))
            telemetry = self.telemetry or self.open()
            if entry is not None and telemetry is not None:
                telemetry.begin(handler, entry.value)
        except Exception:
            with _GUARD:
                raise

    def note_status(self, handler: BaseHTTPRequestHandler, code: Any) -> None:
        """Keep the final status of the request; a rejection before ``parse_request`` (a line too long) begins one."""
        try:
            entry = self._exchanges.find(id(handler))
            exchange = None if entry is None else entry.value
            if exchange is not None and exchange.code is code:
                return  # ``send_response`` tells it twice
            status = int(code) if isinstance(code, int) or (isinstance(code, str) and _STATUS.match(code)) else 0
            if status >= _FIRST_FINAL_STATUS or status == _SWITCHING:
                if exchange is None:
                    exchange = Exchange(handler)
                    self._exchanges.set(handler, exchange)
                exchange.code = code
                exchange.status = status
        except Exception:
            with _GUARD:
                raise

    def note_head(self, handler: BaseHTTPRequestHandler) -> None:
        """Keep the head of the final response, which is about to be sent."""
        with _GUARD:
            entry = self._exchanges.find(id(handler))
            if entry is not None and entry.value.status:
                entry.value.lines = tuple(getattr(handler, "_headers_buffer", ()))

    def note_size(self, handler: BaseHTTPRequestHandler, size: Any) -> None:
        """Keep the size of the response's body, where the handler knows what it has sent."""
        if type(size) is int:
            with _GUARD:
                entry = self._exchanges.find(id(handler))
                if entry is not None:
                    entry.value.size = size

    def note_time_out(self, handler: BaseHTTPRequestHandler) -> None:
        """Keep the time-out that is being handled, if one is."""
        with _GUARD:
            entry = self._exchanges.find(id(handler))
            error = sys.exc_info()[1]
            if entry is not None and isinstance(error, TimeoutError):
                entry.value.error = error

    def end(self, handler: BaseHTTPRequestHandler, error: BaseException | None) -> None:
        """End the handler's request, if it is at one."""
        try:
            exchange = self._exchanges.take(handler)
            if exchange is not None:
                self._end(handler, exchange, error)
        except Exception:
            with _GUARD:
                raise

    def finish(self, handler: BaseHTTPRequestHandler) -> None:
        """End the handler's last request, while an exception leaves ``handle`` with that one: it was not handled before."""
        try:
            exchange = self._exchanges.take(handler)
            if exchange is not None:
                error = sys.exc_info()[1]
                self._end(handler, exchange, None if id(error) == exchange.handled else error)
        except Exception:
            with _GUARD:
                raise

    def _abandon(self, exchange: Exchange) -> None:
        """End the request of a handler that is no more: of a subclass that replaces all of this."""
        with _GUARD:
            if exchange.span is not None and self.telemetry is not None:
                self.telemetry.end_span(exchange, exchange.span, exchange.error)

    def _end(self, handler: BaseHTTPRequestHandler, exchange: Exchange, error: BaseException | None) -> None:
        telemetry = self.telemetry or self.open()
        if telemetry is not None:
            telemetry.end(handler, exchange, error)


def _init_server(original: Callable[..., None], door: Door) -> Callable[..., None]:
    def __init__(self: BaseServer, server_address: Any, RequestHandlerClass: Any) -> None:  # noqa: N803, N807 - its names
        try:
            original(self, server_address, RequestHandlerClass)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        if door.telemetry is None:
            door.open()

    return __init__


def _parse_request(original: Callable[..., bool], door: Door) -> Callable[..., bool]:
    def parse_request(self: BaseHTTPRequestHandler) -> bool:
        door.expect(self)
        try:
            is_parsed = original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        if is_parsed:
            door.begin(self)
        return is_parsed

    return parse_request


def _handle_one_request(original: Callable[..., None], door: Door) -> Callable[..., None]:
    def handle_one_request(self: BaseHTTPRequestHandler) -> None:
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            door.end(self, error)
            raise
        door.end(self, None)

    return handle_one_request


def _finish(original: Callable[..., None], door: Door) -> Callable[..., None]:
    def finish(self: BaseHTTPRequestHandler) -> None:
        door.finish(self)
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return finish


def _send_response_only(original: Callable[..., None], door: Door) -> Callable[..., None]:
    def send_response_only(self: BaseHTTPRequestHandler, code: Any, message: str | None = None) -> None:
        door.note_status(self, code)
        try:
            original(self, code, message)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return send_response_only


def _end_headers(original: Callable[..., None], door: Door) -> Callable[..., None]:
    def end_headers(self: BaseHTTPRequestHandler) -> None:
        door.note_head(self)
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return end_headers


def _log_request(original: Callable[..., None], door: Door) -> Callable[..., None]:
    """``wsgiref`` writes its responses past the handler and tells it the status only here, in the end."""

    def log_request(self: BaseHTTPRequestHandler, code: Any = "-", size: Any = "-") -> None:
        door.note_status(self, code)
        door.note_size(self, size)
        try:
            original(self, code, size)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return log_request


def _log_error(original: Callable[..., None], door: Door) -> Callable[..., None]:
    """``handle_one_request`` swallows a time-out, after telling it here."""

    def log_error(self: BaseHTTPRequestHandler, format: str, *args: Any) -> None:  # noqa: A002 - its name
        door.note_time_out(self)
        try:
            original(self, format, *args)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return log_error
