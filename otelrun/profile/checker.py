"""Walks a profile's nodes along the table of rules: gives plain values, and tells every mistake with what to write instead.

Where something is wrong its value is None and the walk goes on, so that all mistakes are told at once; a caller uses the
values only when there was no mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otelrun.profile import hints
from otelrun.profile.endpoints import without_user
from otelrun.profile.nodes import Entry, Mapping, Scalar, Sequence
from otelrun.profile.problems import quote
from otelrun.profile.rules import Anything, Fault, ListOf, Map, NotFollowed, OneOf, Text

if TYPE_CHECKING:
    from otelrun.profile.nodes import Node
    from otelrun.profile.problems import Problems
    from otelrun.profile.rules import Rule, ScalarRule

STANDARD_PREFIX = "OTEL_"


class Checker:
    """One walk.

    Attributes:
        problems: gets what is wrong.
    """

    def __init__(
        self, problems: Problems, *, honours_variables: bool = False, newer: frozenset[str] = frozenset()
    ) -> None:
        """Prepare a walk.

        Args:
            problems: gets what is wrong.
            honours_variables: a bad value of a standard variable is only a warning, and its default is used.
            newer: files whose ``file_format`` is newer than what is known here: unknown keys in them are only warnings.
        """
        self.problems = problems
        self._honours_variables = honours_variables
        self._newer = newer

    def check(self, node: Node, rule: Rule, path: str) -> Any:
        """Check a node and everything below it."""
        if isinstance(rule, Map):
            return self._map(node, rule, path)
        if isinstance(rule, ListOf):
            return self._list(node, rule, path)
        if isinstance(rule, OneOf):
            return self._one_of(node, rule, path)
        if isinstance(rule, NotFollowed):
            return self._not_followed(node, rule, path)
        if isinstance(rule, Anything):
            return self._anything(node, rule, path)
        return self._scalar(node, rule, path)

    def complain(self, scalar: Scalar, path: str, text: str, *, is_secret: bool = False) -> bool:
        """Tell a wrong value; give True where a default takes its place, since a standard variable brought it."""
        if self._is_soft(scalar):
            names = " and ".join(scalar.variables)
            self.problems.note(f"{names}: its value {text}; the default holds")
            return True
        subject = "the value" if is_secret or scalar.value is None else quote(scalar.shown)
        unset = [f"${{{name}}}" for name in scalar.references if name not in scalar.variables]
        reason = f" ({' and '.join(unset)} {'is' if len(unset) == 1 else 'are'} not set)" if unset else ""
        self.problems.error(scalar.position, path, f"{subject} {text}{reason}")
        return False

    def _is_soft(self, scalar: Scalar) -> bool:
        is_standard = all(name.startswith(STANDARD_PREFIX) for name in scalar.variables)
        return self._honours_variables and bool(scalar.variables) and is_standard

    def _scalar(self, node: Node, rule: ScalarRule, path: str) -> Any:
        is_secret = getattr(rule, "is_secret", False)
        if not isinstance(node, Scalar):
            kind = "mapping" if isinstance(node, Mapping) else "list"
            self.problems.error(node.position, path, f"a {kind} cannot stand here; write one value")
            return None
        try:
            value = rule.read(node)
        except Fault as fault:
            if self.complain(node, path, str(fault), is_secret=is_secret):
                return self._scalar(_without_variables(node), rule, path)
            return None
        unset = getattr(rule, "unset", "")
        if unset and not value and node.references:
            self.problems.warn(node.position, path, f"${{{node.references[0]}}} is not set; {unset}")
        return self._tested(node, rule, path, value) if isinstance(rule, Text) and rule.test and value else value

    def _tested(self, node: Scalar, rule: Text, path: str, value: Any) -> Any:
        finding = rule.test(value, node.shown) if rule.test else None
        if finding is None:
            return value
        if not finding.is_error:
            subject = "the value" if rule.is_secret else quote(without_user(node.shown))
            self.problems.warn(node.position, path, f"{subject} {finding.text}")
            return value
        shown = node._replace(shown=without_user(node.shown))
        if self.complain(shown, path, finding.text, is_secret=rule.is_secret):
            return self._scalar(_without_variables(node), rule, path)
        return None

    def _map(self, node: Node, rule: Map, path: str) -> Any:
        if isinstance(node, Scalar) and node.value is None and rule.is_nullable:
            node = Mapping(node.position)
        if isinstance(node, Scalar) and rule.short and isinstance(node.value, str):
            return self._map(Mapping(node.position, {rule.short: Entry(node.position, node)}), rule, path)
        if not isinstance(node, Mapping):
            self._wrong_shape(node, path, "a mapping", rule.instead)
            return None
        values: dict[str, Any] = {}
        meant: set[str] = set()
        for key, entry in node.entries.items():
            below = f"{path}.{key}" if path else key
            if key in rule.keys:
                values[key] = self.check(entry.node, rule.keys[key], below)
            elif rule.rest is not None:
                values[key] = self.check(entry.node, rule.rest, below)
            else:
                meant.add(self._unknown_key(key, node, rule, path))
        missing = [key for key in rule.required if key not in node.entries]
        for key in missing:
            if key not in meant:
                text = f"'{key}' is missing; write {_how_to_write(key, rule.keys[key])}"
                self.problems.error(node.position, path, text)
        if missing:
            return None
        return rule.finish(self, node, path, values) if rule.finish else values

    def _unknown_key(self, key: str, node: Mapping, rule: Map, path: str) -> str:
        """Tell an unknown key; give the known one that was probably meant."""
        position = node.entries[key].position
        meant = hints.near(key, rule.keys, rule.also)
        below = f"{path}.{key}" if path else key
        if meant:
            text = f"unknown key; did you mean '{meant}'?"
        elif rule.keys:
            text = f"unknown key; write {hints.one_of(rule.keys)}"
        else:
            text = "unknown key; nothing stands below this one"
        if rule.is_open or position.file in self._newer:
            self.problems.warn(position, below, f"{text} It has no effect" if meant else f"{text}; it has no effect")
            return ""
        self.problems.error(position, below, text)
        return meant

    def _list(self, node: Node, rule: ListOf, path: str) -> list[Any]:
        if rule.everything and isinstance(node, Scalar) and isinstance(node.value, bool):
            return [rule.everything] if node.value else []
        if not isinstance(node, Sequence):
            self._wrong_shape(node, path, "a list", rule.instead)
            return []
        if rule.is_nonempty and not node.items and not node.may_be_empty:
            self.problems.error(node.position, path, "the list is empty; write an entry, or leave the key out")
        values = [self.check(item, rule.item, f"{path}[{index}]") for index, item in enumerate(node.items)]
        return [value for value in values if value is not None]

    def _one_of(self, node: Node, rule: OneOf, path: str) -> tuple[str, Any] | None:
        names = hints.one_of(rule.options)
        if not isinstance(node, Mapping):
            word = node.text if isinstance(node, Scalar) and isinstance(node.value, str) and not node.variables else ""
            name = word if word in rule.options else hints.misspelt(word, rule.options, rule.also)
            instead = f"'{name}:' on a line of its own, indented" if name else f"one of {names} as a key below it"
            self._wrong_shape(node, path, "a mapping", instead)
            return None
        if len(node.entries) != 1:
            here = f"{len(node.entries)} keys ({', '.join(map(quote, node.entries))})" if node.entries else "no key"
            self.problems.error(node.position, path, f"{here} where exactly one chooses; write one of {names}")
            return None
        [(name, entry)] = node.entries.items()
        below = f"{path}.{name}"
        if name in rule.options:
            return self._component(name, entry.node, rule.options[name], below)
        meant = hints.misspelt(name, rule.options, rule.also)
        if meant or rule.plugin is None:
            instead = f"did you mean '{meant}'?" if meant else f"write {names}"
            self.problems.error(entry.position, below, f"unknown component; {instead}")
            return None
        return self._component(name, entry.node, rule.plugin, below)

    def _component(self, name: str, node: Node, rule: Rule, path: str) -> tuple[str, Any] | None:
        value = self.check(node, rule, path)
        return None if isinstance(rule, NotFollowed) else (name, value)

    def _not_followed(self, node: Node, rule: NotFollowed, path: str) -> None:
        if _has_content(node) or not rule.is_quiet_when_empty:
            text = f"official, but otelrun does not follow it yet; {rule.instead}"
            self.problems.warn(node.position, path, text)

    def _anything(self, node: Node, rule: Anything, path: str) -> Any:
        if rule.is_mapping and not isinstance(node, Mapping) and not (isinstance(node, Scalar) and node.value is None):
            self._wrong_shape(node, path, "a mapping", "keys below it, indented, or nothing")
            return None
        return plain(node)

    def _wrong_shape(self, node: Node, path: str, wanted: str, instead: str) -> None:
        if isinstance(node, Scalar):
            is_word = isinstance(node.value, str) and node.shown.replace("_", "").isalpha() and not _is_private(path)
            subject = quote(node.shown) if is_word else "nothing" if node.value is None else "one value"
            kind = f"{subject} is not {wanted}"
        else:
            kind = f"a {'mapping' if isinstance(node, Mapping) else 'list'} is not {wanted}"
        self.problems.error(node.position, path, f"{kind}; write {instead}")


def plain(node: Node) -> Any:
    """Give a node's plain data; lists as tuples, as they arrive through a handoff."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return tuple(plain(item) for item in node.items)
    return {key: plain(entry.node) for key, entry in node.entries.items()}


def _without_variables(node: Scalar) -> Scalar:
    text = "" if node.default is None else str(node.default)
    return node._replace(value=node.default, text=text, variables=(), references=())


def _has_content(node: Node) -> bool:
    if isinstance(node, Scalar):
        return node.value is not None
    below = node.items if isinstance(node, Sequence) else [entry.node for entry in node.entries.values()]
    return any(_has_content(item) for item in below)


def _is_private(path: str) -> bool:
    return "headers" in path


def _how_to_write(key: str, rule: Rule) -> str:
    if isinstance(rule, OneOf):
        return f"'{key}:' and below it {hints.one_of(rule.options)}"
    return f"'{key}:'"
