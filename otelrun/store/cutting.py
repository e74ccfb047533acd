"""How much of one value the store keeps: a text of a megabyte would push out a thousand requests. Pure.

What is exported is not cut. Of a long text the beginning and the end stay, since a stack trace says most at its end.
"""

from __future__ import annotations

from typing import Any

LONGEST = 32_768
"""Characters of a text, bytes of a binary value."""

MOST = 1_000
"""Items of a list or a map."""

_DEEPEST = 32  # what is deeper is cut by ``encoding``


def cut_text(text: str) -> str:
    """Give a text as it is kept: ``beginning… [934,464 of 1,000,000 characters left out] …end``."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}… [{len(text) - 2 * half:,} of {len(text):,} characters left out] …{text[-half:]}"


def cut_value(value: Any, depth: int = 0) -> Any:
    """Give any value as it is kept: texts and bytes cut, and beyond ``MOST`` items a text that says how many more there were."""
    if isinstance(value, str):
        return cut_text(value)
    if isinstance(value, (bytes, bytearray)) and len(value) > LONGEST:
        return [value[:LONGEST], f"… [{len(value) - LONGEST:,} of {len(value):,} bytes left out]"]
    if depth >= _DEEPEST or not isinstance(value, (dict, list, tuple)):
        return value
    more = f"… [{len(value) - MOST:,} of {len(value):,} left out]" if len(value) > MOST else ""
    if isinstance(value, dict):
        kept = {key: cut_value(item, depth + 1) for key, item in list(value.items())[:MOST]}
        return {**kept, "…": more} if more else kept
    items = [cut_value(item, depth + 1) for item in value[:MOST]]
    return [*items, more] if more else items
