"""The protobuf wire format and OTLP's common messages, packed by hand: AnyValue, KeyValue, Resource, InstrumentationScope.

Packing by hand costs about a tenth of building message objects first and keeps protobuf out of the agent. Every message is
byte-equal to what opentelemetry-proto serialises; the unit tests compare them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.ring.record import Scope

_CACHE_ENTRIES = 4_096
_CACHE_VALUE_LENGTH = 128
_LOWEST_INT = -(1 << 63)
_ABOVE_INT = 1 << 63

pack_fixed64 = struct.Struct("<Q").pack
pack_double = struct.Struct("<d").pack
_SMALL = tuple(bytes((n,)) for n in range(128))

_keys: dict[str, bytes] = {}
_pairs: dict[tuple[str, str], bytes] = {}


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
    kind = type(value)
    if kind is str:
        payload = value.encode("utf-8", "replace")
        return b"\x0a" + varint(len(payload)) + payload
    if kind is bool:
        return b"\x10\x01" if value else b"\x10\x00"
    if kind is int:
        if _LOWEST_INT <= value < _ABOVE_INT:
            return b"\x18" + varint(value)
        return any_value(str(value))
    if kind is float:
        return b"\x21" + pack_double(value)
    if value is None:
        return b""
    if kind is bytes:
        return delimited(b"\x3a", value)
    if kind is dict:
        return delimited(b"\x32", attributes(b"\x0a", value))
    return delimited(b"\x2a", b"".join(delimited(b"\x0a", any_value(item)) for item in value))


def attributes(tag: bytes, pairs: Mapping[str, Any]) -> bytes:
    """Pack attributes as a repeated KeyValue field; recurring keys and short strings are packed once and kept."""
    out = []
    for key, value in pairs.items():
        if type(value) is str:
            packed = _pairs.get((key, value))
            if packed is None:
                packed = _pack_text_pair(key, value)
        else:
            content = any_value(value)
            packed = (_keys.get(key) or _pack_key(key)) + b"\x12" + varint(len(content)) + content
        out.append(tag + varint(len(packed)) + packed)
    return b"".join(out)


def _pack_key(key: str) -> bytes:
    packed = text(b"\x0a", key)
    if len(_keys) >= _CACHE_ENTRIES:
        _keys.clear()
    _keys[key] = packed
    return packed


def _pack_text_pair(key: str, value: str) -> bytes:
    packed = (_keys.get(key) or _pack_key(key)) + delimited(b"\x12", any_value(value))
    if len(value) <= _CACHE_VALUE_LENGTH:
        if len(_pairs) >= _CACHE_ENTRIES:
            _pairs.clear()
        _pairs[key, value] = packed
    return packed


def resource(values: Mapping[str, Any]) -> bytes:
    """Pack the content of a Resource."""
    return attributes(b"\x0a", values)


def scope(value: Scope) -> bytes:
    """Pack the content of an InstrumentationScope."""
    return text(b"\x0a", value.name) + text(b"\x12", value.version) + attributes(b"\x1a", value.attributes)
