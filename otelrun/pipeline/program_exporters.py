"""Where a program's own SDK sends to, and which exporters of the profile send to the same place: nothing is to go there twice.

Read off the SDK's own objects, by the names that its processors and exporters have had since 1.20. Nothing is called, and
what is not recognised is somewhere else.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from otelrun.profile.model import Processor

_INSIDE = (
    "_active_span_processor",
    "_multi_log_record_processor",
    "_span_processors",
    "_log_record_processors",
    "_batch_processor",
    "_processor",
    "processor",
    "span_exporter",
    "_exporter",
    "exporter",
    "wrapped_exporter",
)
"""Names under which providers, processors and exporters hold others, of the SDK and of those who wrap its objects."""

_DEEPEST = 8
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SIGNALS = ("/v1/traces", "/v1/logs")
_OTLP_PORTS = (4317, 4318)
"""Where one collector takes OTLP: over gRPC and over HTTP."""


class Shared(NamedTuple):
    """Which exporters of the profile send where the program sends: their bits, and their endpoints for people."""

    bits: int
    endpoints: tuple[str, ...]


NOTHING = Shared(0, ())


def shared(holder: Any, processors: Sequence[Processor]) -> Shared:
    """Compare what a provider or processor of the program exports to with the profile's exporters of the signal.

    Args:
        holder: the program's.
        processors: of the profile, those whose exporters the agent runs; the n-th has bit n.
    """
    theirs = {place(endpoint) for endpoint in _endpoints(holder, 0)}
    bits, endpoints = 0, []
    for number, processor in enumerate(processors):
        exporter = processor.exporter
        if exporter is not None and exporter.kind in ("otlp_http", "otlp_grpc") and place(exporter.endpoint) in theirs:
            bits |= 1 << number
            endpoints.append(_without_user(exporter.endpoint))
    return Shared(bits, tuple(endpoints))


def place(endpoint: str) -> tuple[str, int, str]:
    """Name the place that an OTLP endpoint is, whatever it is called: host, port, path before the signal's."""
    url = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    host = (url.hostname or "").lower()
    port = url.port or (443 if url.scheme == "https" else 80)
    path = url.path.rstrip("/")
    for signal in _SIGNALS:
        path = path.removesuffix(signal)
    return "localhost" if host in _LOOPBACK else host, _OTLP_PORTS[0] if port in _OTLP_PORTS else port, path


def _without_user(endpoint: str) -> str:
    scheme, separator, rest = endpoint.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _endpoints(holder: Any, depth: int) -> Iterator[str]:
    """Find the OTLP endpoints in what a provider holds."""
    if depth > _DEEPEST:
        return
    if isinstance(holder, tuple | list):
        for item in holder:
            yield from _endpoints(item, depth + 1)
        return
    endpoint = getattr(holder, "_endpoint", None)
    if isinstance(endpoint, str):
        yield endpoint
    for name in _INSIDE:
        inside = getattr(holder, "__dict__", {}).get(name)
        if inside is not None:
            yield from _endpoints(inside, depth + 1)
