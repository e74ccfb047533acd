"""``http.client``: a CLIENT span, a duration and the propagation headers for each request of any ``HTTPConnection``.

A request begins with ``putrequest`` and ends with the body of its response: when that is read to its end, is closed, or is no
more. Before, it ends when sending fails or the connection is closed. Nothing happens inside another instrumentation's HTTP
request (``requests``, ``urllib3``), which says so in the context. The span is never current.

Options: ``excluded_urls``, ``request_captured_headers``, ``response_captured_headers``, ``redacted_headers``; see the reference.
"""

from __future__ import annotations

import sys
from time import perf_counter, time_ns

from otelrun.diagnostics import guarded
from otelrun.instrumentation import http_conventions as http
from otelrun.instrumentation import sources
from otelrun.instrumentation.duration import create_duration
from otelrun.instrumentation.failure import ERROR_TYPE, record_failure
from otelrun.instrumentation.http_client_redirects import RESEND_COUNT
from otelrun.instrumentation.http_options import read_captured, read_excluded
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.side_table import SideTable
from otelrun.lifecycle import exit as at_end
from otelrun.lifecycle import fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.client import HTTPConnection, HTTPResponse
    from typing import Any

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from otelrun.instrumentation.duration import Record
    from otelrun.instrumentation.patching import Ledger

NAME = "http_client"
TARGETS = ("http.client",)
SCOPE = "otelrun.instrumentation.http_client"

