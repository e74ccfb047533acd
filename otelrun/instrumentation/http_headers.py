"""The headers of a request to a server: those that are wanted, read in one pass, and the parent span they carry.

Which headers can carry a parent is asked of the global propagator. One that does not say what it reads is given all of them.
"""

from __future__ import annotations

from opentelemetry import context, propagate
from opentelemetry.propagators.textmap import Getter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from opentelemetry.propagators.textmap import TextMapPropagator

_FORWARDED = ("for", "host", "proto")
_PROXY = frozenset(("forwarded", *(f"x-forwarded-{name}" for name in _FORWARDED)))
_WANTED = _PROXY | {"host", "user-agent"}
_READ_WHAT_THEY_WRITE = ("opentelemetry.trace.propagation.tracecontext", "opentelemetry.baggage.propagation")


class HeaderReader:
    """Reads the headers of requests. Notices when the program sets another global propagator."""

    __slots__ = ("_always", "_carrying", "_propagator", "_wanted")

    def __init__(self, *also: str) -> None:
        """Prepare; the propagator is looked at with the first request.

        Args:
            also: lowered names of further headers that are wanted.
        """
        self._always = _WANTED.union(also)
        self._propagator: TextMapPropagator | None = None
        self._carrying: frozenset[str] | None = None
        self._wanted: frozenset[str] | None = None

    def read(self, message: Any) -> dict[str, str]:
        """Give the wanted headers by lowered names; repeated ones are joined by commas, as in WSGI.

        Args:
            message: the headers as ``http.server`` parsed them, or what a subclass has in their place.
        """
        propagator = propagate.get_global_textmap()
        if propagator is not self._propagator:
            self._carrying = _carrying_headers(propagator)
            self._wanted = None if self._carrying is None else self._always | self._carrying
            self._propagator = propagator
        wanted = self._wanted
        items: Iterable[tuple[str, str]] = getattr(message, "raw_items", message.items)()
        headers: dict[str, str] = {}
        for name, value in items:
            key = name.lower()
            if wanted is None or key in wanted:
                headers[key] = f"{headers[key]},{value}" if key in headers else value
        return headers

    def parent(self, headers: dict[str, str]) -> context.Context:
        """Give the context that headers from ``read`` carry; an empty one for none."""
        if self._carrying is not None and self._carrying.isdisjoint(headers):
            return context.Context()
        return propagate.extract(headers, context.Context(), _GETTER) or context.Context()


class _HeaderGetter(Getter[dict[str, str]]):
    """Reads headers whose names were lowered, by whatever name a propagator has for them."""

    def get(self, carrier: dict[str, str], key: str) -> list[str] | None:
        value = carrier.get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: dict[str, str]) -> list[str]:
        return list(carrier)


_GETTER = _HeaderGetter()


def _carrying_headers(propagator: TextMapPropagator) -> frozenset[str] | None:
    """Give the lowered names of all headers that a propagator reads, or None where that is not known.

    ``fields`` is what it writes, and only of the API's own propagators known to be all they read; ours say it themselves.
    """
    found: set[str] = set()
    for part in getattr(propagator, "_propagators", (propagator,)):
        fields = getattr(part, "extracted_fields", None)
        if fields is None and type(part).__module__ in _READ_WHAT_THEY_WRITE:
            fields = part.fields
        if fields is None:
            return None
        found.update(fields)
    return frozenset(found)


def read_forwarded(headers: dict[str, str]) -> dict[str, str]:
    """Read what the first proxy says of the original request (``for``, ``host``, ``proto``): RFC 7239, else X-Forwarded."""
    if "forwarded" in headers:
        pairs = (part.partition("=") for part in headers["forwarded"].partition(",")[0].split(";"))
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if value}
    return {
        name: headers[f"x-forwarded-{name}"].partition(",")[0].strip()
        for name in _FORWARDED
        if f"x-forwarded-{name}" in headers
    }
