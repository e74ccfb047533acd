"""What a span is called when people count: its endpoint, its library, its status. Pure: attributes in, text out.

Attribute names are those of OpenTelemetry's stable semantic conventions, with the older names that instrumentations still use.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otelrun.store.rows import Attributes

APP = "app"
"""The program's own code, in what time went into."""

_LONGEST = 200
_LONGEST_LIBRARY = 24
_STATUS = ("http.response.status_code", "rpc.response.status_code", "rpc.grpc.status_code", "http.status_code")
_METHODS = ("http.request.method", "http.method")
_SYSTEMS = (
    "db.system.name",
    "db.system",
    "rpc.system.name",
    "rpc.system",
    "messaging.system",
    "gen_ai.provider.name",
    "gen_ai.system",
)
_VARYING = re.compile(
    r"""(?x) ^(?: \d[\d.,:_-]* | [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12} | (?=[^/]*\d)[0-9a-fA-F]{12,}
    | (?=[^/]*\d)[A-Za-z0-9_=-]{24,} )$"""
)
_NOT_FOUND = "404"
_SERVER_ERROR = 500


def library_of(kind: str, attributes: Attributes) -> str:
    """Say what a client or producer span waited for: ``sqlite``, ``grpc``, ``http``, ``kafka``, …; ``app`` for any other kind."""
    if kind not in {"client", "producer"}:
        return APP
    for name in _SYSTEMS:
        system = attributes.get(name)
        if isinstance(system, str) and system:
            return system[:_LONGEST_LIBRARY]
    return "http" if any(name in attributes for name in _METHODS) else kind


def status_of(attributes: Attributes) -> str:
    """Give the HTTP or RPC status, empty where there is none."""
    for name in _STATUS:
        code = attributes.get(name)
        if isinstance(code, (int, str)):
            return str(code)[:_LONGEST_LIBRARY]
    return ""


def is_server_error(attributes: Attributes) -> bool:
    """Say whether the status is an HTTP status of 500 or above."""
    code = status_of(attributes)
    return code.isdecimal() and len(code) == 3 and int(code) >= _SERVER_ERROR  # noqa: PLR2004 - HTTP's have three digits


def route_of(name: str, attributes: Attributes) -> str:
    """Give the route a request took, ``/items/{id}``; without one a guess from its path, else the span's name."""
    route = attributes.get("http.route")
    if isinstance(route, str) and route:
        return route[:_LONGEST]
    path = attributes.get("url.path") or attributes.get("http.target")
    if isinstance(path, str) and path and (_METHODS[0] in attributes or _METHODS[1] in attributes):
        return template_of(path.partition("?")[0])
    return name[:_LONGEST]


def endpoint_of(name: str, kind: str, attributes: Attributes) -> str:
    """Name what a request belongs to: method and route; where no route is known, a guess from the path.

    Args:
        name: of the span.
        kind: of the span.
        attributes: of the span.
    """
    method = attributes.get(_METHODS[0]) or attributes.get(_METHODS[1])
    if not isinstance(method, str) or kind not in {"server", "consumer"}:
        return name[:_LONGEST]
    if not attributes.get("http.route") and status_of(attributes) == _NOT_FOUND:
        return f"{method} (not found)"[:_LONGEST]
    route = route_of("", attributes)
    return f"{method} {route}"[:_LONGEST] if route else name[:_LONGEST]


@lru_cache(10_000)
def template_of(path: str) -> str:
    """Guess the route of a path: segments that are numbers or ids become ``*``."""
    segments = path[:_LONGEST].split("/")
    return "/".join("*" if _VARYING.match(segment) else segment for segment in segments)
