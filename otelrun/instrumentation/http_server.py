"""``http.server``: a SERVER span and a duration for each request of any ``BaseHTTPRequestHandler``.

A request begins when its request line and headers are being parsed and ends with ``handle_one_request``; for subclasses
that replace that method or ``handle`` (``wsgiref``), with the next request or with ``finish``. The span is current while
the program's ``do_METHOD`` runs. Idle connections, time-outs before a request and empty request lines make no span.

Option ``trust_forwarded: true``: a proxy's ``Forwarded``, else ``X-Forwarded-*``, says who the client and the server are.
"""

from __future__ import annotations

import sys
from time import perf_counter, time_ns

from opentelemetry import context, propagate, trace
from opentelemetry.propagators.textmap import Getter

from otelrun.diagnostics import guarded
from otelrun.instrumentation import http_conventions as http
from otelrun.instrumentation import sources
from otelrun.instrumentation.duration import create_duration
from otelrun.instrumentation.failure import ERROR_TYPE, record_failure
from otelrun.instrumentation.patching import hide_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextvars import Token
    from http.server import BaseHTTPRequestHandler
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "http_server"
TARGETS = ("http.server",)
SCOPE = "otelrun.instrumentation.http_server"

_EXCHANGE = "_otel_exchange"
_SCHEMES = ("http", "https")
_VERSIONS = ("0.9", "1.0", "1.1")
_FIRST_FINAL_STATUS = 200
_FIRST_SERVER_ERROR = 500


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch ``BaseHTTPRequestHandler``."""
    from http.server import BaseHTTPRequestHandler  # noqa: PLC0415 - loaded by the program

    instrument(ledger, BaseHTTPRequestHandler, options)


def instrument(ledger: Ledger, Handler: Any, options: Mapping[str, Any]) -> None:  # noqa: N803 - a class
    """Patch one class that is ``BaseHTTPRequestHandler``, wherever it was defined."""
    telemetry = _Telemetry(trusts_forwarded=options.get("trust_forwarded") is True)
    ledger.wrap(Handler, "parse_request", lambda original: _parse_request(original, telemetry))
    ledger.wrap(Handler, "handle_one_request", lambda original: _handle_one_request(original, telemetry))
    ledger.wrap(Handler, "finish", lambda original: _finish(original, telemetry))
    ledger.wrap(Handler, "send_response_only", _send_response_only)
    ledger.wrap(Handler, "log_request", _log_request)
    ledger.wrap(Handler, "log_error", _log_error)


class _Exchange:
    """One request and its response, while the handler is at it."""

    __slots__ = ("attributes", "began", "began_ns", "error", "handled", "headers_before", "span", "status", "token")

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.began_ns = time_ns()
        self.began = perf_counter()
        self.headers_before = handler.__dict__.get("headers")
        self.handled = sys.exc_info()[1]
        self.status = 0
        self.error: BaseException | None = None
        self.span: trace.Span | None = None
        self.token: Token[Any] | None = None
        self.attributes: dict[str, Any] = {}


class _Telemetry:
    """Makes the spans and the durations."""

    def __init__(self, *, trusts_forwarded: bool) -> None:
        self._trusts_forwarded = trusts_forwarded
        self._tracer = sources.get_tracer(SCOPE)
        self._duration = create_duration(
            SCOPE, http.HTTP_SERVER_REQUEST_DURATION, "Duration of HTTP server requests.", http.DURATION_BOUNDARIES_S
        )

    def begin(self, handler: BaseHTTPRequestHandler, exchange: _Exchange) -> None:
        """Start the span of a parsed (or rejected) request and make it current."""
        is_read = handler.__dict__.get("headers") is not exchange.headers_before
        headers = _read_headers(handler.headers) if is_read else {}
        parent = propagate.extract(headers, context.Context(), _GETTER) or context.Context()
        attributes = _request_attributes(handler, headers, _read_forwarded(headers) if self._trusts_forwarded else {})
        exchange.attributes = {name: attributes[name] for name in (http.HTTP_REQUEST_METHOD, http.URL_SCHEME)}
        if attributes.get(http.NETWORK_PROTOCOL_VERSION) in _VERSIONS:  # no series for whatever a client thinks of
            exchange.attributes[http.NETWORK_PROTOCOL_VERSION] = attributes[http.NETWORK_PROTOCOL_VERSION]
        exchange.span = self._tracer.start_span(
            http.span_name(handler.command or ""),
            parent,
            trace.SpanKind.SERVER,
            attributes,
            start_time=exchange.began_ns,
        )
        exchange.token = context.attach(trace.set_span_in_context(exchange.span, parent))

    def end(self, handler: BaseHTTPRequestHandler, error: BaseException | None) -> None:
        """End the handler's request, if it is at one."""
        exchange: _Exchange | None = handler.__dict__.pop(_EXCHANGE, None)
        if exchange is None:
            return
        with guarded(NAME):
            if exchange.span is None and exchange.status:
                self.begin(handler, exchange)
            if exchange.span is not None:
                self._end_span(exchange, exchange.span, error or exchange.error)
        if exchange.token is not None:
            with guarded(NAME):
                context.detach(exchange.token)

    def _end_span(self, exchange: _Exchange, span: trace.Span, error: BaseException | None) -> None:
        attributes = exchange.attributes
        if exchange.status:
            attributes[http.HTTP_RESPONSE_STATUS_CODE] = exchange.status
            span.set_attribute(http.HTTP_RESPONSE_STATUS_CODE, exchange.status)
        if error is not None:
            attributes[ERROR_TYPE] = record_failure(span, error)
        elif exchange.status >= _FIRST_SERVER_ERROR:
            attributes[ERROR_TYPE] = str(exchange.status)
            span.set_attribute(ERROR_TYPE, str(exchange.status))
            span.set_status(trace.Status(trace.StatusCode.ERROR))
        self._duration(perf_counter() - exchange.began, attributes, None)
        span.end()


