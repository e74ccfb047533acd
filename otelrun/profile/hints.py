"""What to write instead: near misses of names, and values with units. Pure; every answer is part of one message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MILLISECONDS = {"ms": 1, "s": 1_000, "sec": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*", re.IGNORECASE)
_NEARLY = 0.6
_NEAR = 0.7
_MISSPELT = 0.8
_SHORT = 3  # a name as short as b3 is no misspelling of another
_WHOLE = 100
_PERCENT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*")


def normalised(name: str) -> str:
    """Strip what people vary: case, ``_``, ``-``, ``.`` and the suffix ``/development``."""
    return re.sub(r"[-_. ]", "", name.lower().removesuffix("/development").removesuffix("_development"))


def near(name: str, known: Iterable[str], also: Mapping[str, str] | None = None) -> str:
    """Find the known name that was most likely meant, generously; empty if none is near.

    Args:
        name: what was written.
        known: what could be written.
        also: everyday names for some of the known ones.
    """
    if also and name in also:
        return also[name]
    by_form = {normalised(word): word for word in known}
    found = close_matches(normalised(name), by_form, _NEAR)
    return by_form[found[0]] if found else ""


def misspelt(name: str, known: Iterable[str], also: Mapping[str, str] | None = None) -> str:
    """Find the known name of which ``name`` is a misspelling, strictly: a plugin may have a similar name."""
    if also and name in also:
        return also[name]
    form = normalised(name)
    for word in known:
        other = normalised(word)
        if form == other:
            return word
        is_alike = abs(len(form) - len(other)) <= 1 and len(other) > _SHORT
        if is_alike and close_matches(form, [other], _MISSPELT):
            return word
    return ""


def close_matches(name: str, known: Iterable[str], cutoff: float = _NEARLY) -> list[str]:
    """Give the best of the known names that are near enough, if any."""
    from difflib import get_close_matches  # noqa: PLC0415 - 1 ms, for those with something to correct

    return get_close_matches(name, list(known), 1, cutoff)


def one_of(names: Iterable[str]) -> str:
    """Write ``a, b or c``."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def milliseconds(text: str) -> str:
    """Turn ``5s`` into ``5000``; empty if the text is no duration."""
    match = _DURATION.fullmatch(text)
    factor = _MILLISECONDS.get(match[2].lower()) if match else None
    return str(round(float(match[1]) * factor)) if match and factor else ""


def fraction(text: str) -> str:
    """Turn ``50%`` or ``50`` into ``0.5``; empty if the text is neither."""
    match = _PERCENT.fullmatch(text)
    number = match[1] if match else text.strip()
    try:
        value = float(number)
    except ValueError:
        return ""
    return f"{value / _WHOLE:g}" if 0 <= value <= _WHOLE else ""
