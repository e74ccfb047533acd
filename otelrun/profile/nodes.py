"""YAML text → nodes that know where they stand: one file, its references resolved, nothing judged yet.

Built from PyYAML's parse events rather than its node composer, so that depth and aliases are bounded while reading: a
file of a kilobyte can expand to gigabytes, or contain itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from otelrun.profile.problems import Position, fatal, printable, quote
from otelrun.profile.scalars import Value, resolve, resolve_tagged
from otelrun.profile.substitute import InvalidReferenceError, Substitution, substitute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Environment

    from otelrun.errors import ProfileError
    from otelrun.profile.problems import Problems

DEEPEST = 64
MOST_NODES = 100_000
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_LIKE_SHELL = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_REWORDED = (
    ("found character that cannot start any token", "a character that YAML does not allow here"),
    ("mapping values are not allowed", "a ': ' that cannot stand here; look at the indentation, or quote the text"),
    ("did not find expected key", "the indentation does not fit the lines above"),
    ("expected <block end>", "the indentation does not fit the lines above"),
    ("could not find expected ':'", "no ': ' after the key"),
)


class Scalar(NamedTuple):
    """One value.

    Attributes:
        value: its value by YAML's core schema, after substitution.
        text: its text after substitution; may be a secret.
        shown: its text for messages, references unresolved.
        default: the value it would have if no variable were set.
        variables: names of the variables that gave (a part of) the value.
        references: names of all variables it refers to.
    """

    position: Position
    value: Value
    text: str = ""
    shown: str = ""
    default: Value = None
    variables: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


class Sequence(NamedTuple):
    """A list. ``may_be_empty``: the standard variables have emptied it, which no file may do itself."""

    position: Position
    items: tuple[Node, ...] = ()
    may_be_empty: bool = False


class Entry(NamedTuple):
    """One key of a mapping: where the key stands, and its value."""

    position: Position
    node: Node


class Mapping(NamedTuple):
    """A mapping, in the order of the file. Do not change ``entries`` in place: aliases share nodes."""

    position: Position
    entries: dict[str, Entry] = {}  # noqa: RUF012 - never changed in place

    def get(self, key: str) -> Node | None:
        """Give the value of a key."""
        entry = self.entries.get(key)
        return entry.node if entry else None


Node = Scalar | Sequence | Mapping


class Budget:
    """How many nodes a whole load may still make, over all its files and aliases."""

    def __init__(self, nodes: int = MOST_NODES) -> None:
        """Begin with ``nodes``."""
        self.left = nodes

    def spend(self, nodes: int, position: Position) -> None:
        """Take some.

        Raises:
            ProfileError: there are none left.
        """
        self.left -= nodes
        if self.left < 0:
            raise fatal(
                position, f"more than {MOST_NODES:,} values, aliases written out; write fewer or smaller aliases"
            )


def compose(text: str, file: str, environment: Environment[str, str], problems: Problems, budget: Budget) -> Node:
    """Read one file.

    Args:
        text: its text, without byte order mark.
        file: its name for messages.
        environment: what references are resolved from.
        problems: gets mistakes after which reading can go on: duplicate keys, wrong references, foreign tags.
        budget: what is left of the nodes of this load.

    Raises:
        ProfileError: it is not one YAML document, or too deep, too large, or contains itself.
    """
    return _Composer(text, file, environment, problems, budget).document()


class _Composer:
    def __init__(
        self, text: str, file: str, environment: Environment[str, str], problems: Problems, budget: Budget
    ) -> None:
        self._text = text
        self._file = file
        self._environment = environment
        self._problems = problems
        self._budget = budget
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}  # node, its size, its height; None while it is read
        self._events: Iterator[Any] = yaml.parse(text, Loader=LOADER)
        self._deepest = 0

    def document(self) -> Node:
        try:
            next(self._events)
            event = next(self._events)
            if isinstance(event, yaml.StreamEndEvent):
                message = 'the file is empty; write at least file_format: "1.1"'
                raise fatal(Position(self._file, 1, 1), message)
            root = self._node(next(self._events), 1)
            next(self._events)
            event = next(self._events)
            if not isinstance(event, yaml.StreamEndEvent):
                raise fatal(
                    self._at(event), "a second document begins; a profile is one document, without '---' inside"
                )
        except yaml.MarkedYAMLError as error:
            raise self._not_yaml(error) from None
        return root

    def _at(self, event: Any) -> Position:
        mark = event.start_mark
        return Position(self._file, mark.line + 1, mark.column + 1)

    def _node(self, event: Any, depth: int) -> Node:
        position = self._at(event)
        if depth > DEEPEST:
            raise fatal(position, f"nested deeper than {DEEPEST} levels; nothing in a profile is that deep")
        self._deepest = max(self._deepest, depth)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", position, depth)
        self._budget.spend(1, position)
        if event.anchor is None:
            return self._content(event, position, depth)
        self._anchors[event.anchor] = None
        left, deepest, self._deepest = self._budget.left, self._deepest, depth
        node = self._content(event, position, depth)
        self._anchors[event.anchor] = (node, left - self._budget.left + 1, self._deepest - depth)
        self._deepest = max(deepest, self._deepest)
        return node

    def _alias(self, anchor: str, position: Position, depth: int) -> Node:
        shown = quote(f"*{anchor}")
        if anchor not in self._anchors:
            raise fatal(
                position, f"the alias {shown} has no anchor before it; write & instead of * where it is defined"
            )
        known = self._anchors[anchor]
        if known is None:
            raise fatal(position, f"the alias {shown} stands inside what it names; write it out once")
        node, size, height = known
        self._budget.spend(size, position)
        if depth + height > DEEPEST:
            raise fatal(position, f"nested deeper than {DEEPEST} levels, aliases written out")
        self._deepest = max(self._deepest, depth + height)
        return node

    def _content(self, event: Any, position: Position, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, position)
        if event.tag not in _COLLECTION_TAGS:
            self._problems.error(position, "", f"the tag {quote(event.tag)} is not for profiles; leave it out")
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
            return Sequence(position, tuple(items))
        return self._mapping(position, depth)

    def _mapping(self, position: Position, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        merged: list[Mapping] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            where = self._at(event)
            key = event.value if isinstance(event, yaml.ScalarEvent) else None
            if key is None:
                self._node(event, depth + 1)
            node = self._node(next(self._events), depth + 1)
            if key is None or key == "":
                self._problems.error(where, "", "this key is no name; a key is one plain word before ': '")
            elif key == "<<" and not event.style:
                merged.extend(self._mappings_to_merge(node, where))
            elif key in entries:
                first = entries[key].position.line
                text = f"the key {quote(key)} is here twice, first in line {first}; keep one"
                self._problems.error(where, "", text)
            else:
                entries[key] = Entry(where, node)
        for mapping in merged:
            for key, entry in mapping.entries.items():
                entries.setdefault(key, entry)
        return Mapping(position, entries)

    def _mappings_to_merge(self, node: Node, position: Position) -> list[Mapping]:
        nodes = node.items if isinstance(node, Sequence) else (node,)
        found = [item for item in nodes if isinstance(item, Mapping)]
        if len(found) < len(nodes):
            self._problems.error(position, "", "'<<' merges mappings only; write <<: *name of a mapping's anchor")
        return found

    def _scalar(self, event: Any, position: Position) -> Scalar:
        try:
            result = substitute(event.value, self._environment)
        except InvalidReferenceError as error:
            self._problems.error(position, "", str(error))
            return Scalar(position, None)
        if _LIKE_SHELL.fullmatch(event.value):
            text = "a '$' before a name is plain text; write ${NAME} for a variable, and $$ for a '$' itself"
            self._problems.warn(position, "", text)
        tag = event.tag
        if tag is None:
            tag = "" if event.implicit[0] else "!"
        try:
            value, default = _typed(tag, result)
        except LookupError:
            text = f"the tag {quote(tag)} is not for profiles; write the plain value, and ${{NAME}} for a variable"
            self._problems.error(position, "", text)
            return Scalar(position, None)
        except ValueError:
            kind = tag.rpartition(":")[2]
            self._problems.error(position, "", f"{quote(result.shown)} is not of the kind its tag '!!{kind}' says")
            return Scalar(position, None)
        return Scalar(position, value, result.text, result.shown, default, result.variables, result.references)

    def _not_yaml(self, error: yaml.MarkedYAMLError) -> ProfileError:
        mark = error.problem_mark or error.context_mark
        position = Position(self._file, mark.line + 1, mark.column + 1) if mark else Position(self._file, 1, 1)
        lines = self._text.split("\n")
        line = lines[position.line - 1] if position.line <= len(lines) else ""
        problem = str(error.problem)
        if line[position.column - 1 : position.column] == "\t":
            return fatal(position, "a tab; YAML is indented with spaces")
        if "${" in line and ("[" in line or line.count("{") > line.count("${")):
            return fatal(position, 'not YAML; inside [ ] and { } a reference is quoted: "${NAME}"')
        for theirs, ours in _REWORDED:
            if theirs in problem:
                return fatal(position, f"not YAML: {ours}")
        return fatal(position, f"not YAML: {printable(problem)}")


def _typed(tag: str, result: Substitution) -> tuple[Value, Value]:
    """Give the value, and what it would be without variables."""
    if not tag:
        return resolve(result.text), resolve(result.default)
    value = resolve_tagged(tag, result.text)
    try:
        return value, resolve_tagged(tag, result.default)
    except ValueError:
        return value, None
