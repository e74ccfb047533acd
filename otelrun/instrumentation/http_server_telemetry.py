"""The spans and durations of ``http.server``'s requests. The patches are in ``http_server``, which loads this with the API."""

from __future__ import annotations

from time import perf_counter

from opentelemetry import context, trace

from otelrun.instrumentation import http_conventions as http
from otelrun.instrumentation import sources
from otelrun.instrumentation.current import detach
from otelrun.instrumentation.duration import create_duration
from otelrun.instrumentation.excluded import exclude
from otelrun.instrumentation.failure import ERROR_TYPE, record_failure
from otelrun.instrumentation.http_headers import HeaderReader, read_forwarded
from otelrun.instrumentation.http_options import read_captured, read_excluded, read_routes
from otelrun.instrumentation.http_sizes import Sizes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.server import BaseHTTPRequestHandler
    from typing import Any

    from opentelemetry.metrics import UpDownCounter

    from otelrun.instrumentation.http_server import Exchange

_SCHEMES = ("http", "https")
_VERSIONS = ("0.9", "1.0", "1.1")
_FIRST_SERVER_ERROR = 500
_SERVER = trace.SpanKind.SERVER


class Telemetry:
    """Makes the spans and the durations."""

    def __init__(self, scope: str, options: Mapping[str, Any]) -> None:
        """Ask for the tracer and make the metrics.

        Args:
            scope: the name of the instrumentation's scope.
            options: of the instrumentation, from the profile.
        """
        self._trusts_forwarded = options.get("trust_forwarded") is True
        self._routes = read_routes(options)
        self._excluded = read_excluded(options)
        self._request_headers = read_captured(options, "request")
        self._response_headers = read_captured(options, "response")
        self._sizes = Sizes(scope) if options.get("body_sizes") is True else None
        self._active = _create_active(scope) if options.get("active_requests") is True else None
        self._headers = HeaderReader("content-length") if self._sizes else HeaderReader()
        self._tracer = sources.get_tracer(scope)
        self._duration = create_duration(
            scope, http.HTTP_SERVER_REQUEST_DURATION, "Duration of HTTP server requests.", http.DURATION_BOUNDARIES_S
        )

    def begin(self, handler: BaseHTTPRequestHandler, exchange: Exchange) -> None:
        """Start the span of a parsed (or rejected) request and make it current."""
        is_read = getattr(handler, "headers", None) is not exchange.headers_before
        headers = self._headers.read(handler.headers) if is_read else {}
        parent = self._headers.parent(headers)
        forwarded = read_forwarded(headers) if self._trusts_forwarded else {}
        exchange.attributes, attributes = _request_attributes(handler, headers, forwarded)
        name = http.span_name(handler.command or "")
        path = attributes.get(http.URL_PATH)
        if path is not None:
            if self._excluded is not None and self._excluded.holds(path, _url(attributes)):
                exchange.is_excluded = True
                exchange.token = context.attach(exclude(parent))
                return
            route = self._routes.find(path) if self._routes is not None else ""
            if route:
                exchange.attributes[http.HTTP_ROUTE] = attributes[http.HTTP_ROUTE] = route
                name = f"{name} {route}"
        if self._request_headers is not None and is_read:
            items = getattr(handler.headers, "raw_items", handler.headers.items)()
            attributes.update(self._request_headers.attributes(items))
        if self._sizes is not None:
            self._sizes.note_request(attributes, headers)
            exchange.request_size = attributes.get(http.HTTP_REQUEST_BODY_SIZE)
        exchange.span = span = self._tracer.start_span(name, parent, _SERVER, attributes, start_time=exchange.began_ns)
        exchange.token = context.attach(trace.set_span_in_context(span, parent))
        if self._active is not None:
            self._active.add(1, _described_active(exchange.attributes))

    def end(self, handler: BaseHTTPRequestHandler, exchange: Exchange, error: BaseException | None) -> None:
        """End a request; one that was rejected before its span began gets it now."""
        try:
            if exchange.span is None and exchange.status and not exchange.is_excluded:
                self.begin(handler, exchange)
            if exchange.span is not None:
                self.end_span(exchange, exchange.span, error or exchange.error)
        finally:
            if exchange.token is not None:
                detach(exchange.token)

    def end_span(self, exchange: Exchange, span: trace.Span, error: BaseException | None) -> None:
        """End a request's span, and measure it."""
        attributes = exchange.attributes
        if self._active is not None:
            self._active.add(-1, _described_active(attributes))
        if exchange.status:
            attributes[http.HTTP_RESPONSE_STATUS_CODE] = exchange.status
            span.set_attribute(http.HTTP_RESPONSE_STATUS_CODE, exchange.status)
        if error is not None:
            attributes[ERROR_TYPE] = record_failure(span, error)
        elif exchange.status >= _FIRST_SERVER_ERROR:
            attributes[ERROR_TYPE] = str(exchange.status)
            span.set_attribute(ERROR_TYPE, str(exchange.status))
            span.set_status(trace.Status(trace.StatusCode.ERROR))
        if self._response_headers is not None and exchange.lines:
            span.set_attributes(self._response_headers.attributes(http.head_items(exchange.lines)))
        if (
            span.is_recording() or not span.get_span_context().trace_flags.sampled
        ):  # else given up for one of the program's
            self._duration(perf_counter() - exchange.began, attributes, None)
            if self._sizes is not None:
                self._sizes.record(exchange, span)
        span.end()


