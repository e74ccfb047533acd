"""The one resource of this process, for all three signals: what the profile says first, then what the process knows of itself.

Reads what is at hand and never waits: no name service, no network, no subprocess.
"""

from __future__ import annotations

import os
import sys

from opentelemetry.version import __version__ as api_version

from otelrun import __version__
from otelrun.lifecycle import fork
from otelrun.pipeline.attributes import clean_value
from otelrun.pipeline.identifiers import new_uuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from otelrun.profile import model

_MAX_ARGUMENTS = 64
_MAX_ARGUMENT_LENGTH = 256
_OS_TYPES = {"linux": "linux", "darwin": "darwin", "win32": "windows", "cygwin": "windows"}
_CONTAINER_ID_LENGTH = 64


class ProcessResource:
    """The resource of the current process, made at first use and again in a forked child."""

    def __init__(self, wanted: model.Resource) -> None:
        """Keep what the profile says."""
        self.schema_url = wanted.schema_url or ""
        self._wanted = wanted
        self._attributes: dict[str, Any] | None = None
        fork.in_child(self._forget)

    def _forget(self) -> None:
        self._attributes = None

    def attributes(self) -> dict[str, Any]:
        """Give the resource's attributes; the same values until the process forks."""
        if self._attributes is None:
            self._attributes = build_resource(self._wanted)
        return self._attributes


def build_resource(wanted: model.Resource) -> dict[str, Any]:
    """Give the attributes of the current process; the profile's win, and of equal names in it the first."""
    attributes: dict[str, Any] = {}
    for name, value in wanted.attributes:
        attributes.setdefault(name, clean_value(value))
    found = {**_always(), **_process(), **_host()}
    for detector in wanted.detectors:
        detect = _BY_REQUEST.get(detector)
        if detect is not None:
            found.update(detect())
    for name, value in found.items():
        if value not in ("", None):
            attributes.setdefault(name, value)
    return attributes


def _always() -> dict[str, Any]:
    return {
        "service.name": f"unknown_service:{os.path.basename(sys.executable or 'python')}",
        "service.instance.id": new_uuid(),
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": api_version,
        "telemetry.distro.name": "otelrun",
        "telemetry.distro.version": __version__,
        "os.type": _OS_TYPES.get(sys.platform, sys.platform),
    }


def _process() -> dict[str, Any]:
    arguments = tuple(clean_value(text, _MAX_ARGUMENT_LENGTH) for text in sys.orig_argv[:_MAX_ARGUMENTS])
    return {
        "process.pid": os.getpid(),
        "process.parent_pid": os.getppid(),
        "process.executable.name": os.path.basename(sys.executable or ""),
        "process.executable.path": sys.executable,
        "process.command_args": arguments,
        "process.owner": _owner(),
        "process.runtime.name": sys.implementation.name,
        "process.runtime.version": ".".join(str(part) for part in sys.version_info[:3]),
        "process.runtime.description": sys.version,
    }


def _host() -> dict[str, Any]:
    if not hasattr(os, "uname"):
        import platform  # noqa: PLC0415 - only where the system has no uname

        return {"host.name": platform.node(), "host.arch": platform.machine()}
    system = os.uname()
    return {
        "host.name": system.nodename,
        "host.arch": _ARCHITECTURES.get(system.machine, system.machine),
        "host.id": _first_line("/etc/machine-id") or _first_line("/var/lib/dbus/machine-id"),
    }


_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "x86", "i386": "x86"}  # the conventions' names


def _operating_system() -> dict[str, Any]:
    if not hasattr(os, "uname"):
        return {}
    system = os.uname()
    return {"os.name": system.sysname, "os.version": system.release, "os.description": system.version}


def _container() -> dict[str, Any]:
    for line in _lines("/proc/self/cgroup") + _lines("/proc/self/mountinfo"):
        for part in line.replace(":", "/").replace("-", "/").replace(".", "/").split("/"):
            if len(part) == _CONTAINER_ID_LENGTH and all(c in "0123456789abcdef" for c in part):
                return {"container.id": part}
    return {}


_BY_REQUEST: dict[str, Callable[[], dict[str, Any]]] = {
    "os": _operating_system,
    "container": _container,
    "containerid": _container,
}


def _owner() -> str:
    """Give the user's name from the local file, else the number: a name service may take seconds to answer."""
    if not hasattr(os, "geteuid"):
        return ""
    wanted = str(os.geteuid())
    for line in _lines("/etc/passwd"):
        name, _, rest = line.partition(":")
        if rest.split(":")[1:2] == [wanted]:
            return name
    return wanted


def _first_line(path: str) -> str:
    return next(iter(_lines(path)), "").strip()


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
