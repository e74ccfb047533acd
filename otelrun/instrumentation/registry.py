"""Which of otelrun's instrumentations belongs to which module of the program. Data only: imports nothing.

The entry-point name of an instrumentation is its module's name below ``otelrun.instrumentation`` with dots as underscores;
what helps another one has the name of that, and ``failures`` that of upstream's.
"""

from __future__ import annotations

OWN: dict[str, tuple[str, ...]] = {
    "asyncio.base_events": ("asyncio", "asyncio_tasks", "failures"),
    "asyncio.queues": ("asyncio_queue",),
    "concurrent.futures.process": ("futures_process",),
    "concurrent.futures.thread": ("futures",),
    "eventlet.patcher": ("eventlet_locks",),
    "grpc": ("grpc.client", "grpc.server"),
    "grpc.aio": ("grpc.aio_client", "grpc.aio_server"),
    "http.client": ("http_client",),
    "http.server": ("http_server",),
    "logging": ("logging",),
    "multiprocessing.pool": ("pools",),
    "multiprocessing.queues": ("multiprocessing_queues",),
    "multiprocessing.spawn": ("multiprocessing",),
    "opentelemetry.context.contextvars_context": ("opentelemetry_context",),
    "queue": ("queue",),
    "sched": ("sched",),
    "socketserver": ("http_server_command",),
    "threading": ("threading", "failures"),
    "urllib.request": ("http_client_redirects",),
}
"""Module whose import triggers → modules of ours, named below ``otelrun.instrumentation``."""

UPSTREAM_BASE = "opentelemetry.instrumentation.instrumentor"
"""The module of upstream's ``BaseInstrumentor``."""

_OTHER_NAMES = {
    "asyncio_tasks": "asyncio_queue",
    "eventlet_locks": "threading",
    "failures": "exceptions",
    "futures_process": "futures",
    "http_client_redirects": "http_client",
    "http_server_command": "http_server",
    "multiprocessing_queues": "pools",
}


def entry_point_name(module: str) -> str:
    """Give the entry-point name of the instrumentation that a module of ``OWN`` belongs to."""
    return _OTHER_NAMES.get(module) or module.replace(".", "_")


def entry_point_names() -> set[str]:
    """Give the entry-point names of all instrumentations of otelrun's own."""
    return {entry_point_name(module) for modules in OWN.values() for module in modules}
