"""What the program gives as attributes → what OTLP can hold, as builtin types. Pure; never raises, whatever it is given.

Values are str, bool, int (64 bits), float, bytes, None, tuples and dicts of these. Follows the specification's
"Attribute Limits" and the API's ``AnyValue``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from otelrun.ring.record import MAX_INT, MIN_INT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_are_plain = frozenset((str, bool, int, float)).issuperset
_MAX_DEPTH = 16  # deeper than anything useful; a list that holds itself ends here


def clean(attributes: Any, count_limit: int, length_limit: int | None = None) -> tuple[dict[str, Any], int]:
    """Copy attributes with every value cleaned. The quick way: attributes of plain values are copied as they are.

    What that may let through, a name that is no str or an int of more than 64 bits, is mended by ``ring.record.decode``.

    Args:
        attributes: a mapping from the program.
        count_limit: how many are kept; the first ones are.
        length_limit: how long a str or bytes may be, also inside of others; None for no limit.

    Returns:
        The attributes, and how many were dropped.
    """
    if (
        length_limit is None
        and type(attributes) is dict
        and len(attributes) <= count_limit
        and _are_plain(map(type, attributes.values()))
    ):
        return attributes.copy(), 0
    kept: dict[str, Any] = {}
    return kept, add(kept, attributes, count_limit, length_limit)


def add(kept: dict[str, Any], attributes: Any, count_limit: int, length_limit: int | None) -> int:
    """Add cleaned ``attributes`` to ``kept``; give how many were dropped."""
    if not isinstance(attributes, Mapping):
        return 0
    dropped = 0
    for key, value in attributes.items():
        name = key if type(key) is str else _key(key)
        if not name or (len(kept) >= count_limit and name not in kept):
            dropped += 1
        else:
            kept[name] = clean_value(value, length_limit)
    return dropped


def clean_value(value: Any, length_limit: int | None = None, depth: int = 0) -> Any:
    """Give ``value`` as OTLP can hold it; an object without a text of its own becomes None, as in the SDK."""
    kind = type(value)
    if kind is bool or kind is float or value is None:
        return value
    if isinstance(value, str):
        text = value if kind is str else str.__str__(value)
        return text if length_limit is None else text[:length_limit]
    if isinstance(value, bool | int):
        return int(value) if MIN_INT <= value <= MAX_INT else str(int(value))
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
        return data if length_limit is None else data[:length_limit]
    if isinstance(value, Sequence | Mapping):
        return _clean_container(value, length_limit, depth)
    text_or_none = _text(value)
    return text_or_none if length_limit is None or text_or_none is None else text_or_none[:length_limit]


def _clean_container(value: Any, length_limit: int | None, depth: int) -> Any:
    if depth >= _MAX_DEPTH:
        return f"<{type(value).__name__}>"
    if isinstance(value, Sequence):
        return tuple(clean_value(item, length_limit, depth + 1) for item in value)
    cleaned = ((_key(key), clean_value(item, length_limit, depth + 1)) for key, item in value.items())
    return {key: item for key, item in cleaned if key}


def _key(key: Any) -> str | None:
    return str.__str__(key) if isinstance(key, str) else _text(key)


def _text(value: Any) -> str | None:
    kind: Any = type(value)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return None
    return text_of(value)


def text_of(value: Any) -> str:
    """Give ``str(value)``, or the name of its type where that raises."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return f"<{type(value).__name__}>"


def as_text(text: Any) -> str:
    """Give a name or description as exactly a str."""
    return text if type(text) is str else text_of(text)
