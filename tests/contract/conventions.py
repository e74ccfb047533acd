"""The semantic conventions as the tests know them: the installed constants, and what these do not hold, written down by hand.

The constants package has names, the values of enumerations, and functions that make metrics. It has no types of attributes
and no list of what a span or a metric must have: those follow https://opentelemetry.io/docs/specs/semconv/.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from enum import Enum
from typing import TYPE_CHECKING

import opentelemetry.semconv._incubating.attributes as incubating
import opentelemetry.semconv._incubating.metrics as incubating_metrics
import opentelemetry.semconv.attributes as stable
import opentelemetry.semconv.metrics as stable_metrics

if TYPE_CHECKING:
    from types import ModuleType

OWN = {
    "otelrun.interrupted": bool,  # a span that its process left open
    "otelrun.asyncio.callback.duration": float,  # seconds; of an event
}
"""Attributes of otelrun's own, with their types."""

OWN_METRICS = {
    "otelrun.asyncio.loop.lag": ("histogram", "s", "How late a timer of an event loop fires."),
    "otelrun.function.duration": ("histogram", "s", "Duration of calls of a function that the profile names."),
}
"""Metrics of otelrun's own: what they are to be. There is no convention for lags of loops and calls of functions."""

OWN_TEMPLATES = ("otelrun.function.argument.",)
"""Beginnings of names of attributes of otelrun's own, of which the profile says what they hold."""

OWN_EVENTS = {"otelrun.asyncio.slow_callback"}

OF_THE_SDK = {
    "exception.escaped": str,  # deprecated, but each recorded exception of the SDK has it
    "event.name": str,  # deprecated; taken from a log record's extra, never written
    "otel.metric.overflow": bool,  # specification/metrics/sdk.md, cardinality limits
}
"""Attributes that the SDK writes, and that are none of the conventions' or are deprecated there, with their types."""

TYPES: dict[str, type] = {
    "client.address": str,
    "client.port": int,
    "code.file.path": str,
    "code.function.name": str,
    "code.line.number": int,
    "code.stacktrace": str,
    "container.id": str,
    "cpu.mode": str,
    "deployment.environment.name": str,
    "error.type": str,
    "exception.message": str,
    "exception.stacktrace": str,
    "exception.type": str,
    "host.arch": str,
    "host.id": str,
    "host.name": str,
    "http.request.body.size": int,
    "http.request.method": str,
    "http.request.method_original": str,
    "http.request.resend_count": int,
    "http.response.body.size": int,
    "http.response.status_code": int,
    "http.route": str,
    "network.peer.address": str,
    "network.peer.port": int,
    "network.protocol.version": str,
    "os.description": str,
    "os.name": str,
    "os.type": str,
    "os.version": str,
    "otel.component.name": str,
    "otel.component.type": str,
    "otel.event.name": str,
    "process.command_args": list,
    "process.context_switch.type": str,
    "process.executable.name": str,
    "process.executable.path": str,
    "process.owner": str,
    "process.parent_pid": int,
    "process.pid": int,
    "process.runtime.description": str,
    "process.runtime.name": str,
    "process.runtime.version": str,
    "rpc.method": str,
    "rpc.method_original": str,
    "rpc.response.status_code": str,
    "rpc.system.name": str,
    "server.address": str,
    "server.port": int,
    "service.instance.id": str,
    "service.name": str,
    "system.paging.fault.type": str,
    "telemetry.distro.name": str,
    "telemetry.distro.version": str,
    "telemetry.sdk.language": str,
    "telemetry.sdk.name": str,
    "telemetry.sdk.version": str,
    "thread.id": int,
    "thread.name": str,
    "url.full": str,
    "url.path": str,
    "url.query": str,
    "url.scheme": str,
    "user_agent.original": str,
}
"""The type of each attribute that otelrun writes."""

