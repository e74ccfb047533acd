"""OpenTelemetry's stable conventions for HTTP, as server and client share them: names, methods, buckets, redaction.

Pure: values in, values out. Names are those of ``opentelemetry.semconv``; a contract test compares them.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CLIENT_ADDRESS = "client.address"
CLIENT_PORT = "client.port"
HTTP_REQUEST_BODY_SIZE = "http.request.body.size"
HTTP_REQUEST_METHOD = "http.request.method"
HTTP_REQUEST_METHOD_ORIGINAL = "http.request.method_original"
HTTP_REQUEST_RESEND_COUNT = "http.request.resend_count"
HTTP_RESPONSE_BODY_SIZE = "http.response.body.size"
HTTP_RESPONSE_STATUS_CODE = "http.response.status_code"
HTTP_ROUTE = "http.route"
NETWORK_PEER_ADDRESS = "network.peer.address"
NETWORK_PEER_PORT = "network.peer.port"
NETWORK_PROTOCOL_VERSION = "network.protocol.version"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
URL_FULL = "url.full"
URL_PATH = "url.path"
URL_QUERY = "url.query"
URL_SCHEME = "url.scheme"
USER_AGENT_ORIGINAL = "user_agent.original"

HTTP_CLIENT_REQUEST_DURATION = "http.client.request.duration"
HTTP_SERVER_ACTIVE_REQUESTS = "http.server.active_requests"
HTTP_SERVER_REQUEST_BODY_SIZE = "http.server.request.body.size"
HTTP_SERVER_RESPONSE_BODY_SIZE = "http.server.response.body.size"
HTTP_SERVER_REQUEST_DURATION = "http.server.request.duration"
DURATION_BOUNDARIES_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

_PORT_DIGITS = 5
DEFAULT_PORTS = {"http": 80, "https": 443}
OTHER_METHOD = "_OTHER"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"))
REDACTED = "REDACTED"
_SECRET_PARAMETERS = frozenset(("AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature"))


def method_attributes(method: str) -> dict[str, str]:
    """Give the attributes of a request method: itself if it is a standard one, else ``_OTHER`` and the original."""
    if method in _METHODS:
        return {HTTP_REQUEST_METHOD: method}
    return {HTTP_REQUEST_METHOD: OTHER_METHOD, HTTP_REQUEST_METHOD_ORIGINAL: method}


def known_method(method: str | None) -> str:
    """Give a request method itself if it is a standard one, else ``_OTHER``."""
    return method if method in _METHODS else OTHER_METHOD


def span_name(method: str) -> str:
    """Give the name of a span without a known route: the method, ``HTTP`` for an unknown one."""
    return method if method in _METHODS else "HTTP"


def redact_query(query: str) -> str:
    """Replace the values of the query parameters that the conventions name as secrets."""
    if "ig" not in query and "AWSAccessKeyId" not in query:
        return query
    return "&".join(
        f"{name}={REDACTED}" if equals and name in _SECRET_PARAMETERS else f"{name}{equals}{value}"
        for name, equals, value in (part.partition("=") for part in query.split("&"))
    )


def redact_url(url: str) -> str:
    """Replace user, password and secret query parameters of an absolute URL."""
    url, hash_sign, fragment = url.partition("#")
    url, mark, query = url.partition("?")
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        authority = f"{REDACTED}:{REDACTED}@{authority.rpartition('@')[2]}"
    return f"{scheme}{separator}{authority}{slash}{path}{mark}{redact_query(query)}{hash_sign}{fragment}"


def split_target(target: str) -> tuple[str, str]:
    """Split a request target, in origin or absolute form, into path and redacted query (both without their marks)."""
    if not target.startswith("/") and "://" in target.partition("?")[0]:
        try:
            parts = urlsplit(target)
        except ValueError:  # brackets that are no IPv6 address
            return target, ""
        return parts.path or "/", redact_query(parts.query)
    if "#" in target:
        target = target.partition("#")[0]
    path, _, query = target.partition("?")
    return path, redact_query(query) if query else ""


def head_items(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Give names and values of the headers of a request or response, as a line of text for each; its first line is none."""
    for line in lines:
        name, colon, value = bytes(line).decode("latin-1").partition(":")
        if colon and name.isascii() and " " not in name:
            yield name, value.strip()


@lru_cache(maxsize=64)
def split_authority(authority: str) -> tuple[str, int | None]:
    """Split ``host[:port]`` into host (IPv6 without brackets) and port."""
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port or (":" in host and not host.endswith("]")):
        host, port = authority, ""
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= _PORT_DIGITS else 0
    return host.removeprefix("[").removesuffix("]"), number or None
