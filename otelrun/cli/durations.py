"""Durations as people type them on the command line: ``100ms``, ``1.5s``, ``2min``; a bare number is milliseconds."""

from __future__ import annotations

import re

import click

_UNITS_NS = {"us": 1_000, "µs": 1_000, "ms": 1_000_000, "": 1_000_000, "s": 1_000_000_000, "min": 60_000_000_000}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(us|µs|ms|s|min|)\s*")


def duration_ns(text: str | int) -> int:
    """Read a duration, in ns; an int is one already. For ``type=`` of a click option.

    Raises:
        click.BadParameter: it is none.
    """
    if isinstance(text, int):
        return text
    found = _DURATION.fullmatch(text)
    if not found:
        message = f"{text!r} is no duration; write e.g. 100ms or 1.5s"
        raise click.BadParameter(message)
    return int(float(found[1]) * _UNITS_NS[found[2]])
