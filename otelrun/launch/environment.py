"""The program's environment: the launcher's own, and two variables. Pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from otelrun.environment_variables import OTELRUN_HANDOFF

if TYPE_CHECKING:
    from collections.abc import Mapping

_PYTHONPATH = "PYTHONPATH"
_LC_CTYPE = "LC_CTYPE"
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
_SHIM = ("otelrun", "launch", "shim")


def shim_folder() -> str:
    """Give the folder that holds nothing but otelrun's ``sitecustomize.py``."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "shim")


def build_environment(environment: Mapping[str, str], handoff_text: str) -> dict[str, str]:
    """Build the environment of a program that is to be observed.

    The shim's folder is put in front of PYTHONPATH and the handoff is set. Where the launcher is itself in another run of
    otelrun, that one's shim and handoff are replaced: the inner run wins.
    """
    built = build_bare_environment(environment)
    existing = built.get(_PYTHONPATH)
    built[_PYTHONPATH] = f"{shim_folder()}{os.pathsep}{existing}" if existing else shim_folder()
    built[OTELRUN_HANDOFF] = handoff_text
    return built


def build_bare_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Build the environment of a program that is not to be observed: without anything of an outer run."""
    built = dict(environment)
    built.pop(OTELRUN_HANDOFF, None)
    entries = built.get(_PYTHONPATH, "").split(os.pathsep)
    kept = [entry for entry in entries if not _is_shim(entry)]
    if len(kept) != len(entries):
        built.pop(_PYTHONPATH)
        if kept:
            built[_PYTHONPATH] = os.pathsep.join(kept)
    return built


def without_locale_coercion(environment: Mapping[str, str], initial_names: frozenset[str] | None) -> dict[str, str]:
    """Take out the LC_CTYPE that the launcher's own interpreter set for itself (PEP 538) and the program must not inherit.

    Args:
        environment: of the launcher, now.
        initial_names: the variables that were set when the launcher began; None where that cannot be known.
    """
    built = dict(environment)
    if initial_names is not None and _LC_CTYPE not in initial_names and built.get(_LC_CTYPE) in _COERCED:
        del built[_LC_CTYPE]
    return built


def _is_shim(entry: str) -> bool:
    return tuple(entry.replace("\\", "/").rstrip("/").split("/")[-3:]) == _SHIM