_FIRST_FINAL = 200
_FIRST_ERROR = 400
_VERSIONS = {10: "1.0", 11: "1.1"}
_GUARD = guarded(NAME)  # one for all: it keeps nothing


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch ``HTTPConnection`` and ``HTTPResponse``."""
    from http.client import HTTPConnection, HTTPResponse  # noqa: PLC0415 - loaded by the program

    telemetry = _Telemetry(HTTPConnection.putheader, options)
    ledger.wrap(HTTPConnection, "putrequest", lambda original: _putrequest(original, telemetry))
    ledger.wrap(HTTPConnection, "endheaders", lambda original: _endheaders(original, telemetry))
    ledger.wrap(HTTPConnection, "getresponse", lambda original: _getresponse(original, telemetry))
    ledger.wrap(HTTPConnection, "close", lambda original: _close(original, telemetry))
    ledger.wrap(HTTPResponse, "_close_conn", lambda original: _close_conn(original, telemetry))


class _Exchange:
    """One request and its response."""

    __slots__ = ("attributes", "began", "context", "handled", "is_sent", "span")

    def __init__(self, span: Span, context: Context, attributes: dict[str, Any], began: float) -> None:
        self.span = span
        self.context = context
        self.attributes = attributes
        self.began = began
        self.is_sent = False
        self.handled = id(sys.exc_info()[1])  # what goes wrong with this request is another one


class _Telemetry:
    """Makes the spans and the durations; loads the OpenTelemetry API at the first request.

    Its methods fail open, each by itself.
    """

    def __init__(self, putheader: Callable[..., None], options: Mapping[str, Any]) -> None:
        self._putheader = putheader
        self._excluded = read_excluded({"excluded_urls": options.get("excluded_urls")})
        self._request_headers = read_captured(options, "request")
        self._response_headers = read_captured(options, "response")
        self._exchanges = SideTable(lambda exchange: self.end(exchange, None))
        self._responses = SideTable(lambda exchange: self.end(exchange, None))
        self._is_prepared = False
        self._tracer: Tracer | None = None
        self._duration: Record | None = None

    def take(self, connection: HTTPConnection) -> _Exchange | None:
        """Take the request off the connection."""
        try:
            exchange: _Exchange | None = self._exchanges.take(connection)
        except Exception:
            with _GUARD:
                raise
            return None
        return exchange

    def put_back(self, connection: HTTPConnection, exchange: _Exchange) -> None:
        """Have the connection be at a request again."""
        with _GUARD:
            self._exchanges.set(connection, exchange)

    def begin(self, connection: HTTPConnection, method: str, target: str, began_ns: int) -> None:
        """Start the span of a request, unless this context asks for none."""
        with _GUARD:
            from opentelemetry import context, trace  # noqa: PLC0415 - not before the first request

            current = context.get_current()
            if current.get(context._SUPPRESS_HTTP_INSTRUMENTATION_KEY) or current.get(
                context._SUPPRESS_INSTRUMENTATION_KEY
            ):
                return
            attributes, described = _request_attributes(connection, method, target or "/")
            if self._excluded is not None and self._excluded.holds("", attributes[http.URL_FULL]):
                return
            if RESEND_COUNT in current:
                attributes[http.HTTP_REQUEST_RESEND_COUNT] = current[RESEND_COUNT]
            if self._tracer is None:
                self._tracer = sources.get_tracer(SCOPE)
            span = self._tracer.start_span(
                http.span_name(method), current, trace.SpanKind.CLIENT, attributes, start_time=began_ns
            )
            carried = trace.set_span_in_context(span, current)
            self._exchanges.set(connection, _Exchange(span, carried, described, perf_counter()))

    def inject(self, connection: HTTPConnection, exchange: _Exchange) -> None:
        """Add the propagation headers that the program has not set itself."""
        with _GUARD:
            from opentelemetry import propagate  # noqa: PLC0415 - not before the first request

            carrier: dict[str, str] = {}
            propagate.inject(carrier, exchange.context)
            lines = getattr(connection, "_buffer", ())
            if self._request_headers is not None:
                exchange.span.set_attributes(self._request_headers.attributes(http.head_items(lines)))
            present = {bytes(line).partition(b":")[0].decode("latin-1").lower() for line in lines}
            if "traceparent" in present:
                present.add("tracestate")  # ours does not belong to the program's own parent
            for name, value in carrier.items():
                if name.lower() not in present:
                    self._putheader(connection, name, value)

    def note_answer(self, exchange: _Exchange, response: HTTPResponse) -> None:
        """Keep what a response says; end the request with it, or else with its body."""
        span, attributes = exchange.span, exchange.attributes
        has_body = False
        with _GUARD:
            answer: dict[str, Any] = {http.HTTP_RESPONSE_STATUS_CODE: response.status}
            if response.version in _VERSIONS:
                answer[http.NETWORK_PROTOCOL_VERSION] = _VERSIONS[response.version]
            if response.status >= _FIRST_ERROR:
                from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - loaded by now

                answer[ERROR_TYPE] = str(response.status)
                span.set_status(Status(StatusCode.ERROR))
            attributes.update(answer)
            if self._response_headers is not None:
                answer.update(self._response_headers.attributes(response.headers.items()))
            span.set_attributes(answer)
            if response.status >= _FIRST_FINAL and getattr(response, "length", 0) != 0 and not response.isclosed():
                self._keep(response, exchange)
                has_body = True
        if not has_body:
            self.end(exchange, None)

    def _keep(self, response: HTTPResponse, exchange: _Exchange) -> None:
        """Have the request end with its response, or with the program; in a forked child it is not the child's to end."""
        if not self._is_prepared:
            self._is_prepared = True
            self._prepare_duration()  # its meter's own last act has to come after ours
            at_end.at_exit(self._end_all)
            fork.in_child(self._responses.clear)
        self._responses.set(response, exchange)

    def _end_all(self) -> None:
        with _GUARD:
            self._responses.bury_all()

    def end_body(self, response: HTTPResponse) -> None:
        """End the request whose response is closed, or read to its end, with the exception that has led to it."""
        with _GUARD:
            exchange = self._responses.take(response)
            if exchange is not None:
                error = sys.exc_info()[1]
                self.end(exchange, error if id(error) != exchange.handled and self._is_of_reading(error) else None)

    def end(self, exchange: _Exchange, error: BaseException | None) -> None:
        """End a request; without a response and an error it was given up."""
        with _GUARD:
            if error is not None:
                exchange.attributes[ERROR_TYPE] = record_failure(exchange.span, error)
            self._record_duration(exchange)
            exchange.span.end()

    def _is_of_reading(self, error: BaseException | None) -> bool:
        """Say whether an exception has come through ``http.client``; the program may close a response for one of its own."""
        place = self._putheader.__code__.co_filename
        trace = error.__traceback__ if error is not None else None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == place:
                return True
            trace = trace.tb_next
        return False

    def _record_duration(self, exchange: _Exchange) -> None:
        record = self._duration or self._prepare_duration()
        record(perf_counter() - exchange.began, exchange.attributes, exchange.context)

    def _prepare_duration(self) -> Record:
        if self._duration is None:
            self._duration = create_duration(
                SCOPE,
                http.HTTP_CLIENT_REQUEST_DURATION,
                "Duration of HTTP client requests.",
                http.DURATION_BOUNDARIES_S,
            )
        return self._duration


