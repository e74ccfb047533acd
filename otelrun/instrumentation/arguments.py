"""Values of arguments as attributes of spans: bounded, secrets masked by name, and without running any of the program's code.

So an object of a class of the program's is written as the name of its class, never as its ``repr``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MASK = "REDACTED"
LONGEST = 256
_MOST_ITEMS = 8
_DEEPEST = 3
_MORE = "…"
_SECRETS = (
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "cvv",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "session",
    "signature",
    "token",
)
_NUMBERS = (bool, int, float)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_BRACKETS: dict[Any, str] = {list: "[]", tuple: "()", set: "{}", frozenset: "{}"}


def is_secret(name: str) -> bool:
    """Say whether a value of this name is not to be written."""
    plain = name.lower().replace("_", "").replace("-", "")
    return any(secret in plain for secret in _SECRETS)


def render(name: str, value: Any) -> str | bool | int | float:
    """Give the value of an attribute for an argument.

    Args:
        name: of the parameter.
        value: booleans, numbers and text stay what they are; text is cut after ``LONGEST`` characters.
    """
    if is_secret(name):
        return MASK
    kind = type(value)
    if kind is str:
        return _cut(value)
    if kind in _NUMBERS and (kind is not int or _SMALLEST <= value <= _LARGEST):
        number: bool | int | float = value
        return number
    return _cut(_text(value, _DEEPEST))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + _MORE


def _text(value: Any, depth: int) -> str:
    kind = type(value)
    if kind in (str, bytes):
        return repr(value[:LONGEST])
    if kind is int:
        return str(value) if value.bit_length() <= LONGEST else f"<int of {value.bit_length()} bits>"
    if value is None or kind in (bool, float, complex):
        return repr(value)
    if kind is dict or kind in _BRACKETS:
        return _container(value, depth)
    if issubclass(kind, type):  # not isinstance, which asks the value
        return f"<class {_name(value)}>"
    return f"<{_name(kind)}>"


def _container(value: Any, depth: int) -> str:
    brackets = _BRACKETS.get(type(value), "{}")
    opening, closing = brackets[0], brackets[1]
    if depth == 0:
        return f"{opening}{_MORE}{closing}" if value else f"{opening}{closing}"
    parts: list[str] = []
    try:
        for item in value.items() if type(value) is dict else value:
            if len(parts) == _MOST_ITEMS:
                parts.append(_MORE)
                break
            parts.append(_pair(item, depth) if type(value) is dict else _text(item, depth - 1))
    except RuntimeError:  # another thread has changed it
        parts.append(_MORE)
    return f"{opening}{', '.join(parts)}{closing}"


def _pair(item: tuple[Any, Any], depth: int) -> str:
    key, value = item
    shown = MASK if type(key) is str and is_secret(key) else _text(value, depth - 1)
    return f"{_text(key, depth - 1)}: {shown}"


def _name(kind: type) -> str:
    module, name = type.__dict__["__module__"].__get__(kind), type.__dict__["__qualname__"].__get__(kind)
    return name if module == "builtins" else f"{module}.{name}"
