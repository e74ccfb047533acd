"""Stack traces as Python prints them, read back into frames: which are the user's own, and where it went wrong. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 100_000
_FRAME = re.compile(
    r'^[ \t|]*File "([^"\n]+)", line (\d+), in ([^\n]+)(?:\n(?![ \t|]*File ")[ \t|]+([^\n]+))?', re.MULTILINE
)
_SEPARATOR = re.compile(r"[/\\]")
_NOT_OWN = ("site-packages", "dist-packages", "/lib/python", "/otelrun/instrumentation/", "<frozen")


class Frame(NamedTuple):
    """A frame: where it was, its line of code where the trace shows it, and whether that code is the user's own."""

    file: str
    line: int
    function: str
    code: str
    is_own: bool

    @property
    def location(self) -> str:
        """Its place in a few words: ``app.py:15 in item``."""
        return f"{_SEPARATOR.split(self.file)[-1]}:{self.line} in {self.function}"


def frames_of(stacktrace: str) -> list[Frame]:
    """Read a stack trace, outermost frame first.

    Args:
        stacktrace: as ``traceback.format_exception`` writes it; of a very long one, its end counts.

    Returns:
        The frames; none where the text is something else.
    """
    return [
        Frame(file, int(line[:9]), function.strip(), code.strip(), not any(part in file for part in _NOT_OWN))
        for file, line, function, code in _FRAME.findall(stacktrace[-_LONGEST:])
    ]


def innermost_own(frames: Sequence[Frame]) -> Frame | None:
    """Give the frame nearest to the failure that is of the user's own code; None where there is none."""
    return next((frame for frame in reversed(frames) if frame.is_own), None)
