"""The checkout itself, as the contract tests read it: its root, its pyproject.toml, its source files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]


def pyproject() -> dict[str, Any]:
    """Parse pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def source_files(*folders: str) -> list[Path]:
    """List the Python files below folders of the checkout, sorted."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def read(path: str) -> str:
    """Read a text file of the checkout."""
    return (ROOT / path).read_text(encoding="utf-8")