def _request_attributes(connection: Any, method: str, target: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give a request's attributes for its span and for its duration.

    The server is the one the request is for: behind a proxy, that of the tunnel or of the absolute target.
    """
    scheme = "https" if connection.default_port == http.DEFAULT_PORTS["https"] else "http"
    host, port = connection._tunnel_host, connection._tunnel_port
    if not host:
        host, port = connection.host, connection.port
    if method == "CONNECT":
        host, port = http.split_authority(target)
        url = f"{scheme}://{target}"
    elif target.startswith(("http://", "https://")):
        scheme, _, rest = target.partition("://")
        url = target
        host, port = http.split_authority(rest.partition("/")[0].partition("?")[0].rpartition("@")[2])
        port = port or http.DEFAULT_PORTS[scheme]
    else:
        host = host.removeprefix("[").removesuffix("]")
        name = f"[{host}]" if ":" in host else host
        authority = name if port == http.DEFAULT_PORTS[scheme] else f"{name}:{port}"
        url = f"{scheme}://{authority}{'' if target.startswith('/') else '/'}{target}"
    described = {http.SERVER_ADDRESS: host, http.SERVER_PORT: port or http.DEFAULT_PORTS[scheme]}
    attributes = {**http.method_attributes(method), **described, http.URL_FULL: http.redact_url(url)}
    described[http.HTTP_REQUEST_METHOD] = attributes[http.HTTP_REQUEST_METHOD]
    return attributes, described


def _putrequest(original: Callable[..., None], telemetry: _Telemetry) -> Callable[..., None]:
    def putrequest(
        self: HTTPConnection, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False
    ) -> None:
        began_ns = time_ns()
        try:
            original(self, method, url, skip_host, skip_accept_encoding)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        telemetry.begin(self, method, url, began_ns)

    return putrequest


def _endheaders(original: Callable[..., None], telemetry: _Telemetry) -> Callable[..., None]:
    def endheaders(self: HTTPConnection, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        exchange = telemetry.take(self)  # a close from in here is part of what happens
        is_first = exchange is not None and not exchange.is_sent
        if exchange is not None and is_first:
            exchange.is_sent = True
            telemetry.inject(self, exchange)
        try:
            original(self, message_body, encode_chunked=encode_chunked)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            if exchange is not None and is_first:
                telemetry.end(exchange, error)
                exchange = None
            raise
        finally:
            if exchange is not None:
                telemetry.put_back(self, exchange)

    return endheaders


def _getresponse(original: Callable[..., HTTPResponse], telemetry: _Telemetry) -> Callable[..., HTTPResponse]:
    def getresponse(self: HTTPConnection) -> HTTPResponse:
        exchange = telemetry.take(self)
        try:
            response = original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            if exchange is not None:
                telemetry.end(exchange, error)
            raise
        if exchange is not None:
            telemetry.note_answer(exchange, response)
        return response

    return getresponse


def _close(original: Callable[..., None], telemetry: _Telemetry) -> Callable[..., None]:
    def close(self: HTTPConnection) -> None:
        exchange = telemetry.take(self)
        if exchange is not None:
            telemetry.end(exchange, sys.exc_info()[1])
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return close


def _close_conn(original: Callable[..., None], telemetry: _Telemetry) -> Callable[..., None]:
    """Where every way to read a response to its end leads, and every way to close it."""

    def _close_conn(self: HTTPResponse) -> None:
        telemetry.end_body(self)
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return _close_conn
