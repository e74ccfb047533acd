"""The profile's propagators: those of W3C from files of their own, B3 from here, others by entry point.

B3 follows https://github.com/openzipkin/b3-propagation and OpenTelemetry's "B3 Requirements": extraction reads both encodings
(the single header first), parent span ids are not sent on, and a debug flag is kept.
"""

from __future__ import annotations

import re

from opentelemetry import trace
from opentelemetry.context import create_key, get_value, set_value
from opentelemetry.context.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import Getter, Setter, TextMapPropagator, default_getter, default_setter

from otelrun import diagnostics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_DEBUG_KEY = create_key("b3-debug")
_TRACE_ID = re.compile(r"(?:[0-9a-f]{16}|[0-9a-f]{32})\Z")
_SPAN_ID = re.compile(r"[0-9a-f]{16}\Z")
_SAMPLED = ("1", "true", "d")

_SINGLE = "b3"
_MULTI_TRACE_ID = "x-b3-traceid"
_MULTI_SPAN_ID = "x-b3-spanid"
_MULTI_SAMPLED = "x-b3-sampled"
_MULTI_FLAGS = "x-b3-flags"


class B3MultiPropagator(TextMapPropagator):
    """B3 that sends one ``x-b3-…`` header per part.

    Attributes:
        extracted_fields: all the headers that ``extract`` looks at.
    """

    extracted_fields = frozenset((_SINGLE, _MULTI_TRACE_ID, _MULTI_SPAN_ID, _MULTI_SAMPLED, _MULTI_FLAGS))

    def extract(self, carrier: Any, context: Context | None = None, getter: Getter[Any] = default_getter) -> Context:
        """Give ``context`` with the remote span of either encoding; unchanged where there is none or it is malformed."""
        context = Context() if context is None else context
        single = _first(getter.get(carrier, _SINGLE))
        found = _parse_single(single) if single else None
        if found is None:
            found = _parse_multi(carrier, getter)
        if found is None:
            return context
        trace_id, span_id, sampled = found
        if not (_TRACE_ID.match(trace_id) and _SPAN_ID.match(span_id) and int(trace_id, 16) and int(span_id, 16)):
            return context
        if sampled == "d":
            context = set_value(_DEBUG_KEY, True, context)
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if sampled in _SAMPLED else trace.TraceFlags.DEFAULT)
        remote = trace.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=flags)
        return trace.set_span_in_context(trace.NonRecordingSpan(remote), context)

    def inject(self, carrier: Any, context: Context | None = None, setter: Setter[Any] = default_setter) -> None:
        """Write the current span's ids and decision; nothing where there is no valid span."""
        span_context = trace.get_current_span(context).get_span_context()
        if span_context.is_valid:
            sampled = "1" if span_context.trace_flags.sampled else "0"
            if get_value(_DEBUG_KEY, context) and sampled == "1":
                sampled = "d"
            self._write(carrier, setter, f"{span_context.trace_id:032x}", f"{span_context.span_id:016x}", sampled)

    def _write(self, carrier: Any, setter: Setter[Any], trace_id: str, span_id: str, sampled: str) -> None:
        setter.set(carrier, _MULTI_TRACE_ID, trace_id)
        setter.set(carrier, _MULTI_SPAN_ID, span_id)
        if sampled == "d":
            setter.set(carrier, _MULTI_FLAGS, "1")
        else:
            setter.set(carrier, _MULTI_SAMPLED, sampled)

    @property
    def fields(self) -> set[str]:
        """The headers that ``inject`` may set."""
        return {_MULTI_TRACE_ID, _MULTI_SPAN_ID, _MULTI_SAMPLED, _MULTI_FLAGS}


class B3SinglePropagator(B3MultiPropagator):
    """B3 that sends the one header ``b3``."""

    def _write(self, carrier: Any, setter: Setter[Any], trace_id: str, span_id: str, sampled: str) -> None:
        setter.set(carrier, _SINGLE, f"{trace_id}-{span_id}-{sampled}")

    @property
    def fields(self) -> set[str]:
        """The header that ``inject`` sets."""
        return {_SINGLE}


def _parse_single(header: str) -> tuple[str, str, str] | None:
    """Split ``trace-span[-sampled[-parent]]``; the lone decision of ``b3: 0`` names no span and is no context."""
    parts = header.strip().lower().split("-")
    if len(parts) not in (2, 3, 4):
        return None
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - the third part


def _parse_multi(carrier: Any, getter: Getter[Any]) -> tuple[str, str, str] | None:
    trace_id = _first(getter.get(carrier, _MULTI_TRACE_ID))
    span_id = _first(getter.get(carrier, _MULTI_SPAN_ID))
    if not trace_id or not span_id:
        return None
    is_debug = _first(getter.get(carrier, _MULTI_FLAGS)) == "1"
    sampled = "d" if is_debug else _first(getter.get(carrier, _MULTI_SAMPLED))
    return trace_id.strip().lower(), span_id.strip().lower(), sampled.strip().lower()


def _first(values: Iterable[str] | None) -> str:
    return next(iter(values), "") if values else ""


def build_propagator(names: tuple[str, ...]) -> TextMapPropagator:
    """Give the propagator that does what all ``names`` do, in their order; one that does nothing for none.

    A name that nobody knows is told once and left out.
    """
    found = []
    for name in dict.fromkeys(names):
        propagator = None if name == "none" else _propagator(name)
        if propagator is not None:
            found.append(propagator)
    return found[0] if len(found) == 1 else CompositePropagator(found)


def _propagator(name: str) -> TextMapPropagator | None:
    if name == "tracecontext":
        from otelrun.pipeline.trace_context import TraceContextPropagator  # noqa: PLC0415 - only if asked for

        return TraceContextPropagator()
    if name == "baggage":
        from otelrun.pipeline.baggage import BaggagePropagator  # noqa: PLC0415 - as above

        return BaggagePropagator()
    if name == "b3":
        return B3SinglePropagator()
    if name == "b3multi":
        return B3MultiPropagator()
    from importlib.metadata import entry_points  # noqa: PLC0415 - dear, and only for plugins

    for entry in entry_points(group="opentelemetry_propagator", name=name):
        with diagnostics.guarded(f"propagator {name}"):
            plugin: TextMapPropagator = entry.load()()
            return plugin
    diagnostics.tell(f"propagator:{name}", f"no propagator {name!r} is installed; going on without it")
    return None
