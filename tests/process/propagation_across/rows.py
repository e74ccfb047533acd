"""Which ways are tried on which Python: all of them on this one, on each other one a share; with ``--full`` all on all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
_SHARE = 5


def rows(ways: Sequence[str], *, is_full: bool) -> Iterator[tuple[str, str]]:
    """Give pairs of a version and a way."""
    for position, version in enumerate(OBSERVED):
        for number, way in enumerate(ways):
            if version == OWN or is_full or number % _SHARE == position:
                yield version, way


def interpreter(version: str) -> str:
    """Give the interpreter of a version; skips the test where there is none."""
    python = sys.executable if version == OWN else find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    return python
