"""W3C Trace Context, level 2, to the letter: https://www.w3.org/TR/trace-context-2/.

What a peer sends is never a reason to raise or to log: a traceparent that is malformed, or given more than once, begins a new
trace, and a tracestate with anything malformed in it is left out as a whole.
"""

from __future__ import annotations

import re

from opentelemetry import trace
from opentelemetry.context.context import Context
from opentelemetry.propagators.textmap import Getter, Setter, TextMapPropagator, default_getter, default_setter
from opentelemetry.trace.span import TraceState

from otelrun.pipeline.span import TRACE_FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"

_BLANKS = " \t"
_USUAL = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})\Z")
_FUTURE = re.compile(
    r"(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-[^,]*)?\Z"
)  # a comma: given twice, and joined
_MEMBER = re.compile(
    r"([a-z0-9][a-z0-9_\-*/@]{0,255})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])\Z"
)
_MAX_MEMBERS = 32
_MAX_TRACESTATE = 32_768  # 32 members at their longest take half of it
_KNOWN_FLAGS = 0x03  # sampled, random


class TraceContextPropagator(TextMapPropagator):
    """``traceparent`` and ``tracestate``.

    Attributes:
        extracted_fields: all the headers that ``extract`` looks at.
    """

    extracted_fields = frozenset((TRACEPARENT, TRACESTATE))

    def extract(self, carrier: Any, context: Context | None = None, getter: Getter[Any] = default_getter) -> Context:
        """Give ``context`` with the remote span; unchanged where there is none or it is malformed."""
        context = Context() if context is None else context
        headers = getter.get(carrier, TRACEPARENT)
        if not headers or len(headers) > 1:
            return context
        header: Any = headers[0]
        if not isinstance(header, str):
            return context
        header = header.strip(_BLANKS)
        found = _USUAL.match(header)
        known = 0xFF
        if found is None:  # of a version to come, only what this one knows is taken
            found = _FUTURE.match(header)
            known = _KNOWN_FLAGS
        if found is None:
            return context
        trace_id, span_id, flags = (int(part, 16) for part in found.groups())
        if not (trace_id and span_id):
            return context
        states = getter.get(carrier, TRACESTATE)
        state = parse_tracestate(states) if states else None
        remote = trace.SpanContext(trace_id, span_id, True, TRACE_FLAGS[flags & known], state)
        return trace.set_span_in_context(trace.NonRecordingSpan(remote), context)

    def inject(self, carrier: Any, context: Context | None = None, setter: Setter[Any] = default_setter) -> None:
        """Write the current span's ids, flags and trace state; nothing where there is no valid span."""
        found = trace.get_current_span(context).get_span_context()
        if not found.is_valid:
            return
        flags = found.trace_flags & _KNOWN_FLAGS
        setter.set(carrier, TRACEPARENT, f"00-{found.trace_id:032x}-{found.span_id:016x}-{flags:02x}")
        if found.trace_state:
            setter.set(carrier, TRACESTATE, found.trace_state.to_header())

    @property
    def fields(self) -> set[str]:
        """The headers that ``inject`` may set."""
        return {TRACEPARENT, TRACESTATE}


def parse_tracestate(headers: Any) -> TraceState | None:
    """Read the values of one or more ``tracestate`` headers, which count as one list.

    Of a key that is there twice, the first is kept: the latest one. The API's own reader knows the keys of level 1 only,
    throws all members away where one is there twice, and logs whatever it is sent.

    Returns:
        None where there is no member, where one is malformed, or where there are too many.
    """
    try:
        text = ",".join(headers)
    except TypeError:  # a carrier of the program's, with something else in it
        return None
    if len(text) > _MAX_TRACESTATE:
        return None
    members: dict[str, str] = {}
    count = 0
    for part in text.split(","):
        member = part.strip(_BLANKS)
        if not member:
            continue
        found = _MEMBER.match(member)
        count += 1
        if found is None or count > _MAX_MEMBERS:
            return None
        members.setdefault(found[1], found[2])
    if not members:
        return None
    state = TraceState()
    state._dict.update(members)  # noqa: SLF001 - its constructor refuses keys of level 2, and logs them
    return state
