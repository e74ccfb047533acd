"""``name=value,name=value``, the form of OTEL_RESOURCE_ATTRIBUTES and OTEL_EXPORTER_OTLP_HEADERS. Never shows a value."""

from __future__ import annotations

from urllib.parse import unquote

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def parse_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read pairs; of equal names the last one counts. Empty entries are left out, values are percent-decoded.

    Raises:
        ValueError: an entry has no ``=`` or no name; as the specification says, then the whole text counts for nothing.
    """
    pairs: dict[str, str] = {}
    for number, entry in enumerate(text.split(","), 1):
        if not entry.strip():
            continue
        name, separator, value = entry.partition("=")
        if not separator or not name.strip():
            message = f"has no name=value in its entry {number}"
            raise ValueError(message)
        pairs[name.strip()] = unquote(value.strip())
    return tuple(pairs.items())


def header_fault(name: str, value: str) -> str:
    """Say why a header could not be sent; empty if it can."""
    if not name or not _TOKEN.issuperset(name):
        return "is not a header name; write letters, digits and '-'"
    if any(c in "\r\n\0" for c in value):
        return "has a line end in its value; write the value on one line"
    return ""
