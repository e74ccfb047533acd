"""URLs of OTLP exporters: what is a usable one, what OTLP's defaults and ports are, and what ``--to`` means. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from otelrun.profile.problems import quote
from otelrun.profile.rules import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

HTTP_PORT = 4318
GRPC_PORT = 4317
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SIGNALS = ("traces", "metrics", "logs")
_USER = re.compile(r"^([A-Za-z]+://)?.*@", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9._\-\[\]:]+(/.*)?")


class Destination(NamedTuple):
    """Where ``--to`` sends: the exporter's kind, and a base to which OTLP/HTTP adds each signal's path."""

    kind: str
    base: str

    def endpoint(self, signal: str) -> str:
        """Give the exporter's endpoint for a signal."""
        return http_endpoint(self.base, signal) if self.kind == "otlp_http" else self.base


def default_endpoint(kind: str, signal: str) -> str:
    """Give the official default."""
    return f"http://localhost:{HTTP_PORT}/v1/{signal}" if kind == "otlp_http" else f"http://localhost:{GRPC_PORT}"


def http_endpoint(base: str, signal: str) -> str:
    """Add a signal's path to a base URL, as OTEL_EXPORTER_OTLP_ENDPOINT is meant."""
    return f"{base.rstrip('/')}/v1/{signal}"


def without_user(url: str) -> str:
    """Hide user and password of a URL, for messages; rather too much than too little."""
    return _USER.sub(r"\1…@", url)


def port_of(url: str) -> int | None:
    """Give the port of a URL; None if it has none or is not a URL."""
    try:
        return urlsplit(url if "//" in url else f"//{url}").port
    except ValueError:
        return None


def http_test(signal: str) -> Callable[[str, str], Finding | None]:
    """Make the test of an OTLP/HTTP endpoint for one signal."""

    def test(url: str, shown: str) -> Finding | None:
        if fault := _http_fault(url, shown, signal):
            return Finding(fault)
        path = urlsplit(url).path
        if port_of(url) == GRPC_PORT:
            text = f"has the port of OTLP/gRPC; write otlp_grpc instead of otlp_http, or port {HTTP_PORT}"
            return Finding(text, is_error=False)
        if path in ("", "/"):
            whole = http_endpoint(without_user(shown), signal)
            return Finding(f"has no path, and OTLP/HTTP sends to exactly this URL; write {whole}", is_error=False)
        return None

    return test


def grpc_test(url: str, shown: str) -> Finding | None:
    """Test an OTLP/gRPC endpoint: an http or https URL, or host:port."""
    fault = _http_fault(url if "//" in url else f"http://{url}", shown, "")
    if fault:
        return Finding(fault)
    if port_of(url) == HTTP_PORT:
        text = f"has the port of OTLP/HTTP; write otlp_http instead of otlp_grpc, or port {GRPC_PORT}"
        return Finding(text, is_error=False)
    return None


def parse_destination(url: str) -> Destination:
    """Read ``--to URL``.

    Raises:
        ValueError: it is not a URL that OTLP can be sent to; one line that says what to write.
    """
    scheme, separator, rest = url.partition("://")
    if scheme in ("grpc", "grpcs") and separator:
        plain = f"{'http' if scheme == 'grpc' else 'https'}://{rest}".rstrip("/")
        if port_of(plain) is None:
            plain = f"{plain}:{GRPC_PORT}"
        kind = "otlp_grpc"
    else:
        plain = url
        kind = "otlp_grpc" if port_of(url) == GRPC_PORT else "otlp_http"
    if fault := _http_fault(plain, url, ""):
        message = f"--to: {quote(without_user(url))} {fault}"
        raise ValueError(message)
    for signal in SIGNALS:
        plain = plain.removesuffix("/").removesuffix(f"/v1/{signal}")
    return Destination(kind, plain)


def _http_fault(url: str, shown: str, signal: str) -> str:
    """Continue the sentence about a URL that is none; empty if it is one."""
    example = f"http://localhost:{HTTP_PORT}" + (f"/v1/{signal}" if signal else "")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return f"is not a URL; write e.g. {example}"
    if parts.scheme not in ("http", "https"):
        looks_like_host = "//" not in url and _HOST.fullmatch(url) and not url.startswith("/")
        return f"is not a URL; write {'http://' + without_user(shown) if looks_like_host else 'e.g. ' + example}"
    if not host or any(c.isspace() or not c.isprintable() for c in url):
        return f"is not a URL; write e.g. {example}"
    return ""
