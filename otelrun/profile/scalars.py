"""What type a plain YAML scalar has, by the core schema of YAML 1.2 (PyYAML's own resolver follows YAML 1.1).

So ``yes``, ``on``, ``1:30``, ``1_000`` and ``2024-01-31`` are text, ``0777`` is 777, ``0o777`` is 511, ``1e-3`` a number.
"""

from __future__ import annotations

import re

Value = str | int | float | bool | None

_CONSTANTS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o(?P<octal>[0-7]+)|0x(?P<hexadecimal>[0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 100
_TAG = "tag:yaml.org,2002:"
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}


def resolve(text: str) -> Value:
    """Give the value of a plain scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) > _LONGEST_NUMBER:  # Python refuses to read very long integers; nothing here needs one
        return text
    if match := _INTEGER.fullmatch(text):
        if octal := match["octal"]:
            return int(octal, 8)
        if hexadecimal := match["hexadecimal"]:
            return int(hexadecimal, 16)
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def resolve_tagged(tag: str, text: str) -> Value:
    """Give the value of a scalar with an explicit tag such as ``!!int``.

    Raises:
        LookupError: the tag is none of the core schema's.
        ValueError: the text is not of that kind.
    """
    if tag == "!":
        return text
    name = tag.removeprefix(_TAG)
    if name == tag or name not in _KINDS:
        raise LookupError(tag)
    if name == "str":
        return text
    value = resolve(text)
    if not isinstance(value, _KINDS[name]) or (isinstance(value, bool) and name != "bool"):
        raise ValueError(tag)
    return float(value) if name == "float" and isinstance(value, int | float) else value
