"""The vocabulary of the profile's table: what one node may hold, and how a scalar of that kind is read.

``official`` and ``distribution`` are written in these words, ``checker`` walks nodes along them, ``extends`` merges by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.profile.hints import fraction, milliseconds, near, normalised, one_of
from otelrun.profile.pairs import parse_pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Table

    from otelrun.profile.checker import Checker
    from otelrun.profile.nodes import Mapping, Scalar

MILLISECONDS = "milliseconds"
LARGEST_INTEGER = 2**63 - 1
_YES = ("yes", "on", "1", "true")
_NO = ("no", "off", "0", "false")
_MANY = 6
_NO_NAMES: Table[str, str] = {}


class Fault(Exception):  # noqa: N818 - a judgement about a value, not a failure
    """A value is wrong. The text continues the sentence that begins with the value: ``is not …; write …``."""

    def __init__(self, *, what: str, instead: str) -> None:
        """Say what is wrong and what to write instead."""
        super().__init__(f"{what}; write {instead}")


class Finding(NamedTuple):
    """What a rule's own test found; like ``Fault`` a continued sentence, but perhaps only a warning."""

    text: str
    is_error: bool = True


class Text(NamedTuple):
    """Text.

    Attributes:
        is_nullable: may be empty.
        is_secret: never shown.
        unset: what follows where a reference left it empty; then a warning says so.
        test: judges the value; gets it, and its form for messages.
    """

    is_nullable: bool = False
    is_secret: bool = False
    unset: str = ""
    test: Callable[[str, str], Finding | None] | None = None

    def read(self, scalar: Scalar) -> str | None:
        """Give the text; that of a variable is text whatever it looks like."""
        if isinstance(scalar.value, str) or (scalar.variables and scalar.value is not None):
            return scalar.text
        if scalar.value is None:
            _allow_nothing(is_nullable=self.is_nullable, instead="some text")
            return None
        kind = "a boolean" if isinstance(scalar.value, bool) else "a number"
        raise Fault(
            what=f"is {kind}, not text", instead="it in quotes" if self.is_secret else f'"{scalar.shown}" in quotes'
        )


class Integer(NamedTuple):
    """A whole number; ``test`` raises a ``Fault`` if it is wrong for a reason of its own."""

    minimum: int = 0
    maximum: int = LARGEST_INTEGER
    unit: str = ""
    example: int = 1
    is_nullable: bool = True
    test: Callable[[int], None] | None = None

    def read(self, scalar: Scalar) -> int | None:
        """Give the number."""
        value = scalar.value
        if value is None:
            _allow_nothing(is_nullable=self.is_nullable, instead=str(self.example))
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            unit = f" ({self.unit})" if self.unit else ""
            raise Fault(what=f"is not an integer{unit}", instead=self._instead(scalar))
        if value < self.minimum:
            raise Fault(what="is too small", instead=f"{self.minimum} or more")
        if value > self.maximum:
            raise Fault(what="is too large", instead=f"{self.maximum} or less")
        if self.test:
            self.test(value)
        return value

    def _instead(self, scalar: Scalar) -> str:
        if scalar.variables:
            return f"e.g. {self.example}"
        value = scalar.value
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if scalar.text.isascii() and scalar.text.isdigit():
            return f"{scalar.text} without quotes"
        duration = milliseconds(scalar.text) if self.unit == MILLISECONDS else ""
        return duration or f"e.g. {self.example}"


class Fraction(NamedTuple):
    """A number from 0 to 1."""

    def read(self, scalar: Scalar) -> float | None:
        """Give the number."""
        value = scalar.value
        if value is None:
            return None
        instead = "" if scalar.variables else fraction(scalar.text)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Fault(what="is not a number from 0 to 1", instead=instead or "e.g. 0.1")
        if not 0 <= value <= 1:
            raise Fault(what="is not from 0 to 1", instead=instead or "e.g. 0.1")
        return float(value)


class Boolean(NamedTuple):
    """True or false, or one of ``words``."""

    is_nullable: bool = True
    words: tuple[str, ...] = ()

    def read(self, scalar: Scalar) -> bool | str | None:
        """Give the truth value; that of a variable in any case, as for the standard variables."""
        value = scalar.value
        if value is None:
            _allow_nothing(is_nullable=self.is_nullable, instead="true or false")
            return None
        if isinstance(value, bool):
            return value
        word = scalar.text.lower()
        if scalar.variables and word in ("true", "false"):
            return word == "true"
        if self.words:
            if word in self.words:
                return word
            raise Fault(what="is not known here", instead=one_of((*self.words, "true", "false")))
        instead = "true" if word in _YES else "false" if word in _NO else "true or false"
        raise Fault(what="is not a boolean", instead="true or false" if scalar.variables else instead)


