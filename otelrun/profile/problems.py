"""What is wrong with a profile: every mistake and every warning, each one printable line with its place.

Nothing here decides what is a mistake; this file only places, orders, bounds and prints. No secret may reach it.
"""

from __future__ import annotations

from typing import NamedTuple

from otelrun.errors import ProfileError

MOST_LINES = 50
_LONGEST_QUOTE = 60


class Position(NamedTuple):
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Write ``FILE:LINE:COLUMN``, as editors and terminals understand it."""
        return f"{printable(self.file)}:{self.line}:{self.column}"


class Problems:
    """Collects mistakes and warnings of one load, over all its files."""

    def __init__(self) -> None:
        """Begin with none."""
        self._errors: list[tuple[Position, str]] = []
        self._warnings: list[tuple[Position, str]] = []
        self._notes: list[str] = []
        self._fatal: list[str] = []

    def error(self, position: Position, path: str, text: str) -> None:
        """Add a mistake: ``FILE:LINE:COL path: what is wrong; what to write instead``."""
        self._errors.append((position, _line(position, path, text)))

    def warn(self, position: Position, path: str, text: str) -> None:
        """Add a warning of the same form."""
        self._warnings.append((position, _line(position, path, text)))

    def include(self, error: ProfileError) -> None:
        """Add what ended the reading of a file, after the mistakes found before."""
        self._fatal.extend(error.problems)

    def note(self, text: str) -> None:
        """Add a warning about something that stands in no file, such as an environment variable."""
        if text not in self._notes:
            self._notes.append(printable(text))

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings, in the order of the files' lines."""
        return _bounded([text for _, text in sorted(self._warnings)] + self._notes)

    def as_error(self) -> ProfileError:
        """Make the error that holds all mistakes, in the order of the files' lines."""
        return ProfileError(_bounded([text for _, text in sorted(self._errors)] + self._fatal))

    def raise_errors(self) -> None:
        """End here if there is any mistake.

        Raises:
            ProfileError: see ``as_error``.
        """
        if self._errors or self._fatal:
            raise self.as_error()


def fatal(position: Position, text: str) -> ProfileError:
    """Make the error for a mistake after which nothing more of a file can be read."""
    return ProfileError((_line(position, "", text),))


def printable(text: str) -> str:
    """Escape what a terminal would not show, so that a line stays one line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quote(text: str) -> str:
    """Quote a user's text for a message: printable, cut where it is long."""
    cut = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return f"'{printable(cut)}'"


def _line(position: Position, path: str, text: str) -> str:
    return printable(f"{position} {path}: {text}" if path else f"{position}: {text}")


def _bounded(lines: list[str]) -> tuple[str, ...]:
    unique = list(dict.fromkeys(lines))
    if len(unique) > MOST_LINES:
        unique[MOST_LINES:] = [f"… and {len(unique) - MOST_LINES} more"]
    return tuple(unique)
