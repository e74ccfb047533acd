"""``http.client``: a CLIENT span, a duration and the propagation headers for each request of any ``HTTPConnection``.

A request begins with ``putrequest`` and ends when ``getresponse`` has the headers (a body still to be read is not in the
span), when sending fails, or when the connection is closed before. Nothing happens inside another instrumentation's HTTP
request (``requests``, ``urllib3``), which says so in the context. The span is never current.
"""

from __future__ import annotations

import sys
from time import perf_counter, time_ns

from otelrun.diagnostics import guarded
from otelrun.instrumentation import http_conventions as http
from otelrun.instrumentation import sources
from otelrun.instrumentation.duration import create_duration
from otelrun.instrumentation.failure import ERROR_TYPE, record_failure
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.side_table import SideTable

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

_FIRST_ERROR = 400
_VERSIONS = {10: "1.0", 11: "1.1"}
_GUARD = guarded(NAME)  # one for all: it keeps nothing


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch ``HTTPConnection``."""
    from http.client import HTTPConnection  # noqa: PLC0415 - loaded by the program

    telemetry = _Telemetry(HTTPConnection.putheader)
    ledger.wrap(HTTPConnection, "putrequest", lambda original: _putrequest(original, telemetry))
    ledger.wrap(HTTPConnection, "endheaders", lambda original: _endheaders(original, telemetry))
    ledger.wrap(HTTPConnection, "getresponse", lambda original: _getresponse(original, telemetry))
    ledger.wrap(HTTPConnection, "close", lambda original: _close(original, telemetry))


class _Exchange:
    """One request and its response."""

    __slots__ = ("attributes", "began", "context", "is_sent", "span")

    def __init__(self, span: Span, context: Context, attributes: dict[str, Any], began: float) -> None:
        self.span = span
        self.context = context
        self.attributes = attributes
        self.began = began
        self.is_sent = False


class _Telemetry:
    """Makes the spans and the durations; loads the OpenTelemetry API at the first request.

    Its methods fail open, each by itself.
    """

    def __init__(self, putheader: Callable[..., None]) -> None:
        self._putheader = putheader
        self._exchanges = SideTable(lambda exchange: self.end(exchange, None, None))
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
            present = {bytes(line).partition(b":")[0].decode("latin-1").lower() for line in lines}
            if "traceparent" in present:
                present.add("tracestate")  # ours does not belong to the program's own parent
            for name, value in carrier.items():
                if name.lower() not in present:
                    self._putheader(connection, name, value)

    def end(self, exchange: _Exchange, response: HTTPResponse | None, error: BaseException | None) -> None:
        """End a request with what came of it; with neither response nor error it was given up."""
        span, attributes = exchange.span, exchange.attributes
        with _GUARD:
            if error is not None:
                attributes[ERROR_TYPE] = record_failure(span, error)
            elif response is not None:
                answer: dict[str, Any] = {http.HTTP_RESPONSE_STATUS_CODE: response.status}
                if response.version in _VERSIONS:
                    answer[http.NETWORK_PROTOCOL_VERSION] = _VERSIONS[response.version]
                if response.status >= _FIRST_ERROR:
                    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - loaded by now

                    answer[ERROR_TYPE] = str(response.status)
                    span.set_status(Status(StatusCode.ERROR))
                attributes.update(answer)
                span.set_attributes(answer)
            self._record_duration(exchange)
            span.end()

    def _record_duration(self, exchange: _Exchange) -> None:
        if self._duration is None:
            self._duration = create_duration(
                SCOPE,
                http.HTTP_CLIENT_REQUEST_DURATION,
                "Duration of HTTP client requests.",
                http.DURATION_BOUNDARIES_S,
            )
        self._duration(perf_counter() - exchange.began, exchange.attributes, exchange.context)


def _request_attributes(connection: Any, method: str, target: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give a request's attributes for its span and for its duration.

    The server is the one the request is for: behind a proxy, that of the tunnel or of the absolute target.
    """
    scheme = "https" if connection.default_port == http.DEFAULT_PORTS["https"] else "http"
    host, port = connection._tunnel_host, connection._tunnel_port
    if not host:
        host, port = connection.host, connection.port
    if target.startswith(("http://", "https://")):
        scheme, _, rest = target.partition("://")
        url = target
        host, port = http.split_authority(rest.partition("/")[0].partition("?")[0].rpartition("@")[2])
        port = port or http.DEFAULT_PORTS[scheme]
    else:
        host = host.removeprefix("[").removesuffix("]")
        name = f"[{host}]" if ":" in host else host
        authority = name if port == http.DEFAULT_PORTS[scheme] else f"{name}:{port}"
        url = f"{scheme}://{authority}{'' if target.startswith('/') else '/'}{target}"
    described = {http.SERVER_ADDRESS: host, http.SERVER_PORT: port}
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
                telemetry.end(exchange, None, error)
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
                telemetry.end(exchange, None, error)
            raise
        if exchange is not None:
            telemetry.end(exchange, response, None)
        return response

    return getresponse


def _close(original: Callable[..., None], telemetry: _Telemetry) -> Callable[..., None]:
    def close(self: HTTPConnection) -> None:
        exchange = telemetry.take(self)
        if exchange is not None:
            telemetry.end(exchange, None, sys.exc_info()[1])
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return close