class _HeaderGetter(Getter[dict[str, str]]):
    """Reads headers whose names were lowered, by whatever name a propagator has for them."""

    def get(self, carrier: dict[str, str], key: str) -> list[str] | None:
        value = carrier.get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: dict[str, str]) -> list[str]:
        return list(carrier)


_GETTER = _HeaderGetter()


def _read_headers(message: Any) -> dict[str, str]:
    """Lower the names of the headers and join repeated ones by commas, as WSGI does."""
    headers: dict[str, str] = {}
    for name, value in getattr(message, "raw_items", message.items)():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    return headers


def _request_attributes(
    handler: BaseHTTPRequestHandler, headers: dict[str, str], forwarded: dict[str, str]
) -> dict[str, Any]:
    attributes: dict[str, Any] = dict(http.method_attributes(handler.command or ""))
    if handler.command:
        attributes[http.URL_PATH], query = http.split_target(handler.path)
        if query:
            attributes[http.URL_QUERY] = query
    else:
        del attributes[http.HTTP_REQUEST_METHOD_ORIGINAL]
    if handler.request_version.startswith("HTTP/"):
        attributes[http.NETWORK_PROTOCOL_VERSION] = handler.request_version[5:]
    is_encrypted = hasattr(getattr(handler, "request", None), "selected_alpn_protocol")
    scheme = forwarded.get("proto", "").lower()
    if scheme not in _SCHEMES:
        scheme = "https" if is_encrypted else "http"
    attributes[http.URL_SCHEME] = scheme
    authority = forwarded.get("host") or headers.get("host")
    if authority:
        address, port = http.split_authority(authority)
        port = port or http.DEFAULT_PORTS.get(scheme)
    else:
        address, port = _split_socket_address(getattr(getattr(handler, "server", None), "server_address", None))
    peer, peer_port = _split_socket_address(getattr(handler, "client_address", None))
    client, client_port = http.split_authority(forwarded["for"]) if "for" in forwarded else (peer, peer_port)
    optional = (
        (http.SERVER_ADDRESS, address),
        (http.SERVER_PORT, port),
        (http.CLIENT_ADDRESS, client),
        (http.CLIENT_PORT, client_port),
        (http.NETWORK_PEER_ADDRESS, peer),
        (http.NETWORK_PEER_PORT, peer_port),
        (http.USER_AGENT_ORIGINAL, headers.get("user-agent")),
    )
    attributes.update((name, value) for name, value in optional if value)
    return attributes


def _split_socket_address(address: Any) -> tuple[str, int | None]:
    """Give host and port of an internet address, the path of a Unix one."""
    if isinstance(address, tuple) and len(address) > 1:
        return str(address[0]), address[1] if isinstance(address[1], int) else None
    return (address if isinstance(address, str) else ""), None


def _read_forwarded(headers: dict[str, str]) -> dict[str, str]:
    """Read what the first proxy says of the original request (``for``, ``host``, ``proto``): RFC 7239, else X-Forwarded."""
    if "forwarded" in headers:
        pairs = (part.partition("=") for part in headers["forwarded"].partition(",")[0].split(";"))
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if value}
    return {
        name: headers[f"x-forwarded-{name}"].partition(",")[0].strip()
        for name in ("for", "host", "proto")
        if f"x-forwarded-{name}" in headers
    }


def _note_status(handler: BaseHTTPRequestHandler, code: Any) -> None:
    """Keep the final status of the request; a rejection before ``parse_request`` (a line too long) begins one."""
    with guarded(NAME):
        status = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdigit()) else 0
        if status >= _FIRST_FINAL_STATUS:
            exchange = handler.__dict__.get(_EXCHANGE)
            if exchange is None:
                exchange = handler.__dict__[_EXCHANGE] = _Exchange(handler)
            exchange.status = status


def _parse_request(original: Callable[..., bool], telemetry: _Telemetry) -> Callable[..., bool]:
    def parse_request(self: BaseHTTPRequestHandler) -> bool:
        telemetry.end(self, None)  # of a subclass that handles several requests by itself
        exchange = self.__dict__[_EXCHANGE] = _Exchange(self)
        is_parsed = original(self)
        if is_parsed:
            with guarded(NAME):
                telemetry.begin(self, exchange)
        return is_parsed

    return parse_request


def _handle_one_request(original: Callable[..., None], telemetry: _Telemetry) -> Callable[..., None]:
    def handle_one_request(self: BaseHTTPRequestHandler) -> None:
        try:
            original(self)
        except BaseException as error:
            telemetry.end(self, error)
            hide_frame(error)
            raise
        telemetry.end(self, None)

    return handle_one_request


def _finish(original: Callable[..., None], telemetry: _Telemetry) -> Callable[..., None]:
    """Called also while an exception leaves ``handle``; then that is the one being handled here and was not before."""

    def finish(self: BaseHTTPRequestHandler) -> None:
        exchange = self.__dict__.get(_EXCHANGE)
        if exchange is not None:
            error = sys.exc_info()[1]
            telemetry.end(self, None if error is exchange.handled else error)
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
        exchange = self.__dict__.get(_EXCHANGE)
        error = sys.exc_info()[1]
        if exchange is not None and isinstance(error, TimeoutError):
            exchange.error = error
        original(self, *args, **kwargs)

    return log_error
