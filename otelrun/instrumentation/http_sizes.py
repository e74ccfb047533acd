"""The sizes of the bodies that ``http.server`` receives and sends, where the profile asks for them.

They are those that the heads say (``Content-Length``), or that the server has counted (``wsgiref``); what is sent in chunks, or
until the connection ends, has none.
"""

from __future__ import annotations

from otelrun.instrumentation import http_conventions as http
from otelrun.instrumentation.duration import create_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from opentelemetry.trace import Span

    from otelrun.instrumentation.http_server import Exchange

_WITHOUT_BODY = (204, 304)
_MAX_DIGITS = 18


class Sizes:
    """Writes the sizes on the spans, and measures them."""

    __slots__ = ("_request", "_response")

    def __init__(self, scope: str) -> None:
        """Make the histograms."""
        self._request = create_size(scope, http.HTTP_SERVER_REQUEST_BODY_SIZE, "Size of HTTP server request bodies.")
        self._response = create_size(scope, http.HTTP_SERVER_RESPONSE_BODY_SIZE, "Size of HTTP server response bodies.")

    def note_request(self, attributes: dict[str, Any], headers: Mapping[str, str]) -> None:
        """Add what the request's head says to the attributes of its span."""
        size = _as_size(headers.get("content-length", ""))
        if size is not None:
            attributes[http.HTTP_REQUEST_BODY_SIZE] = size

    def record(self, exchange: Exchange, span: Span) -> None:
        """Measure both, now that the response is sent."""
        attributes = exchange.attributes
        if exchange.request_size is not None:
            self._request(exchange.request_size, attributes, None)
        size = exchange.size
        if size is None:
            size = _size_of(exchange.lines)
        is_sent = attributes[http.HTTP_REQUEST_METHOD] != "HEAD" and exchange.status not in _WITHOUT_BODY
        if size is not None and is_sent:
            span.set_attribute(http.HTTP_RESPONSE_BODY_SIZE, size)
            self._response(size, attributes, None)


def _size_of(lines: tuple[bytes, ...]) -> int | None:
    sizes = [value for name, value in http.head_items(lines) if name.lower() == "content-length"]
    return _as_size(sizes[0]) if sizes else None


def _as_size(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None
