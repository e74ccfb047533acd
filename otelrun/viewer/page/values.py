"""How telemetry's values become a document's: nothing that JavaScript would read as another value. Pure."""

from __future__ import annotations

import math
from typing import Any

LONGEST_TEXT = 100_000
_EXACT = 1 << 53  # above it JavaScript's numbers have gaps


def attribute_values(attributes: dict[str, Any]) -> dict[str, Any]:
    """Give attributes for a document."""
    return {name: value_of(value) for name, value in attributes.items()}


def value_of(value: Any) -> Any:
    """Give a value for a document: too long a text cut, with its length; what is no number to JavaScript as text."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else {"cut": value[:LONGEST_TEXT], "length": len(value)}
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_EXACT <= value <= _EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return attribute_values(value)
    if isinstance(value, list):
        return [value_of(item) for item in value]
    return value


class Interned:
    """Texts that are sent once and named by their number."""

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Give the number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    def texts(self) -> list[str]:
        """Give the texts, each at its number."""
        return list(self._numbers)
