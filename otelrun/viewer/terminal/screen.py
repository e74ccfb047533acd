"""The terminal as the drawings need it: its width, its characters, its colours. Nothing here prints."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH_OF_FILES = 120


@dataclass(frozen=True)
class Glyphs:
    """The characters of the drawings."""

    through: str = "│  "
    branch: str = "├─ "
    last: str = "└─ "
    deeper: str = "⋯ "
    error: str = "✗"
    done: str = "✓"
    full: str = "━"
    left: str = "╸"
    right: str = "╺"
    dot: str = " · "
    slow: str = "▲"
    times: str = "\N{MULTIPLICATION SIGN}"
    to: str = "→"
    thin: str = "─"


ASCII = Glyphs("|  ", "|- ", "`- ", "> ", "x", "ok", "=", "-", "-", " - ", "^", "x", "->", ".")


def open_console(file: TextIO, environment: Mapping[str, str], *, is_terminal: bool | None = None) -> Console:
    """Make the console that people read: colours only on a terminal and without NO_COLOR, 120 columns where there is none.

    Args:
        file: where it prints.
        environment: for NO_COLOR, FORCE_COLOR, TERM and COLUMNS.
        is_terminal: what is printed there will be shown on a terminal, or will not; None: ``file`` knows.
    """
    if file is sys.stdout and hasattr(file, "reconfigure"):
        file.reconfigure(errors="replace")  # telemetry may hold characters that the terminal's encoding has not
    width = None if file.isatty() or environment.get("COLUMNS") else _WIDTH_OF_FILES
    return Console(
        file=file,
        width=width,
        force_terminal=is_terminal,
        markup=False,
        emoji=False,
        highlight=False,
        _environ=environment,
    )


def glyphs_for(console: Console) -> Glyphs:
    """Choose line drawing characters where the encoding has them, ASCII elsewhere."""
    return Glyphs() if console.encoding.lower().startswith("utf") else ASCII
