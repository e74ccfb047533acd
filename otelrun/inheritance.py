"""What a process inherits from otelrun: two variables of its environment. Pure; used on both sides of exec."""

from __future__ import annotations

import os

from otelrun.environment_variables import OTELRUN_HANDOFF

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
    otelrun, that one's shim and handoff are replaced: the inner run wins.
    """
    built = remove(environment)
    built[PYTHONPATH] = with_shim(built.get(PYTHONPATH))
    built[OTELRUN_HANDOFF] = handoff_text
    return built


def remove(environment: Mapping[str, str]) -> dict[str, str]:
    """Build the environment of a process that is not to be observed: without anything of otelrun's."""
    built = dict(environment)
    built.pop(OTELRUN_HANDOFF, None)
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
