"""What a process inherits from otelrun: two variables of its environment, and a trace context. Pure; used on both sides of exec.

A trace context is handed over in the variables of OpenTelemetry's environment carrier (``TRACEPARENT``), for everybody to read. A
note beside them says what they would be without otelrun, so that an observed Python shows its program that.
"""

from __future__ import annotations

import os

from otelrun.environment_variables import OTELRUN_CONTEXT, OTELRUN_HANDOFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PYTHONPATH = "PYTHONPATH"
SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch", "shim")
"""The folder that holds nothing but otelrun's ``sitecustomize.py``."""

_END_OF_SHIM = ("otelrun", "launch", "shim")


def add(environment: Mapping[str, str], handoff_text: str) -> dict[str, str]:
    """Build the environment of a process that is to be observed.

    The shim's folder is put in front of PYTHONPATH and the handoff is set. Where the environment comes from another run of
    otelrun, that one's shim and handoff are replaced: the inner run wins, and is part of the outer one's trace.
    """
    built = remove(environment)
    if OTELRUN_CONTEXT in environment:
        built[OTELRUN_CONTEXT] = environment[OTELRUN_CONTEXT]
    built[PYTHONPATH] = with_shim(built.get(PYTHONPATH))
    built[OTELRUN_HANDOFF] = handoff_text
    return built


def remove(environment: Mapping[str, str]) -> dict[str, str]:
    """Build the environment of a process that is not to be observed: without anything of otelrun's."""
    built = dict(environment)
    built.pop(OTELRUN_HANDOFF, None)
    built.pop(OTELRUN_CONTEXT, None)
    if PYTHONPATH in built:
        kept = without_shim(built[PYTHONPATH])
        if kept is None:
            del built[PYTHONPATH]
        else:
            built[PYTHONPATH] = kept
    return built


def with_shim(python_path: str | None) -> str:
    """Put the shim in front of a value of PYTHONPATH (None: it is not set), so that ``without_shim`` gives that value back."""
    if python_path is None:
        return SHIM
    # an empty entry would be the working directory: that the variable is set, and empty, the separator at the end says
    return f"{SHIM}{os.pathsep}{python_path}" if python_path else os.path.join(SHIM, "")


def without_shim(python_path: str) -> str | None:
    """Take any shim of otelrun's out of a value of PYTHONPATH; None where the variable was not set without it."""
    entries = python_path.split(os.pathsep)
    kept = [entry for entry in entries if not _is_shim(entry)]
    if kept:
        return os.pathsep.join(kept)
    return "" if entries[-1].endswith(os.sep) else None


def _is_shim(entry: str) -> bool:
    return tuple(entry.replace("\\", "/").rstrip("/").split("/")[-3:]) == _END_OF_SHIM


STALE = "stale"
"""In the note: the context that the child inherits is not that of the work it does."""

_ABSENT = "-"


def write_context(
    shown: Mapping[str, str | None], given: Mapping[str, str | None], *, is_stale: bool = False
) -> dict[str, str | None]:
    """Give the variables by which a child gets a trace context: their values, None for one that it is not to have.

    Args:
        shown: what the child would have of the same variables without otelrun.
        given: the context, by variable.
        is_stale: the child is to take what it inherits for a context it has nothing to do with any more.
    """
    changed = {name: value for name, value in given.items() if value != shown.get(name)}
    words = [STALE] * is_stale + [f"{name}={_write(changed[name])}={_write(shown.get(name))}" for name in changed]
    return {**changed, OTELRUN_CONTEXT: ",".join(words)} if words else {}


def read_context(environment: Mapping[str, str]) -> tuple[dict[str, str | None], bool]:
    """Read the note in an environment.

    Returns:
        Those variables that are as otelrun has set them, with the values that are to be shown, None for none; and whether the
        context is stale.
    """
    words = environment.get(OTELRUN_CONTEXT, "").split(",")
    hidden = {}
    for word in words:
        name, given, shown = _read_word(word)
        if name and environment.get(name) == given:
            hidden[name] = shown
    return hidden, STALE in words


def _read_word(word: str) -> tuple[str, str | None, str | None]:
    """Give a variable, its value, and the one to be shown; no name where it is none of these."""
    try:
        name, given, shown = word.split("=")
        return name, _read(given), _read(shown)
    except ValueError:
        return "", None, None


def _write(value: str | None) -> str:
    return _ABSENT if value is None else os.fsencode(value).hex()


def _read(word: str) -> str | None:
    return None if word == _ABSENT else os.fsdecode(bytes.fromhex(word))