def _request_attributes(
    handler: BaseHTTPRequestHandler, headers: dict[str, str], forwarded: dict[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what is known of a request at its beginning: the attributes of its duration, and those of its span."""
    method = handler.command
    scheme = forwarded.get("proto", "").lower()
    if scheme not in _SCHEMES:
        is_encrypted = hasattr(getattr(handler, "request", None), "selected_alpn_protocol")
        scheme = "https" if is_encrypted else "http"
    described: dict[str, Any] = {http.HTTP_REQUEST_METHOD: http.known_method(method), http.URL_SCHEME: scheme}
    attributes = described.copy()
    if handler.request_version.startswith("HTTP/"):
        version = attributes[http.NETWORK_PROTOCOL_VERSION] = handler.request_version[5:]
        if version in _VERSIONS:  # no series for whatever a client thinks of
            described[http.NETWORK_PROTOCOL_VERSION] = version
    if method:
        if attributes[http.HTTP_REQUEST_METHOD] != method:
            attributes[http.HTTP_REQUEST_METHOD_ORIGINAL] = method
        attributes[http.URL_PATH], query = http.split_target(handler.path)
        if query:
            attributes[http.URL_QUERY] = query
    authority = forwarded.get("host") or headers.get("host")
    if authority:
        address, port = http.split_authority(authority)
        port = port or http.DEFAULT_PORTS.get(scheme)
    else:
        address, port = _split_socket_address(getattr(getattr(handler, "server", None), "server_address", None))
    _add_address(attributes, http.SERVER_ADDRESS, http.SERVER_PORT, address, port)
    peer, peer_port = _split_socket_address(getattr(handler, "client_address", None))
    _add_address(attributes, http.NETWORK_PEER_ADDRESS, http.NETWORK_PEER_PORT, peer, peer_port)
    client, client_port = http.split_authority(forwarded["for"]) if "for" in forwarded else (peer, peer_port)
    _add_address(attributes, http.CLIENT_ADDRESS, http.CLIENT_PORT, client, client_port)
    user_agent = headers.get("user-agent")
    if user_agent:
        attributes[http.USER_AGENT_ORIGINAL] = user_agent
    return described, attributes


def _url(attributes: Mapping[str, Any]) -> str:
    """Give the URL that was asked for, as far as it is known, for the patterns that are about it."""
    host, port = attributes.get(http.SERVER_ADDRESS, ""), attributes.get(http.SERVER_PORT)
    scheme = attributes[http.URL_SCHEME]
    authority = f"[{host}]" if ":" in host else host
    if port and port != http.DEFAULT_PORTS[scheme]:
        authority = f"{authority}:{port}"
    query = attributes.get(http.URL_QUERY)
    return f"{scheme}://{authority}{attributes[http.URL_PATH]}{f'?{query}' if query else ''}"


def _create_active(scope: str) -> UpDownCounter:
    return sources.get_meter(scope).create_up_down_counter(
        http.HTTP_SERVER_ACTIVE_REQUESTS, "{request}", "Number of active HTTP server requests."
    )


def _described_active(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: attributes[name] for name in (http.HTTP_REQUEST_METHOD, http.URL_SCHEME)}


def _add_address(attributes: dict[str, Any], name: str, port_name: str, address: str, port: int | None) -> None:
    if address:
        attributes[name] = address
    if port:
        attributes[port_name] = port


def _split_socket_address(address: Any) -> tuple[str, int | None]:
    """Give host and port of an internet address, the path of a Unix one."""
    if isinstance(address, tuple) and len(address) > 1:
        return str(address[0]), address[1] if isinstance(address[1], int) else None
    return (address if isinstance(address, str) else ""), None
