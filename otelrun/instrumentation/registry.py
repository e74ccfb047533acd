"""Which of otelrun's instrumentations belongs to which module of the program. Data only: imports nothing.

The entry-point name of an instrumentation is its module's name below ``otelrun.instrumentation`` with dots as underscores.
"""

from __future__ import annotations

OWN: dict[str, tuple[str, ...]] = {
    "asyncio.base_events": ("asyncio",),
    "concurrent.futures.thread": ("futures",),
    "grpc": ("grpc.client", "grpc.server"),
    "grpc.aio": ("grpc.aio_client", "grpc.aio_server"),
    "http.client": ("http_client",),
    "http.server": ("http_server",),
    "logging": ("logging",),
    "threading": ("threading",),
}
"""Module whose import triggers → modules of ours, named below ``otelrun.instrumentation``."""
