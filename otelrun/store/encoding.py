r"""How records become columns: pure functions, from ``ring.record`` to tuples in the order of the schema's columns.

Attribute values become JSON. What JSON has no form for gets one here, the same everywhere in the store:

* a float that is no number: the text ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``, as in OTLP's JSON;
* bytes: ``{"base64": "..."}``;
* an integer of more than 4300 digits: its hexadecimal digits as text, after ``0x``;
* a lone surrogate: its JSON escape, e.g. ``\ud800``;
* lists and maps nested more than 32 deep: the text ``"..."``.

Long values are cut, see ``cutting``.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

from otelrun.ring.record import FLAGS
from otelrun.store import cutting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.ring.reader import SeriesState
    from otelrun.ring.record import EventRecord, LinkRecord, LogRecord, NoteRecord, Scope, SpanRecord

Columns = tuple[Any, ...]

KINDS = ("internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")

_DEEPEST = 32
_INT64 = 1 << 63
PROCESS_SHIFT = 43
_encode_fast = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode  # what holds itself ends in a RecursionError


def key(process: int, position: int) -> int:
    """Give the id of the record that stands at ``position`` bytes in the ring of ``process``."""
    return (process << PROCESS_SHIFT) + position


def json_text(value: Any) -> str:
    """Encode any value as JSON; see the head of this file for what JSON does not know."""
    try:
        text = _encode_fast(value)
    except (ValueError, TypeError, RecursionError):
        return _encode_fast(_as_json(value, 0))
    if (
        text.count("[") + text.count("{") > _DEEPEST
    ):  # perhaps too deep; SQLite itself reads JSON to a depth of 1000 only
        return _encode_fast(_as_json(value, 0))
    return text


def _as_json(value: Any, depth: int) -> Any:  # noqa: PLR0911 - one form after the other
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        try:
            str(value)
        except ValueError:
            return hex(value)
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NOT_FINITE[str(value)]
    if isinstance(value, (bytes, bytearray)):
        return {"base64": base64.b64encode(value).decode("ascii")}
    if depth >= _DEEPEST:
        return "..."
    if isinstance(value, dict):
        return {_as_name(k): _as_json(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item, depth + 1) for item in value]
    return f"<{type(value).__name__}>"


_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _as_name(name: Any) -> str:
    return name if isinstance(name, str) else repr(name)


def storable(value: Any) -> Any:
    """Give a form of a column's value that SQLite takes, for the rare row that it has refused."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, int):
        return max(-_INT64, min(value, _INT64 - 1))
    if value is None or isinstance(value, (float, bytes)):
        return value
    return json_text(value)


def attributes_text(attributes: Any) -> str:
    """Encode attributes as a JSON object, long values cut."""
    return _short_json(attributes) if attributes else "{}"


def attributes_from(text: str | None) -> dict[str, Any]:
    """Read attributes back; of a text that is none, by whomever, one attribute says so."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {"unreadable": text}
    return value if isinstance(value, dict) else {"unreadable": value}


def _short_json(value: Any) -> str:
    text = json_text(value)
    return text if len(text) <= cutting.LONGEST else json_text(cutting.cut_value(value))


def _short(text: Any) -> Any:
    return cutting.cut_text(text) if isinstance(text, str) else text


def _trace_id(value: int) -> str | None:
    return f"{value:032x}" if value else None


def _span_id(value: int) -> str | None:
    return f"{value:016x}" if value else None


def _name(names: tuple[str, ...], value: int) -> str:
    return names[value] if 0 <= value < len(names) else str(value)


def span_columns(span_key: int, process: int, scope: int, record: SpanRecord) -> Columns:
    """Give the columns of ``span``, in order."""
    return (
        span_key,
        process,
        scope,
        f"{record.trace_id:032x}",
        f"{record.span_id:016x}",
        _span_id(record.parent_span_id),
        _short(record.name),
        _name(KINDS, record.kind),
        record.start_ns,
        record.end_ns,
        _name(STATUSES, record.status),
        _short(record.status_description),
        attributes_text(record.attributes),
        record.trace_state,
        record.flags & FLAGS,
        record.dropped_attributes,
        record.dropped_events,
        record.dropped_links,
    )


def event_columns(span_key: int, events: tuple[EventRecord, ...]) -> Iterator[Columns]:
    """Give the columns of ``span_event`` for each event of a span."""
    for position, event in enumerate(events):
        attributes = attributes_text(event.attributes)
        yield (span_key, position, event.time_ns, event.name, attributes, event.dropped_attributes)


def link_columns(span_key: int, links: tuple[LinkRecord, ...]) -> Iterator[Columns]:
    """Give the columns of ``span_link`` for each link of a span."""
    for position, link in enumerate(links):
        yield (
            span_key,
            position,
            _trace_id(link.trace_id),
            _span_id(link.span_id),
            link.trace_state,
            link.flags,
            attributes_text(link.attributes),
            link.dropped_attributes,
        )


def log_columns(log_key: int, process: int, scope: int, record: LogRecord) -> Columns:
    """Give the columns of ``log``, in order."""
    is_text = isinstance(record.body, str)
    return (
        log_key,
        process,
        scope,
        record.time_ns or record.observed_ns,
        record.observed_ns,
        _trace_id(record.trace_id),
        _span_id(record.span_id),
        record.severity_number,
        record.severity_text,
        _short(record.body) if is_text else _short_json(record.body),
        0 if is_text else 1,
        record.event_name or None,
        attributes_text(record.attributes),
        record.flags & FLAGS,
        record.dropped_attributes,
    )


def note_columns(note_key: int, process: int, record: NoteRecord) -> Columns:
    """Give the columns of ``note``, in order."""
    return (note_key, process, record.time_ns, record.slug, record.text)


def scope_columns(scope: Scope) -> Columns:
    """Give the columns of ``scope`` after its id, in order; they identify it."""
    return (scope.name, scope.version, scope.schema_url, attributes_text(scope.attributes))


def metric_columns(process: int, scope: int, state: SeriesState) -> Columns:
    """Give the columns of ``metric`` after its id, in order."""
    series = state.series
    return (
        process,
        state.id,
        scope,
        series.instrument,
        series.name,
        series.unit,
        series.description,
        attributes_text(series.attributes),
        json_text(series.boundaries) if series.instrument == "histogram" else None,
        series.start_ns,
    )


def point_columns(metric: int, time_ns: int, state: SeriesState) -> Columns:
    """Give the columns of ``metric_point``, in order. A value that is no number is NULL."""
    value = _number(state.value, state.is_float)
    if state.series.instrument != "histogram":
        return (metric, time_ns, state.time_ns, value, None, None, None, None)
    return (
        metric,
        time_ns,
        state.time_ns,
        value,
        sum(state.counts),
        _number(state.minimum, state.is_float),
        _number(state.maximum, state.is_float),
        json_text(state.counts),
    )


def _number(value: float, is_float: bool) -> float | int:
    return value if is_float or not math.isfinite(value) else int(value)
