"""Views of recorded data with the names that the SDK's readable objects have: other people's code reads spans by these.

Where the program itself has loaded the SDK, its own classes are used; nothing here loads it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Event:
    """A span event, as ``opentelemetry.sdk.trace.Event`` reads."""

    __slots__ = ("attributes", "dropped_attributes", "name", "timestamp")

    def __init__(self, name: str, timestamp: int, attributes: dict[str, Any], dropped_attributes: int) -> None:
        """Keep the parts of ``ring.record.EventRecord``."""
        self.name = name
        self.timestamp = timestamp
        self.attributes = attributes
        self.dropped_attributes = dropped_attributes


class InstrumentationScope:
    """A scope, as ``opentelemetry.sdk.util.instrumentation.InstrumentationScope`` reads."""

    __slots__ = ("attributes", "name", "schema_url", "version")

    def __init__(self, name: str, version: str | None, schema_url: str, attributes: dict[str, Any]) -> None:
        """Keep the parts."""
        self.name = name
        self.version = version
        self.schema_url = schema_url
        self.attributes = attributes


class Resource:
    """A resource, as ``opentelemetry.sdk.resources.Resource`` reads."""

    __slots__ = ("attributes", "schema_url")

    def __init__(self, attributes: dict[str, Any], schema_url: str) -> None:
        """Keep the parts."""
        self.attributes = attributes
        self.schema_url = schema_url


def resource_view(attributes: dict[str, Any], schema_url: str) -> Any:
    """Give the SDK's Resource where the program has loaded it, else ours."""
    module = sys.modules.get("opentelemetry.sdk.resources")
    return getattr(module, "Resource", Resource)(attributes, schema_url)


def scope_view(name: str, version: str | None, schema_url: str, attributes: dict[str, Any]) -> Any:
    """Give the SDK's InstrumentationScope where the program has loaded it, else ours."""
    module = sys.modules.get("opentelemetry.sdk.util.instrumentation")
    return getattr(module, "InstrumentationScope", InstrumentationScope)(name, version, schema_url, attributes)


def readable_span(span: Any) -> Any:
    """Give what a span processor of the SDK expects in ``on_end``; called only if the program added one."""
    from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415 - the program has loaded it already

    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=dict(span.attributes),
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
