"""Spans as trees of plain tuples, of whichever rows (the sink's or the store's): what can be compared between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def trees(spans: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Give each root span as ``(kind, name, [its children, alike])``, everything sorted; a lost parent makes a root."""
    below: dict[str, list[Any]] = {}
    known = {span.span_id for span in spans}
    for span in spans:
        below.setdefault(span.parent_span_id if span.parent_span_id in known else "", []).append(span)

    def grow(parent: str) -> list[tuple[Any, ...]]:
        return sorted((span.kind.lower(), span.name, grow(span.span_id)) for span in below.get(parent, ()))

    return grow("")
