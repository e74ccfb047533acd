"""The protobuf wire format and OTLP's common messages, packed by hand: AnyValue, KeyValue, Resource, InstrumentationScope.

Packing by hand costs about a tenth of building message objects first and keeps protobuf out of the agent. Every message is
byte-equal to what opentelemetry-proto serialises; the unit tests compare them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otelrun.ring.record import Scope

_CACHE_ENTRIES = 4_096
_CACHE_VALUE_LENGTH = 128
_LOWEST_INT = -(1 << 63)
_ABOVE_INT = 1 << 63

pack_fixed64 = struct.Struct("<Q").pack
pack_double = struct.Struct("<d").pack
_SMALL = tuple(bytes((n,)) for n in range(128))

_keys: dict[str, bytes] = {}
_texts: dict[tuple[str, str], bytes] = {}
_ints: dict[tuple[str, int], bytes] = {}
_KEPT: dict[type, dict[Any, bytes]] = {str: _texts, int: _ints}  # apart, for 1 and True are one key


def varint(number: int) -> bytes:
    """Pack an integer; a negative one as its 64-bit two's complement."""
    if 0 <= number < 128:  # noqa: PLR2004 - what fits one byte
        return _SMALL[number]
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > 127:  # noqa: PLR2004
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(tag: bytes, payload: bytes) -> bytes:
    """Pack a length-delimited field: ``tag`` is its tag byte, ``payload`` its content."""
    return tag + varint(len(payload)) + payload


def text(tag: bytes, value: str) -> bytes:
    """Pack a string field; nothing for the empty string. Lone surrogates become ``?``: protobuf allows no others."""
    if not value:
        return b""
    payload = value.encode("utf-8", "replace")
    return tag + varint(len(payload)) + payload


def number(tag: bytes, value: int) -> bytes:
    """Pack a varint field; nothing for zero."""
    return tag + varint(value) if value else b""


def any_value(value: Any) -> bytes:
    """Pack the content of an AnyValue."""
    pack: Callable[[Any], bytes] = _PACKERS.get(type(value), _pack_array)
    return pack(value)


def _pack_text(value: str) -> bytes:
    return delimited(b"\x0a", value.encode("utf-8", "replace"))


def _pack_bool(value: bool) -> bytes:
    return b"\x10\x01" if value else b"\x10\x00"


def _pack_int(value: int) -> bytes:
    """Pack an integer; one beyond 64 bits, for which OTLP has no form, as its digits."""
    return b"\x18" + varint(value) if _LOWEST_INT <= value < _ABOVE_INT else _pack_text(str(value))


def _pack_float(value: float) -> bytes:
    return b"\x21" + pack_double(value)


def _pack_none(_: None) -> bytes:
    return b""


def _pack_bytes(value: bytes) -> bytes:
    return delimited(b"\x3a", value)


def _pack_map(value: Mapping[str, Any]) -> bytes:
    return delimited(b"\x32", attributes(b"\x0a", value))


def _pack_array(value: Iterable[Any]) -> bytes:
    return delimited(b"\x2a", b"".join(delimited(b"\x0a", any_value(item)) for item in value))


_PACKERS: dict[type, Callable[[Any], bytes]] = {
    str: _pack_text,
    bool: _pack_bool,
    int: _pack_int,
    float: _pack_float,
    type(None): _pack_none,
    bytes: _pack_bytes,
    dict: _pack_map,
}


def attributes(tag: bytes, pairs: Mapping[str, Any]) -> bytes:
    """Pack attributes as a repeated KeyValue field; recurring pairs with short strings or integers are packed once and kept."""
    packed = [b""]
    for key, value in pairs.items():
        kind = type(value)
        if kind is str:
            pair = _texts.get((key, value))
        elif kind is int:
            pair = _ints.get((key, value))
        else:
            pair = None
        packed.append(pair or _pack_pair(key, value))
    return tag.join(packed)


def _pack_pair(key: str, value: Any) -> bytes:
    """Pack a KeyValue after its length; keep it if it may recur."""
    content = any_value(value)
    pair = (_keys.get(key) or _pack_key(key)) + b"\x12" + varint(len(content)) + content
    pair = varint(len(pair)) + pair
    kept = _KEPT.get(type(value))
    if kept is not None and len(content) <= _CACHE_VALUE_LENGTH:
        if len(kept) >= _CACHE_ENTRIES:
            kept.clear()
        kept[key, value] = pair
    return pair


def _pack_key(key: str) -> bytes:
    packed = text(b"\x0a", key)
    if len(_keys) >= _CACHE_ENTRIES:
        _keys.clear()
    _keys[key] = packed
    return packed


def resource(values: Mapping[str, Any]) -> bytes:
    """Pack the content of a Resource."""
    return attributes(b"\x0a", values)


def scope(value: Scope) -> bytes:
    """Pack the content of an InstrumentationScope."""
    return text(b"\x0a", value.name) + text(b"\x12", value.version) + attributes(b"\x1a", value.attributes)
