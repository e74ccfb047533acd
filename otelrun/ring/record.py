"""What the payload of a record means: the codec between Python values and bytes. No I/O.

A payload is ``marshal`` version 2 (no references, the same in every CPython 3) of a tuple whose first item is the kind.
Attribute values are what OTLP's AnyValue can hold: str, bool, int, float, bytes, None, lists and maps with str keys of these.
"""

from __future__ import annotations

import marshal
from typing import Any, NamedTuple

SPAN = 1
LOG = 2
NOTE = 3
KIND_NAMES = {SPAN: "spans", LOG: "logs", NOTE: "notes"}

MARSHAL_VERSION = 2

INTERRUPTED = "otelrun.interrupted"
"""Attribute of a span that had not ended when its process did: true."""

LEFT_SHIFT = 16
"""Of a record's ``flags``, the bits from here on: bit n says that the program itself sends the record to where the profile's n-th
exporter of its signal does, which is not to send it, too."""

LEFT_TO_PROGRAM = "sent by the program itself"
"""Why an exporter was not given such a record."""

FLAGS = (1 << LEFT_SHIFT) - 1
"""The bits of ``flags`` that are telemetry."""

MIN_INT = -(1 << 63)
MAX_INT = (1 << 63) - 1

Attributes = dict[str, Any]


class EventRecord(NamedTuple):
    """A span event: name, time in ns since the epoch, attributes, how many attributes were dropped."""

    name: str
    time_ns: int
    attributes: Attributes
    dropped_attributes: int = 0


class LinkRecord(NamedTuple):
    """A span link: ids as int (128 and 64 bits), W3C tracestate text, W3C flags, attributes, attributes dropped."""

    trace_id: int
    span_id: int
    trace_state: str
    flags: int
    attributes: Attributes
    dropped_attributes: int = 0


class SpanRecord(NamedTuple):
    """An ended span. Most spans have nothing beyond ``scope``; then the record in the ring ends there.

    ``parent_span_id`` is 0 for a root. ``flags`` are W3C trace flags; bit 8 (0x100) and 9 (0x200) are OTLP's "parent is
    remote is known" and "parent is remote", those from ``LEFT_SHIFT`` on are ours. ``kind`` is the API's SpanKind value
    (0 internal, 1 server, 2 client, 3 producer, 4 consumer). ``status`` is 0 unset, 1 ok, 2 error. ``scope`` is the id of a
    TABLE_SCOPE entry of the same ring.
    """

    trace_id: int
    span_id: int
    parent_span_id: int
    flags: int
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Attributes
    scope: int
    trace_state: str = ""
    events: tuple[EventRecord, ...] = ()
    links: tuple[LinkRecord, ...] = ()
    status: int = 0
    status_description: str = ""
    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0


class LogRecord(NamedTuple):
    """A log record. Ids are 0 outside a span; ``severity_number`` is OTLP's 0 to 24; times in ns since the epoch."""

    time_ns: int
    observed_ns: int
    trace_id: int
    span_id: int
    flags: int
    severity_number: int
    severity_text: str
    body: Any
    attributes: Attributes
    event_name: str
    scope: int
    dropped_attributes: int = 0


class NoteRecord(NamedTuple):
    """Something otelrun did or could not do in this process: time, slug, one line of text."""

    time_ns: int
    slug: str
    text: str


class Scope(NamedTuple):
    """An instrumentation scope, as a TABLE_SCOPE entry."""

    name: str
    version: str
    schema_url: str
    attributes: Attributes


class Series(NamedTuple):
    """One metric stream with one attribute set, as a TABLE_SERIES entry; its cells follow the definition.

    ``instrument`` is one of ``counter``, ``up_down_counter``, ``gauge``, ``histogram`` and the ``observable_`` forms of the
    first three. Cells, each 8 bytes:

    * sums and gauges: value (double), time of the last measurement in ns (word), 1 when any measurement was a float (word);
    * histograms: sum (double), min (double), max (double), time of the last measurement in ns (word), 1 when any
      measurement was a float (word), then one count (word) for each of ``len(boundaries) + 1`` buckets.

    A time of 0 means that nothing was measured yet. Values are cumulative since ``start_ns``.
    """

    instrument: str
    name: str
    unit: str
    description: str
    scope: int
    attributes: Attributes
    boundaries: tuple[float, ...]
    start_ns: int


class Library(NamedTuple):
    """What has become of the instrumentation of one library in this process, as a TABLE_LIBRARY entry.

    ``library`` is the module of which the import matters, ``name`` the instrumentation's, by which a profile switches it,
    ``distribution`` what that is from or would be. ``state`` is ``hooked``; ``left`` (the program does it itself), ``off``,
    ``unsupported`` or ``failed``; or ``imported``, where none is installed. ``text`` says why, in one line. Of two entries
    with one library and name the later one counts.
    """

    library: str
    name: str
    state: str
    distribution: str
    text: str


SUM_CELLS = 3
HISTOGRAM_CELLS = 5  # before the buckets

