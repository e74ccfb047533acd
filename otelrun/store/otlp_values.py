"""OTLP/JSON values → plain values: AnyValue, KeyValue, ids, times, numbers. Pure, and of foreign text: whatever is wrong raises.

By the specification ids are hexadecimal, 64-bit integers texts and enums numbers. What protobuf's own JSON writes is read too:
base64 ids, enum names, numbers in place of texts.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HIGHEST = (1 << 63) - 1
_LOWEST = -(1 << 63)
_LONGEST_NUMBER = 32


def any_value(packed: Any) -> Any:
    """Give the value of an AnyValue; None for one without.

    Raises:
        ValueError: it is none.
    """
    (kind, value), *more = mapping(packed).items() or [("", None)]
    if more or (kind and kind not in _VALUES):
        message = f"no value: {_shortly(packed)}"
        raise ValueError(message)
    return _VALUES[kind](value) if kind else None


def attributes(pairs: Any) -> dict[str, Any]:
    """Give a list of KeyValues as a dict.

    Raises:
        ValueError: it is none.
    """
    return {text(pair, "key"): any_value(pair.get("value") or {}) for pair in items(pairs)}


def mapping(value: Any) -> dict[str, Any]:
    """Give an object.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, dict):
        message = f"no object: {_shortly(value)}"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for one kind of fault
    return value


def items(values: Any) -> list[dict[str, Any]]:
    """Give a list of objects; an empty one for None.

    Raises:
        ValueError: it is none.
    """
    if values is None:
        return []
    if not isinstance(values, list):
        message = f"no list: {_shortly(values)}"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for one kind of fault
    return [mapping(value) for value in values]


def part(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give an object inside another; an empty one where it is missing.

    Raises:
        ValueError: it is none.
    """
    return mapping(holder.get(name) or {})


def text(holder: Mapping[str, Any], name: str) -> str:
    """Give a text field; empty where it is missing.

    Raises:
        ValueError: it is none.
    """
    value = holder.get(name)
    if value is not None and not isinstance(value, str):
        message = f"{name} is no text: {_shortly(value)}"
        raise ValueError(message)
    return value or ""


def number(holder: Mapping[str, Any], name: str, *, lowest: int = 0) -> int:
    """Give an integer field of at most 63 bits; 0 where it is missing.

    Raises:
        ValueError: it is none, or less than ``lowest``.
    """
    value = holder.get(name)
    try:
        found = 0 if value is None else integer(value)
    except ValueError as error:
        message = f"{name} is {error}"
        raise ValueError(message) from None
    if not lowest <= found <= _HIGHEST:
        message = f"{name} is out of range: {_shortly(value)}"
        raise ValueError(message)
    return found


def integer(value: Any) -> int:
    """Read an integer, written as a number or as a text.

    Raises:
        ValueError: it is none, or of more than 64 bits.
    """
    is_text = isinstance(value, str) and len(value) <= _LONGEST_NUMBER
    if isinstance(value, bool) or not (is_text or isinstance(value, int | float)):
        message = f"no number: {_shortly(value)}"
        raise ValueError(message)
    try:
        found = int(value)
    except (ValueError, OverflowError):
        message = f"no number: {_shortly(value)}"
        raise ValueError(message) from None
    if not _LOWEST <= found <= _HIGHEST:
        message = f"no number of 64 bits: {_shortly(value)}"
        raise ValueError(message)
    return found


def double(value: Any) -> float:
    """Read a double; ``NaN``, ``Infinity`` and ``-Infinity`` are texts.

    Raises:
        ValueError: it is none.
    """
    is_text = isinstance(value, str) and len(value) <= _LONGEST_NUMBER
    if isinstance(value, bool) or not (is_text or isinstance(value, int | float)):
        message = f"no number: {_shortly(value)}"
        raise ValueError(message)
    try:
        return float(value)
    except OverflowError:
        message = f"no number: {_shortly(value)}"
        raise ValueError(message) from None


def choice(holder: Mapping[str, Any], name: str, prefix: str, names: tuple[str, ...]) -> int:
    """Give an enum field as its number; 0 where it is missing.

    Args:
        holder: what has the field.
        name: of the field.
        prefix: of the names of its values, e.g. ``SPAN_KIND_``.
        names: what follows the prefix, in lower case, from 0.

    Raises:
        ValueError: it is none of them.
    """
    value = holder.get(name)
    if isinstance(value, str) and value.startswith(prefix):
        word = value.removeprefix(prefix).lower()
        if word in names:
            return names.index(word)
    found = number(holder, name)
    if found >= len(names):
        message = f"{name} is unknown: {_shortly(value)}"
        raise ValueError(message)
    return found


def identifier(holder: Mapping[str, Any], name: str, size: int) -> int:
    """Give an id of ``size`` bytes as a number; 0 where it is missing or empty.

    Raises:
        ValueError: it is none.
    """
    value = text(holder, name)
    if not value:
        return 0
    try:
        packed = bytes.fromhex(value) if len(value) == 2 * size else base64.b64decode(value, validate=True)
    except ValueError:
        packed = b""
    if len(packed) != size:
        message = f"{name} is no id of {size} bytes: {_shortly(value)}"
        raise ValueError(message)
    return int.from_bytes(packed, "big")


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        message = f"neither true nor false: {_shortly(value)}"
        raise ValueError(message)  # noqa: TRY004 - as above
    return value


def _text(value: Any) -> str:
    return text({"a value": value}, "a value")


def _array(value: Any) -> list[Any]:
    return [any_value(item) for item in items(mapping(value).get("values"))]


def _map(value: Any) -> dict[str, Any]:
    return attributes(mapping(value).get("values"))


def _bytes(value: Any) -> bytes:
    return base64.b64decode(_text(value), validate=True)


_VALUES = {
    "stringValue": _text,
    "intValue": integer,
    "boolValue": _truth,
    "doubleValue": double,
    "arrayValue": _array,
    "kvlistValue": _map,
    "bytesValue": _bytes,
}


def _shortly(value: Any) -> str:
    shown = repr(value)[:60] if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return shown if shown.isprintable() else ascii(shown)
