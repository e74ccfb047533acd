"""Profile ↔ one compact string: what the launcher hands to the program and to the agent. Neither ever parses YAML.

The string is a ``marshal`` version 2 dump of plain tuples in hexadecimal, so that any CPython 3 reads it at the cost of
microseconds, and imports nothing for it. The parts that start-up needs are plain; the profile itself is decoded only when
telemetry begins. After a dot follows the path of the run's directory, likewise, for processes that can read nothing else, see
``otelrun.stood_down``.
"""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from otelrun.profile.model import Profile

VERSION = 5
_MARSHAL_VERSION = 2
_FIRST_NAMES = ("pipeline", "reason", "default_enabled", "switches")


class Handoff:
    """What one process hands to the next.

    Attributes:
        run_directory: path of the run's directory; empty where there is none (then the pipeline is in the program).
        pipeline: ``agent`` or ``in_process``.
        reason: why it is in_process, one line; empty for agent.
        default_enabled: see ``Otelrun``.
        switches: instrumentation name → on or off, for those the profile names.
        packed_profile: the profile, still packed; see ``profile``.
        overlay: directories that hold the launcher's OpenTelemetry packages; see ``otelrun.startup.overlay``.
        children: ``all``, ``inherit`` or ``none``; see ``Otelrun``.
        start_context: see ``Otelrun``.
        summary: how much is to be said of the run when its first process has ended (``line``, ``full``), that process's id, and
            whether also where stderr is no terminal. Empty where nothing is to be said.
    """

    __slots__ = (
        "children",
        "default_enabled",
        "overlay",
        "packed_profile",
        "pipeline",
        "reason",
        "run_directory",
        "start_context",
        "summary",
        "switches",
    )

    def __init__(  # noqa: PLR0913 - the parts of the string
        self,
        *,
        run_directory: str,
        pipeline: str,
        reason: str,
        default_enabled: bool,
        switches: dict[str, bool],
        packed_profile: Any,
        overlay: tuple[str, ...] = (),
        children: str = "all",
        start_context: str = "auto",
        summary: tuple[str, int, bool] | tuple[()] = (),
    ) -> None:
        """Keep the parts."""
        self.run_directory = run_directory
        self.pipeline = pipeline
        self.reason = reason
        self.default_enabled = default_enabled
        self.switches = switches
        self.packed_profile = packed_profile
        self.overlay = overlay
        self.children = children
        self.start_context = start_context
        self.summary = summary

    def is_enabled(self, instrumentation: str) -> bool:
        """Say whether an instrumentation is to be used, without unpacking the profile."""
        return self.switches.get(instrumentation, self.default_enabled)

    def options(self, instrumentation: str) -> dict[str, Any]:
        """Give the options of an instrumentation, by entry-point name, without unpacking the profile."""
        for entry in self.packed_profile.get("instrumentations", ()):
            if entry["name"] == instrumentation:
                return dict(entry.get("options", ()))
        return {}

    def methods(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """Give the functions of the program that are to be spans, without unpacking the profile.

        Returns:
            Module → pairs of a name within it and the names of parameters; see ``model.Method``.
        """
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for method in self.packed_profile.get("otelrun", {}).get("methods", ()):
            module, _, name = method["target"].partition(":")
            found.setdefault(module, []).append((name, tuple(method.get("arguments", ()))))
        return found

    def profile(self) -> Profile:
        """Unpack the profile (imports the model)."""
        profile: Profile = _unpack(self.packed_profile)
        return profile


def write(
    profile: Profile,
    *,
    run_directory: str,
    pipeline: str,
    reason: str = "",
    overlay: tuple[str, ...] = (),
    summary: tuple[str, int, bool] | tuple[()] = (),
) -> str:
    """Write a handoff as ASCII text without blanks."""
    names = {entry.name for entry in profile.instrumentations}
    names.update(profile.otelrun.enabled, profile.otelrun.disabled)
    parts = (
        VERSION,
        pipeline,
        reason,
        profile.otelrun.default_enabled,
        {name: profile.is_enabled(name) for name in names},
        _pack(profile),
        overlay,
        profile.otelrun.children,
        profile.otelrun.start_context,
        summary,
    )
    return f"{marshal.dumps(parts, _MARSHAL_VERSION).hex()}.{os.fsencode(run_directory).hex()}"


def read(text: str) -> Handoff:
    """Read a handoff.

    Raises:
        ValueError: it is not one, or of another version of otelrun.
    """
    try:
        coded, directory = text.split(".")
        version, *parts = marshal.loads(bytes.fromhex(coded))
        if version != VERSION:
            raise ValueError
        names = (*_FIRST_NAMES, "packed_profile", "overlay", "children", "start_context", "summary")
        run_directory = os.fsdecode(bytes.fromhex(directory))
        return Handoff(run_directory=run_directory, **dict(zip(names, parts, strict=True)))
    except (ValueError, TypeError, EOFError) as error:
        message = "the handoff in the environment is of another version of otelrun, or damaged"
        raise ValueError(message) from error


def _pack(value: Any) -> Any:
    """Turn the model's named tuples into ``{"": class name, field: value}``, leaving out what has its default."""
    if not hasattr(value, "_fields"):
        if isinstance(value, tuple | list):
            return tuple(_pack(item) for item in value)
        if isinstance(value, dict):
            return {key: _pack(item) for key, item in value.items()}
        return value
    packed = {"": type(value).__name__}
    defaults = value._field_defaults
    for name, current in zip(value._fields, value, strict=True):
        if name not in defaults or current != defaults[name]:
            packed[name] = _pack(current)
    return packed


def _unpack(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_unpack(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "" not in value:
        return {key: _unpack(item) for key, item in value.items()}
    from otelrun.profile import model  # noqa: PLC0415 - typing is not for start-up

    fields = {key: _unpack(item) for key, item in value.items() if key}
    return getattr(model, value[""])(**fields)