_TYPES: dict[int, Any] = {SPAN: SpanRecord, LOG: LogRecord, NOTE: NoteRecord}

KIND_OF: dict[type, int] = {record: kind for kind, record in _TYPES.items()}

Record = SpanRecord | LogRecord | NoteRecord


def encode(kind: int, fields: tuple[Any, ...]) -> bytes:
    """Encode a record.

    Args:
        kind: SPAN, LOG or NOTE.
        fields: the fields of the record's type, in order.

    Returns:
        The payload.
    """
    return encode_whole((kind, *fields))


def encode_whole(record: tuple[Any, ...]) -> bytes:
    """Encode a record given as one tuple: its kind, then its fields in order."""
    try:
        return marshal.dumps(record, MARSHAL_VERSION)
    except ValueError:  # a subclass of str, an enum, a foreign object somewhere inside
        return marshal.dumps(plain(record), MARSHAL_VERSION)


def decode(payload: bytes) -> Record:
    """Decode a payload whose checksum was right.

    The program writes what it was given as quickly as it can; here it becomes what OTLP can hold: valid Unicode, names that are
    text, ints of 64 bits.

    Raises:
        ValueError: it is not a record of a known kind.
    """
    try:
        kind, *fields = marshal.loads(payload)
        if b"\xed" in payload:
            fields = _mend_text(fields)
        record = _TYPES[kind](*fields)
        if kind == SPAN and (record.events or record.links):
            record = record._replace(
                events=tuple(_mend_attributes(EventRecord(*event)) for event in record.events),
                links=tuple(_mend_attributes(LinkRecord(*link)) for link in record.links),
            )
        if kind != NOTE:
            record = _mend_attributes(record)
    except (ValueError, TypeError, KeyError, EOFError, AttributeError) as error:
        message = f"not a record: {error}"
        raise ValueError(message) from error
    else:
        return record  # type: ignore[no-any-return]


def _mend_attributes(record: Any) -> Any:
    attributes = record.attributes
    for name, value in attributes.items():
        if type(name) is not str or not name or (type(value) is int and not MIN_INT <= value <= MAX_INT):
            break
    else:
        return record
    return record._replace(
        attributes={
            str(name): str(value) if type(value) is int and not MIN_INT <= value <= MAX_INT else value
            for name, value in attributes.items()
            if name != ""
        }
    )


def _mend_text(value: Any) -> Any:
    """Replace lone surrogates, which UTF-8 cannot hold, by question marks."""
    if type(value) is str:
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if type(value) is dict:
        return {_mend_text(name): _mend_text(item) for name, item in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_mend_text(item) for item in value)
    return value


def decode_open_span(payload: bytes, end_ns: int) -> SpanRecord:
    """Decode the content of an open span's slot as a span that was interrupted.

    Args:
        payload: trace id, span id, parent's span id, flags, name, kind, start, scope, attributes, as in ``SpanRecord``.
        end_ns: when the process ended, ns since the epoch.

    Returns:
        The span, with the attribute ``INTERRUPTED``.

    Raises:
        ValueError: it is none.
    """
    try:
        *first, scope, attributes = marshal.loads(payload)
        interrupted = {**attributes, INTERRUPTED: True}
    except (ValueError, TypeError, EOFError) as error:
        message = f"not an open span: {error}"
        raise ValueError(message) from error
    span = decode(encode_whole((SPAN, *first, end_ns, interrupted, scope)))
    assert isinstance(span, SpanRecord)
    return span._replace(end_ns=max(span.start_ns, end_ns))


def encode_beginning(trace_id: int, span_id: int) -> bytes:
    """Give the bytes that the record of this span has and no other record: its kind and its two ids, one after the other."""
    return b"".join(marshal.dumps(number, MARSHAL_VERSION) for number in (SPAN, trace_id, span_id))


def encode_definition(definition: tuple[Any, ...]) -> bytes:
    """Encode the definition of a table entry: a Scope, a Series, a Library, or a process's ``(resource attributes,)``."""
    try:
        return marshal.dumps(tuple(definition), MARSHAL_VERSION)
    except ValueError:
        return marshal.dumps(plain(tuple(definition)), MARSHAL_VERSION)


def decode_definition(payload: bytes) -> tuple[Any, ...]:
    """Decode the definition of a table entry.

    Raises:
        ValueError: the bytes are not a definition.
    """
    try:
        definition = marshal.loads(payload)
    except (ValueError, TypeError, EOFError) as error:
        message = f"not a definition: {error}"
        raise ValueError(message) from error
    if not isinstance(definition, tuple):
        message = "not a definition"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for one kind of fault
    return definition


def plain(value: Any) -> Any:
    """Copy ``value`` as builtin types that marshal knows; what has no such form becomes its ``str``."""
    if value is None or type(value) in (str, bool, int, float, bytes):
        return value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(plain(v) for v in value)
    for base in (int, float, str):
        if isinstance(value, base):
            return base(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return f"<{type(value).__name__}>"
