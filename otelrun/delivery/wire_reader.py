"""Reads serialised protobuf without its descriptions: the fields of a message, the records of an OTLP request. Pure; no I/O.

A record is what is counted: a span, a log record, a point of a metric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otelrun.delivery import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5

_PATHS: dict[str, tuple[tuple[int, ...], ...]] = {  # field numbers from the request down to the record
    "spans": ((1,), (2,), (2,)),
    "logs": ((1,), (2,), (2,)),
    "metrics": ((1,), (2,), (2,), (5, 7, 9, 10, 11), (1,)),
}
_TRACE_ID_HEAD = b"\x0a\x10"
_SPAN_STATUS = 15
_STATUS_TAG = _SPAN_STATUS << 3 | DELIMITED
_STATUS_CODE = 3
_ERROR = 2
_SEVERITY = 2


def fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """List the numbers and contents of a message's varint and delimited fields, as far as it can be read."""
    return [
        (number, content if isinstance(content, int) else data[content[0] : content[1]])
        for number, _, content, _ in _walk(data, 0, len(data))
        if content is not None
    ]


def records(signal: str, request: bytes) -> list[tuple[int, int]]:
    """Give where in a request each of its records begins and ends.

    Args:
        signal: ``spans``, ``logs`` or ``metrics``.
        request: a serialised ``Export*ServiceRequest``.
    """
    found: list[tuple[int, int]] = []
    _find(request, (0, len(request)), _PATHS[signal], found)
    return found


def select(signal: str, request: bytes, is_wanted: Callable[[int], bool]) -> bytes:
    """Give a request with some of the records only; resources and scopes that have none of them go.

    Args:
        signal: ``spans``, ``logs`` or ``metrics``.
        request: a serialised ``Export*ServiceRequest``.
        is_wanted: asked with the index of each record, in their order.
    """
    numbers = iter(range(len(request)))
    return b"".join(_select(request, (0, len(request)), _PATHS[signal], lambda: is_wanted(next(numbers)))[0])


def trace_of(span: bytes) -> tuple[bytes, bool]:
    """Give a serialised span's trace id, and whether the span has failed."""
    trace_id = span[2:18] if span.startswith(_TRACE_ID_HEAD) else b""
    is_error = False
    for number, _, content, _ in _walk(span, _end_of_short_fields(span) if trace_id else 0, len(span)):
        if number == 1 and not trace_id and isinstance(content, tuple):
            trace_id = span[content[0] : content[1]]
        elif number == _SPAN_STATUS and isinstance(content, tuple):
            is_error = (_STATUS_CODE, _ERROR) in fields(span[content[0] : content[1]])
    return trace_id, is_error


def _end_of_short_fields(span: bytes) -> int:
    """Pass over delimited fields of less than 128 bytes, times and one-byte numbers before the status: most of most spans.

    What ``_walk`` would do, at a third of the time; an outbox that overflows looks at every span it holds.
    """
    at, end = 0, len(span) - 1
    while at < end:
        tag = span[at]
        size = span[at + 1]
        if tag >= _STATUS_TAG or (size >= 128 and tag & 7 != FIXED64):  # noqa: PLR2004 - more than one byte
            break
        if tag & 7 == DELIMITED:
            following = at + 2 + size
        elif tag & 7 == FIXED64:
            following = at + 9
        elif tag & 7 == VARINT:
            following = at + 2
        else:
            break
        if following > len(span):
            break
        at = following
    return at


def severity_of(log_record: bytes) -> int:
    """Give a serialised log record's severity number; 0 where it has none."""
    for number, _, content, _ in _walk(log_record, 0, len(log_record)):
        if number == _SEVERITY and isinstance(content, int):
            return content
    return 0


def _find(data: bytes, part: tuple[int, int], path: tuple[tuple[int, ...], ...], found: list[tuple[int, int]]) -> None:
    for number, _, content, _ in _walk(data, *part):
        if number in path[0] and isinstance(content, tuple):
            if len(path) == 1:
                found.append(content)
            else:
                _find(data, content, path[1:], found)


def _select(
    data: bytes, part: tuple[int, int], path: tuple[tuple[int, ...], ...], is_wanted: Callable[[], bool]
) -> tuple[list[bytes], bool]:
    """Give the pieces of a message that stay, and whether a record is among them."""
    pieces: list[bytes] = []
    has_any = False
    for number, start, content, end in _walk(data, *part):
        if number not in path[0] or not isinstance(content, tuple):
            pieces.append(data[start:end])
        elif len(path) == 1:
            if is_wanted():
                pieces.append(data[start:end])
                has_any = True
        else:
            inner, has_inner = _select(data, content, path[1:], is_wanted)
            if has_inner:
                pieces.append(wire.delimited(wire.varint(number << 3 | DELIMITED), b"".join(inner)))
                has_any = True
    return pieces, has_any


def _walk(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int | tuple[int, int] | None, int]]:
    """Give each field's number, start, content (a varint's value, where a delimited one lies) and end; as far as it is whole."""
    while at < end:
        start = at
        tag, at = _varint(data, at, end)
        kind = tag & 7
        content: int | tuple[int, int] | None = None
        if kind == VARINT:
            content, at = _varint(data, at, end)
        elif kind == DELIMITED:
            size, at = _varint(data, at, end)
            content = at, at + size
            at += size
        elif kind in (FIXED64, FIXED32):
            at += 8 if kind == FIXED64 else 4
        else:
            return
        if at > end:
            return
        yield tag >> 3, start, content, at


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Read a varint: its value and where it ends; beyond ``end`` where it is cut off."""
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:  # noqa: PLR2004 - the last byte has no continuation bit
            return value, at
        shift += 7
    return 0, end + 1
