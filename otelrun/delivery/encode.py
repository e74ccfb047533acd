"""Records → OTLP requests as bytes: ExportTraceServiceRequest, ExportLogsServiceRequest. Pure; no I/O.

Field numbers are those of opentelemetry-proto 1.x. Two serialised requests put end to end are again one valid request, which
is what the outbox counts on.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery import wire
from otelrun.ring.record import FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from otelrun.ring.record import EventRecord, LinkRecord, LogRecord, Scope, SpanRecord

MAX_PAYLOAD = 4_000_000
"""Bytes of a request above which records are spread over several: gRPC servers refuse more than 4 MiB by default."""

_pack_times = struct.Struct("<BQBQ").pack
_pack_flags = struct.Struct("<I").pack


class Payload(NamedTuple):
    """A serialised request and how many records (spans, log records, metric points) it holds."""

    data: bytes
    records: int


class ProcessEncoder:
    """Encodes what one process recorded: its resource and scopes are packed once."""

    def __init__(self, resource: Mapping[str, Any], schema_url: str, scope_of: Callable[[int], Scope]) -> None:
        """Pack the resource.

        Args:
            resource: the process's resource attributes.
            schema_url: of the resource; empty for none.
            scope_of: gives the scope of an id.
        """
        self._head = wire.delimited(b"\x0a", wire.resource(resource))
        self._end = wire.text(b"\x1a", schema_url)
        self._scope_of = scope_of
        self._scopes: dict[int, tuple[bytes, bytes]] = {}

    def spans(self, records: Sequence[SpanRecord], limit: int) -> list[Payload]:
        """Encode spans as requests of at most ``limit`` spans and ``MAX_PAYLOAD`` bytes each."""
        return self.requests([(record.scope, span(record), 1) for record in records], limit)

    def logs(self, records: Sequence[LogRecord], limit: int) -> list[Payload]:
        """Encode log records as requests of at most ``limit`` records and ``MAX_PAYLOAD`` bytes each."""
        return self.requests([(record.scope, log_record(record), 1) for record in records], limit)

    def requests(
        self, items: Iterable[tuple[int, bytes, int]], limit: int, max_bytes: int = MAX_PAYLOAD
    ) -> list[Payload]:
        """Put packed items (scope id, content, how many records it is) into requests, in their order."""
        payloads: list[Payload] = []
        scoped: dict[int, list[bytes]] = {}
        count = size = 0
        for scope_id, item, records in items:
            if count and (count + records > limit or size + len(item) > max_bytes):
                payloads.append(Payload(self._request(scoped), count))
                scoped, count, size = {}, 0, 0
            scoped.setdefault(scope_id, []).append(wire.delimited(b"\x12", item))
            count += records
            size += len(item) + 8
        if count:
            payloads.append(Payload(self._request(scoped), count))
        return payloads

    def _request(self, scoped: Mapping[int, Sequence[bytes]]) -> bytes:
        parts = [self._head]
        for scope_id, items in scoped.items():
            head, end = self._scopes.get(scope_id) or self._pack_scope(scope_id)
            parts.append(wire.delimited(b"\x12", b"".join((head, *items, end))))
        parts.append(self._end)
        return wire.delimited(b"\x0a", b"".join(parts))

    def _pack_scope(self, scope_id: int) -> tuple[bytes, bytes]:
        scope = self._scope_of(scope_id)
        packed = wire.delimited(b"\x0a", wire.scope(scope)), wire.text(b"\x1a", scope.schema_url)
        self._scopes[scope_id] = packed
        return packed


def span(record: SpanRecord) -> bytes:
    """Pack the content of a Span."""
    (trace_id, span_id, parent_span_id, flags, name, kind, start_ns, end_ns, attributes, _) = record[:10]
    (trace_state, events, links, status, description, dropped_attributes, dropped_events, dropped_links) = record[10:]
    parts = [b"\x0a\x10", trace_id.to_bytes(16, "big"), b"\x12\x08", span_id.to_bytes(8, "big")]
    if trace_state:
        parts.append(wire.text(b"\x1a", trace_state))
    if parent_span_id:
        parts += b"\x22\x08", parent_span_id.to_bytes(8, "big")
    parts += wire.text(b"\x2a", name), b"\x30", wire.varint(kind + 1)
    parts += _pack_times(0x39, start_ns, 0x41, end_ns), wire.attributes(b"\x4a", attributes)
    if dropped_attributes:
        parts.append(wire.number(b"\x50", dropped_attributes))
    parts += [wire.delimited(b"\x5a", _event(event)) for event in events]
    if dropped_events:
        parts.append(wire.number(b"\x60", dropped_events))
    parts += [wire.delimited(b"\x6a", _link(link)) for link in links]
    if dropped_links:
        parts.append(wire.number(b"\x70", dropped_links))
    if status or description:
        parts.append(wire.delimited(b"\x7a", wire.text(b"\x12", description) + wire.number(b"\x18", status)))
    if flags:
        parts += b"\x85\x01", _pack_flags(flags & FLAGS)
    return b"".join(parts)


def _event(event: EventRecord) -> bytes:
    return b"".join(
        (
            b"\x09",
            wire.pack_fixed64(event.time_ns),
            wire.text(b"\x12", event.name),
            wire.attributes(b"\x1a", event.attributes),
            wire.number(b"\x20", event.dropped_attributes),
        )
    )


def _link(link: LinkRecord) -> bytes:
    return b"".join(
        (
            b"\x0a\x10",
            link.trace_id.to_bytes(16, "big"),
            b"\x12\x08",
            link.span_id.to_bytes(8, "big"),
            wire.text(b"\x1a", link.trace_state),
            wire.attributes(b"\x22", link.attributes),
            wire.number(b"\x28", link.dropped_attributes),
            b"\x35" + _pack_flags(link.flags) if link.flags else b"",
        )
    )


def log_record(record: LogRecord) -> bytes:
    """Pack the content of a LogRecord."""
    parts: list[bytes] = []
    if record.time_ns:
        parts += b"\x09", wire.pack_fixed64(record.time_ns)
    parts += wire.number(b"\x10", record.severity_number), wire.text(b"\x1a", record.severity_text)
    if record.body is not None:
        parts.append(wire.delimited(b"\x2a", wire.any_value(record.body)))
    parts.append(wire.attributes(b"\x32", record.attributes))
    parts.append(wire.number(b"\x38", record.dropped_attributes))
    if record.flags:
        parts += b"\x45", _pack_flags(record.flags & FLAGS)
    if record.trace_id:
        parts += b"\x4a\x10", record.trace_id.to_bytes(16, "big")
    if record.span_id:
        parts += b"\x52\x08", record.span_id.to_bytes(8, "big")
    if record.observed_ns:
        parts += b"\x59", wire.pack_fixed64(record.observed_ns)
    parts.append(wire.text(b"\x62", record.event_name))
    return b"".join(parts)
