"""The versions of gRPC that tests look at, and environments that have one of them.

By default the oldest, the oldest whose synchronous server is instrumented, and the newest; with ``--full`` each minor for each
CPython that has a wheel of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.support.interpreters import find_interpreter, make_environment
from tests.support.programs import environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEWEST = "newest"
NO_SERVER = "not instrumented: gRPC servers need grpcio 1.60 or newer"

_OLDEST_SERVER = (1, 60)
_OLDEST = {"3.10": "1.42", "3.11": "1.49", "3.12": "1.59", "3.13": "1.66", "3.14": "1.76"}  # the first with a wheel
_BY_DEFAULT = (("3.10", "1.42"), ("3.11", "1.60"), ("3.13", NEWEST))
_MINORS = tuple(f"1.{minor}" for minor in range(42, 86) if minor not in (45, 52, 77, 79))  # those that were released


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def has_server(minor: str) -> bool:
    """Say whether the synchronous server of a version is instrumented."""
    return minor == NEWEST or _numbers(minor) >= _OLDEST_SERVER


def parametrize(metafunc: Any) -> None:
    """Give a test its ``cell``: a CPython and a minor of gRPC."""
    pairs: list[tuple[str, str]] = list(_BY_DEFAULT)
    if metafunc.config.getoption("--full"):
        pairs = [
            (python, minor)
            for python, oldest in _OLDEST.items()
            for minor in (*_MINORS, NEWEST)
            if minor == NEWEST or _numbers(minor) >= _numbers(oldest)
        ]
    metafunc.parametrize("cell", pairs, ids=[f"CPython {python}, grpcio {minor}" for python, minor in pairs])


def maker(*requirements: str) -> Callable[[str, Path], str | None]:
    """Give what makes an environment of a CPython; its path, or None where there is no such CPython.

    Args:
        requirements: what it is to have beside what every gRPC needs.
    """

    def make(version: str, folder: Path) -> str | None:
        python = find_interpreter(version)
        if python is None:
            return None
        return make_environment(folder, python, *requirements, "six", "typing-extensions")

    return make


def install(minor: str, python: str, folder: Path) -> None:
    """Install one gRPC into a folder for ``PYTHONPATH``.

    Args:
        minor: of the version, or ``NEWEST``.
        python: the interpreter it is for.
        folder: where.
    """
    wanted = "grpcio" if minor == NEWEST else f"grpcio=={minor}.*"
    pip = [sys.executable, "-m", "pip", "--python", python, "-qq", "--disable-pip-version-check", "install"]
    options = ["--no-deps", "--only-binary", ":all:", "--target", os.fspath(folder)]
    subprocess.run([*pip, *options, wanted], env=environment(), check=True, timeout=120)
