"""A trace as a tree: which span lies under which, and where its log lines belong. Pure: rows in, lines out.

Whatever was recorded gives a tree that holds each span and each log record once: parents that were not recorded get a line
of their own, cycles are cut, clocks of different processes may disagree, and a trace may be as deep as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from otelrun.store.rows import LogRow, SpanRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otelrun.store.rows import Trace


@dataclass(frozen=True)
class MissingParent:
    """The place of a parent span that is not in the store: not ended, lost, or of a service recorded elsewhere."""

    span_id: str
    time_ns: int


GUIDED = 16
"""So many levels get guides of their own; what lies deeper is drawn at the same place."""

Item = SpanRow | LogRow | MissingParent


@dataclass(frozen=True)
class Line:
    """One line of the tree.

    Attributes:
        item: what stands there.
        depth: 0 at the top.
        lasts: for each level from 1 to ``depth``, whether the ancestor there (at the end: the item itself) is the last among
            its siblings; below ``GUIDED`` levels no longer told.
        parent: the nearest span above; None at the top.
        has_children: whether lines follow below it.
    """

    item: Item
    depth: int
    lasts: tuple[bool, ...]
    parent: SpanRow | None
    has_children: bool


@dataclass(eq=False)
class _Node:
    item: Item
    children: list[_Node] = field(default_factory=list)

    @property
    def time_ns(self) -> int:
        return self.item.start_ns if isinstance(self.item, SpanRow) else self.item.time_ns


def lines_of(trace: Trace) -> list[Line]:
    """Lay out a trace, top to bottom; siblings by their start."""
    nodes = [_Node(span) for span in trace.spans]
    by_id: dict[str, _Node] = {}
    for node, span in zip(nodes, trace.spans, strict=True):
        by_id.setdefault(span.span_id, node)
    roots = _hang_spans(nodes, by_id)
    _hang_logs(trace.logs, by_id, roots)
    _cut_cycles(nodes, by_id, roots)
    return list(_walk(_by_time(roots)))


def _hang_spans(nodes: list[_Node], by_id: dict[str, _Node]) -> list[_Node]:
    """Put each span under its parent; gives those at the top."""
    roots: list[_Node] = []
    for node in nodes:
        span = node.item
        assert isinstance(span, SpanRow)
        parent = by_id.get(span.parent_span_id)
        if not span.parent_span_id:
            roots.append(node)
        elif parent is None:
            _missing(span.parent_span_id, node.time_ns, by_id, roots).children.append(node)
        else:
            parent.children.append(node)
    return roots


def _hang_logs(logs: Iterable[LogRow], by_id: dict[str, _Node], roots: list[_Node]) -> None:
    for log in logs:
        if not log.span_id:
            roots.append(_Node(log))
        else:
            _missing(log.span_id, log.time_ns, by_id, roots).children.append(_Node(log))


def _missing(span_id: str, time_ns: int, by_id: dict[str, _Node], roots: list[_Node]) -> _Node:
    """Give the node of that id, a new one at the top where it was not recorded."""
    node = by_id.get(span_id)
    if node is None:
        node = by_id[span_id] = _Node(MissingParent(span_id, time_ns))
        roots.append(node)
    return node


def _cut_cycles(nodes: list[_Node], by_id: dict[str, _Node], roots: list[_Node]) -> None:
    """Make every span reachable: of spans that are each other's ancestors, the earliest goes to the top."""
    reached: set[int] = set()
    _reach(roots, reached)
    for node in nodes:
        if id(node) not in reached:
            assert isinstance(node.item, SpanRow)
            by_id[node.item.parent_span_id].children.remove(node)
            roots.append(node)
            _reach([node], reached)


def _reach(starts: Iterable[_Node], reached: set[int]) -> None:
    waiting = list(starts)
    while waiting:
        node = waiting.pop()
        reached.add(id(node))
        waiting.extend(child for child in node.children if id(child) not in reached)


def _by_time(nodes: list[_Node]) -> list[_Node]:
    return sorted(nodes, key=lambda node: node.time_ns)


def _walk(roots: list[_Node]) -> Iterator[Line]:
    waiting: list[tuple[_Node, int, tuple[bool, ...], SpanRow | None]] = [
        (root, 0, (), None) for root in reversed(roots)
    ]
    while waiting:
        node, depth, lasts, parent = waiting.pop()
        yield Line(node.item, depth, lasts, parent, bool(node.children))
        above = node.item if isinstance(node.item, SpanRow) else parent
        children = _by_time(node.children)
        for child in reversed(children):
            deeper = (*lasts, child is children[-1]) if depth < GUIDED else lasts
            waiting.append((child, depth + 1, deeper, above))
