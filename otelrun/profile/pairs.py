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
    for entry in text.split(","):
        if not entry.strip():
            continue
        name, separator, value = entry.partition("=")
        if not separator or not name.strip():
            message = "has an entry that is no name=value"
            raise ValueError(message)
        pairs[name.strip()] = unquote(value.strip())
    return tuple(pairs.items())


def header_name_fault(name: str) -> str:
    """Continue the sentence about a name that no header can have; empty if one can."""
    return "" if name and _TOKEN.issuperset(name) else "is not a header name; write letters, digits and '-'"


def header_value_fault(value: str) -> str:
    """Continue the sentence about a value that no header can have; empty if one can."""
    return "has a line end in it; write it on one line" if any(c in "\r\n\0" for c in value) else ""
