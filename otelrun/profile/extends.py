"""``distribution.otelrun.extends`` and ``remove``: several files become one tree of nodes, before anything is checked.

Each file is read and substituted on its own. Maps merge by key, lists of named entries by name, other lists are replaced;
a node that chooses one component is replaced whole where another is chosen. Nodes keep their places, so that a message
names the file and line a value came from.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from otelrun.errors import ProfileError
from otelrun.profile import file_format
from otelrun.profile.nodes import Budget, Entry, Mapping, Scalar, Sequence, compose
from otelrun.profile.official import ROOT
from otelrun.profile.problems import fatal, quote
from otelrun.profile.rules import ListOf, Map, OneOf
from otelrun.profile.source import find, read

if TYPE_CHECKING:
    from collections.abc import Mapping as Environment

    from otelrun.profile.nodes import Node
    from otelrun.profile.problems import Problems
    from otelrun.profile.rules import Rule
    from otelrun.profile.source import Source

DEEPEST = 8
_HERE = "distribution.otelrun"


class Tree(NamedTuple):
    """What a load gives: the merged nodes, and the files whose ``file_format`` is newer than what we know."""

    root: Mapping
    newer: frozenset[str]


def load_tree(source: Source, environment: Environment[str, str], problems: Problems) -> Tree:
    """Read a profile and everything it extends.

    Raises:
        ProfileError: a file cannot be read any further.
    """
    loader = _Loader(environment, problems)
    return Tree(loader.load(source, read(source), ()), frozenset(loader.newer))


class _Loader:
    def __init__(self, environment: Environment[str, str], problems: Problems) -> None:
        self._environment = environment
        self._problems = problems
        self._budget = Budget()
        self.newer: set[str] = set()

    def load(self, source: Source, text: str, chain: tuple[Source, ...]) -> Mapping:
        root = compose(text, source.shown, self._environment, self._problems, self._budget)
        if not isinstance(root, Mapping):
            raise fatal(
                root.position, 'a profile is a mapping; write file_format: "1.1" first, and keys below each other'
            )
        if file_format.is_newer(root, self._problems):
            self.newer.add(source.shown)
        root, ours = _take_ours(root)
        base: Node | None = None
        for scalar, path in self._texts(ours.get("extends"), f"{_HERE}.extends"):
            loaded = self._extended(scalar, path, (*chain, source))
            if loaded is not None:
                base = loaded if base is None else merge(base, loaded, ROOT)
        for scalar, path in self._texts(ours.get("remove"), f"{_HERE}.remove"):
            base = self._without(base, scalar, path)
        merged = root if base is None else merge(base, root, ROOT)
        return merged if isinstance(merged, Mapping) else root

    def _texts(self, node: Node | None, path: str) -> list[tuple[Scalar, str]]:
        if node is None:
            return []
        items = node.items if isinstance(node, Sequence) else (node,)
        texts = []
        for index, item in enumerate(items):
            below = f"{path}[{index}]" if isinstance(node, Sequence) else path
            if isinstance(item, Scalar) and isinstance(item.value, str) and item.value:
                texts.append((item, below))
            else:
                self._problems.error(item.position, below, "is not text; write a list of texts")
        return texts

    def _extended(self, scalar: Scalar, path: str, chain: tuple[Source, ...]) -> Mapping | None:
        try:
            source = find(scalar.text, os.path.dirname(chain[-1].shown))
            if fault := _chain_fault(source, chain):
                raise ProfileError((fault,))
            text = read(source)
        except ProfileError as error:
            self._problems.error(scalar.position, path, _hidden(scalar, error.problems[0]))
            return None
        return self.load(source, text, chain)

    def _without(self, base: Node | None, scalar: Scalar, path: str) -> Node | None:
        tokens = _pointer(scalar.text)
        left = _remove(base, tokens) if base is not None and tokens else None
        if left is not None:
            return left
        if not tokens:
            text = f"{quote(scalar.shown)} is not a JSON pointer; write e.g. /tracer_provider/limits"
        else:
            text = f"{quote(scalar.shown)} is not in what this profile extends; leave it out"
        self._problems.error(scalar.position, path, text)
        return base


def merge(base: Node, over: Node, rule: Rule | None) -> Node:
    """Lay ``over`` on ``base``; ``rule`` says what they may hold, None where nothing is known."""
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        if isinstance(rule, OneOf) and list(base.entries) != list(over.entries):
            return over
        entries = dict(base.entries)
        for key, entry in over.entries.items():
            below = entries.get(key)
            node = merge(below.node, entry.node, _rule_below(rule, key)) if below else entry.node
            entries[key] = Entry(entry.position, node)
        return Mapping(over.position, entries)
    if isinstance(base, Sequence) and isinstance(over, Sequence) and isinstance(rule, ListOf) and rule.keyed_by:
        return _merge_keyed(base, over, rule)
    return over


def _merge_keyed(base: Sequence, over: Sequence, rule: ListOf) -> Sequence:
    items: dict[object, Node] = {_identity(item, rule.keyed_by): item for item in base.items}
    for item in over.items:
        identity = _identity(item, rule.keyed_by)
        items[identity] = merge(items[identity], item, rule.item) if identity in items else item
    return Sequence(over.position, tuple(items.values()))


def _identity(item: Node, keyed_by: str) -> object:
    if isinstance(item, Mapping):
        if keyed_by == "key" and len(item.entries) == 1:
            return next(iter(item.entries))
        name = item.get(keyed_by)
        if isinstance(name, Scalar):
            return name.text
    return item.position


def _rule_below(rule: Rule | None, key: str) -> Rule | None:
    if isinstance(rule, Map):
        return rule.keys.get(key, rule.rest)
    if isinstance(rule, OneOf):
        return rule.options.get(key)
    return None


def _take_ours(root: Mapping) -> tuple[Mapping, dict[str, Node]]:
    """Take ``extends`` and ``remove`` out of a file: they are about this file alone, and never inherited."""
    distribution = root.get("distribution")
    otelrun = distribution.get("otelrun") if isinstance(distribution, Mapping) else None
    if not isinstance(distribution, Mapping) or not isinstance(otelrun, Mapping):
        return root, {}
    taken = {key: entry.node for key, entry in otelrun.entries.items() if key in ("extends", "remove")}
    left = otelrun._replace(entries={key: entry for key, entry in otelrun.entries.items() if key not in taken})
    return _with(root, "distribution", _with(distribution, "otelrun", left)), taken


def _with(node: Mapping, key: str, value: Node) -> Mapping:
    entries = {**node.entries, key: Entry(node.entries[key].position, value)}
    return node._replace(entries=entries)


def _chain_fault(source: Source, chain: tuple[Source, ...]) -> str:
    if source.path in [above.path for above in chain]:
        names = " → ".join(os.path.basename(above.path) for above in (*chain, source))
        return f"the files extend each other ({names}); leave one out"
    if len(chain) >= DEEPEST:
        return f"more than {DEEPEST} files extend each other; leave some out"
    return ""


def _hidden(scalar: Scalar, problem: str) -> str:
    """Keep the values of variables out of a message about a file's name."""
    return f"no profile answers to {quote(scalar.shown)}" if scalar.variables else problem


def _pointer(text: str) -> list[str]:
    return (
        [token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:]] if text.startswith("/") else []
    )


def _remove(node: Node, tokens: list[str]) -> Node | None:
    """Give the node without what the pointer names; None if it names nothing. Entries of lists go by number or name."""
    token, *rest = tokens
    if isinstance(node, Mapping) and token in node.entries:
        entries = dict(node.entries)
        found = entries.pop(token)
        if rest:
            left = _remove(found.node, rest)
            if left is None:
                return None
            entries = {**node.entries, token: Entry(found.position, left)}
        return node._replace(entries=entries)
    if isinstance(node, Sequence):
        index = _index(node, token)
        if index is None:
            return None
        left = _remove(node.items[index], rest) if rest else None
        if rest and left is None:
            return None
        middle = () if left is None else (left,)
        return node._replace(items=(*node.items[:index], *middle, *node.items[index + 1 :]))
    return None


def _index(node: Sequence, token: str) -> int | None:
    for index, item in enumerate(node.items):
        if token in (str(index), _identity(item, "name"), _identity(item, "key")):
            return index
    return None