class Choice(NamedTuple):
    """One of some words."""

    words: tuple[str, ...]
    is_nullable: bool = True
    also: Table[str, str] = _NO_NAMES

    def read(self, scalar: Scalar) -> str | None:
        """Give the word; that of a variable in any case, as for the standard variables."""
        value = scalar.value
        if value is None:
            _allow_nothing(is_nullable=self.is_nullable, instead=one_of(self.words))
            return None
        if value in self.words and isinstance(value, str):
            return value
        if scalar.variables:
            for word in self.words:
                if normalised(word) == normalised(scalar.text):
                    return word
            raise Fault(what="is not known here", instead=one_of(self.words))
        meant = near(scalar.text, self.words, self.also)
        raise Fault(what="is not known here", instead=self._instead(meant))

    def _instead(self, meant: str) -> str:
        if not meant:
            return one_of(self.words)
        others = [word for word in self.words if word != meant]
        return f"{meant} (or {one_of(others)})" if len(others) < _MANY else meant


class Pairs(NamedTuple):
    """Text ``name=value,name=value``, values percent-encoded, as in OTEL_RESOURCE_ATTRIBUTES and OTEL_EXPORTER_OTLP_HEADERS.

    ``test`` judges one name and value, and continues the sentence about the whole text if they are wrong.
    """

    is_secret: bool = False
    test: Callable[[str, str], str] | None = None

    def read(self, scalar: Scalar) -> tuple[tuple[str, str], ...]:
        """Give the pairs."""
        if scalar.value is None:
            return ()
        try:
            pairs = parse_pairs(scalar.text)
        except ValueError as error:
            raise Fault(what=str(error), instead="name=value,name=value") from None
        if self.test and any(self.test(name, value) for name, value in pairs):
            raise Fault(what="has a header in it that cannot be sent", instead="name=value,name=value")
        return pairs


class Anything(NamedTuple):
    """Plain data of any shape: what a plugin or an instrumentation gets. ``is_mapping``: a mapping, or nothing."""

    is_mapping: bool = False


class NotFollowed(NamedTuple):
    """Official, and nothing in otelrun follows it yet: accepted, with one warning that says what holds instead.

    ``is_quiet_when_empty``: no warning if all values below are null, as references to unset variables are.
    """

    instead: str = "it has no effect"
    is_quiet_when_empty: bool = False


class ListOf(NamedTuple):
    """A list.

    Attributes:
        item: the rule for each entry.
        keyed_by: ``name``, or ``key`` for one-key mappings: ``extends`` merges such lists entry by entry.
        is_nonempty: has at least one entry.
        everything: what the one entry is that ``true`` stands for; empty: a list has to be written out.
        instead: what to write where it is no list.
    """

    item: Rule
    keyed_by: str = ""
    is_nonempty: bool = True
    everything: str = ""
    instead: str = "a list, each entry on a line of its own after '- '"


class Map(NamedTuple):
    """A mapping of known keys.

    Attributes:
        keys: the rule for each key.
        required: keys that must be there.
        rest: the rule for every other key; None: there are no others.
        is_nullable: nothing at all means all defaults.
        is_open: an unknown key is only a warning.
        also: names that people write for one of the keys.
        short: the key whose text may stand alone, without the mapping.
        instead: what to write where it is no mapping.
        finish: makes the result from the values; gets the checker, the mapping's node, its path and the values.
    """

    keys: Table[str, Rule]
    required: tuple[str, ...] = ()
    rest: Rule | None = None
    is_nullable: bool = False
    is_open: bool = False
    also: Table[str, str] = _NO_NAMES
    short: str = ""
    instead: str = "keys below it, indented"
    finish: Callable[[Checker, Mapping, str, dict[str, Any]], Any] | None = None


class OneOf(NamedTuple):
    """A mapping with exactly one key, which chooses a component; checked to ``(key, configuration)``.

    Attributes:
        options: the rule for each component's configuration.
        plugin: the rule for the configuration of any other component, which something installed brings along; None: there
            are no others.
        also: everyday names of components.
    """

    options: Table[str, Rule]
    plugin: Rule | None = Anything(is_mapping=True)
    also: Table[str, str] = _NO_NAMES


ScalarRule = Text | Integer | Fraction | Boolean | Choice | Pairs
Rule = ScalarRule | Anything | NotFollowed | ListOf | Map | OneOf


def _allow_nothing(*, is_nullable: bool, instead: str) -> None:
    if not is_nullable:
        raise Fault(what="is missing its value", instead=instead)