REQUIRED_OF_SPANS = {
    ("http_server", "SERVER"): {"http.request.method", "url.path", "url.scheme"},
    ("http_client", "CLIENT"): {"http.request.method", "server.address", "server.port", "url.full"},
    ("grpc_client", "CLIENT"): {"rpc.system.name", "rpc.method", "server.address", "server.port"},
    ("grpc_server", "SERVER"): {"rpc.system.name", "rpc.method"},
    ("grpc_aio_client", "CLIENT"): {"rpc.system.name", "rpc.method", "server.address", "server.port"},
    ("grpc_aio_server", "SERVER"): {"rpc.system.name", "rpc.method"},
    ("asyncio", "INTERNAL"): set(),
    ("methods", "INTERNAL"): {"code.function.name", "code.file.path", "code.line.number"},
}
"""Instrumentation and kind → what each such span must have."""

REQUIRED_OF_POINTS = {
    "http.server.request.duration": {"http.request.method", "url.scheme"},
    "http.client.request.duration": {"http.request.method", "server.address", "server.port"},
    "rpc.server.call.duration": {"rpc.system.name", "rpc.method"},
    "rpc.client.call.duration": {"rpc.system.name", "rpc.method", "server.address", "server.port"},
    "process.context_switches": {"process.context_switch.type"},
    "process.cpu.time": {"cpu.mode"},
    "process.memory.usage": set(),
    "process.memory.virtual": set(),
    "process.paging.faults": {"system.paging.fault.type"},
    "process.thread.count": set(),
    "process.unix.file_descriptor.count": set(),
    "process.uptime": set(),
    "otelrun.asyncio.loop.lag": set(),
    "otelrun.function.duration": {"code.function.name"},
}

ALLOWED_OF_POINTS = {
    "http.server.request.duration": {
        *("http.response.status_code", "http.route", "error.type", "network.protocol.name", "network.protocol.version"),
        *("server.address", "server.port", "user_agent.synthetic.type"),
    },
    "http.client.request.duration": {
        *("http.response.status_code", "error.type", "network.protocol.name", "network.protocol.version", "url.scheme"),
        "url.template",
    },
    "otelrun.function.duration": {"error.type"},
    "rpc.server.call.duration": {"rpc.response.status_code", "error.type", "server.address", "server.port"},
    "rpc.client.call.duration": {"rpc.response.status_code", "error.type"},
}
"""Metric → the attributes it may have beside the required ones, where there are such; any other makes series that the conventions do not know."""


class _Meter:
    """Gives what the conventions' own functions ask a meter to make."""

    def __getattr__(self, kind: str) -> object:
        return lambda **asked: (kind.removeprefix("create_"), asked["unit"], asked["description"])


def _modules(package: ModuleType) -> list[ModuleType]:
    return [
        importlib.import_module(found.name) for found in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    ]


def _names(*packages: ModuleType) -> dict[str, tuple[ModuleType, str]]:
    return {
        value: (module, name)
        for package in packages
        for module in _modules(package)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }


ATTRIBUTES = _names(incubating, stable)
METRICS = _names(incubating_metrics, stable_metrics)
"""Name → the module that has the constant, and the constant's name."""


def is_deprecated(name: str) -> bool:
    """Say whether the conventions call a name deprecated, in the text below its constant."""
    module, constant = {**METRICS, **ATTRIBUTES}[name]
    after = re.split(rf"^{constant}: Final", inspect.getsource(module), maxsplit=1, flags=re.MULTILINE)[1]
    return "Deprecated" in after.split('"""', 2)[1]


def metric(name: str) -> tuple[str, str, str]:
    """Give what a metric is to be: kind of instrument, unit, description."""
    if name in OWN_METRICS:
        return OWN_METRICS[name]
    function = f"create_{name.replace('.', '_')}"
    for module in _modules(incubating_metrics):  # the stable ones are there, too
        if hasattr(module, function):
            make = getattr(module, function)
            rest = [None] * ("callbacks" in inspect.signature(make).parameters)
            made: tuple[str, str, str] = make(_Meter(), *rest)
            return made
    raise LookupError(name)


def enumeration(name: str) -> set[str] | None:
    """Give the values that the conventions name for an attribute; None where it takes any."""
    module, constant = ATTRIBUTES[name]
    wanted = "".join(word.capitalize() for word in constant.split("_")) + "Values"
    found = getattr(module, wanted, None)
    return {member.value for member in found} if isinstance(found, type) and issubclass(found, Enum) else None
