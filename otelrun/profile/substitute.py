"""``${NAME}``, ``${env:NAME}``, ``${NAME:-default}`` and ``$$`` in one scalar, as the specification's data model says.

Pure: text and environment in, text out. What a value's type is, is decided later, from the text after substitution.
Source: opentelemetry-specification, configuration/data-model.md, "Environment variable substitution".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from otelrun.profile.problems import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = re.compile(
    r"\$\{(?:(?:env:)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}\n]*))?\}|(?P<invalid>[^}\n]*)\})"
)


class Substitution(NamedTuple):
    """What became of one scalar.

    Attributes:
        text: the text after substitution.
        default: the text as it would be if no variable were set.
        shown: the text for messages: each reference as ``${NAME}``, whatever its value or default.
        references: names of all variables that are referred to.
        variables: those of them that gave a value.
    """

    text: str
    default: str
    shown: str
    references: tuple[str, ...]
    variables: tuple[str, ...]


class InvalidReferenceError(ValueError):
    """A ``${…}`` that is not a reference; the text says what to write instead."""


def substitute(text: str, environment: Mapping[str, str]) -> Substitution:
    """Replace the references of one scalar, from left to right, never twice.

    ``$$`` becomes ``$``, and that ``$`` never begins a reference: the text is cut at each ``$$`` first.

    Raises:
        InvalidReferenceError: for ``${1X}``, ``${X:?message}``, ``${sys:x}`` and the like.
    """
    if "$" not in text:
        return Substitution(text, text, text, (), ())
    references: list[str] = []
    variables: list[str] = []

    def with_value(match: re.Match[str]) -> str:
        name, value = match["name"], _value(environment, match["name"])
        references.append(name)
        if value:
            variables.append(name)
            return value
        return match["default"] or ""

    parts = text.split("$$")
    for part in parts:
        _refuse_invalid(part)
    return Substitution(
        text="$".join(_REFERENCE.sub(with_value, part) for part in parts),
        default="$".join(_REFERENCE.sub(lambda match: match["default"] or "", part) for part in parts),
        shown="$".join(_REFERENCE.sub(lambda match: f"${{{match['name']}}}", part) for part in parts),
        references=tuple(dict.fromkeys(references)),
        variables=tuple(dict.fromkeys(variables)),
    )


def _value(environment: Mapping[str, str], name: str) -> str:
    """Look a variable up; bytes that are not UTF-8 arrive as lone surrogates, which no exporter could encode."""
    value = environment.get(name, "")
    return value if value.isascii() else value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _refuse_invalid(part: str) -> None:
    for match in _REFERENCE.finditer(part):
        if match["name"] is None:
            name = re.split(r"[:\s]", match["invalid"])[0]  # what follows may be a secret
            shown = "${" + name + ("…}" if name != match["invalid"] else "}")
            text = f"{quote(shown)} is not a reference; write ${{NAME}} or ${{NAME:-default}}, and $$ for a $ itself"
            raise InvalidReferenceError(text)
