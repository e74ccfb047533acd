"""The span: one slotted object that holds builtin values only, and becomes one record when it ends.

There is no lock: each step that must happen once is one operation of the interpreter. Attributes are cleaned when they are set,
so that what is recorded is what was meant then.
"""

from __future__ import annotations

from time import time_ns
from types import MappingProxyType

from opentelemetry import trace
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import DEFAULT_TRACE_STATE, TraceState

from otelrun.diagnostics import guarded
from otelrun.instrumentation.sources import PROGRAM_PARENT, failures
from otelrun.pipeline.attributes import add, as_text, clean, clean_value, text_of
from otelrun.pipeline.exception import EXCEPTION_ESCAPED, exception_attributes
from otelrun.pipeline.readable import Event, readable_span
from otelrun.ring.record import MAX_INT, MIN_INT, SPAN, encode_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from otelrun.pipeline.tracer import Tracer
    from otelrun.ring.open_spans import Slot

SAMPLED = 1
HAS_REMOTE = 0x100  # OTLP: whether the parent is remote is known
IS_REMOTE = 0x200
OTLP_FLAGS = HAS_REMOTE | IS_REMOTE
W3C_FLAGS = 0xFF
PARENT_SHIFT = 16  # in ``_parent_flags``: where the parent's own W3C flags are

TRACE_FLAGS = tuple(TraceFlags(value) for value in range(256))

_UNSET, _OK, _ERROR = (code._value_ for code in (StatusCode.UNSET, StatusCode.OK, StatusCode.ERROR))
_NONE: dict[str, Any] = {}
_EMPTY: MappingProxyType[str, Any] = MappingProxyType({})


class _Rest:
    """What few spans have: made at first use."""

    __slots__ = ("description", "dropped_attributes", "dropped_events", "dropped_links", "events", "links", "status")

    def __init__(self) -> None:
        self.status: int = _UNSET
        self.description = ""
        self.events: list[tuple[Any, ...]] = []
        self.links: list[tuple[Any, ...]] = []
        self.dropped_attributes = 0
        self.dropped_events = 0
        self.dropped_links = 0


class Span(trace.Span):
    """A recording span; made by ``Tracer.start_span``. Reads like the SDK's ``ReadableSpan``."""

    __slots__ = (
        "_attributes",
        "_context",
        "_end",
        "_flags",
        "_is_open",
        "_kind",
        "_name",
        "_on_error",
        "_parent_flags",
        "_parent_id",
        "_program_parent",
        "_rest",
        "_slot",
        "_span_id",
        "_start",
        "_trace_id",
        "_trace_state",
        "_tracer",
    )

    _tracer: Tracer
    _name: str
    _kind: int  # the value of the API's SpanKind
    _trace_id: int
    _span_id: int
    _flags: int
    _trace_state: TraceState
    _parent_id: int
    _parent_flags: int
    _program_parent: SpanContext | None
    _start: int
    _end: int | None
    _attributes: dict[str, Any] | None
    _rest: _Rest | None
    _context: SpanContext | None
    _slot: Slot | None
    _on_error: tuple[bool, bool]
    _is_open: bool

    def get_span_context(self) -> SpanContext:
        """Give the ids of this span."""
        context = self._context
        if context is None:
            context = self._context = SpanContext(
                self._trace_id,
                self._span_id,
                is_remote=False,
                trace_flags=TRACE_FLAGS[self._flags],
                trace_state=self._trace_state,
            )
            context.__dict__[PROGRAM_PARENT] = self._program_parent
        return context

    def is_recording(self) -> bool:
        """Say whether the span has not ended."""
        return self._end is None

    def set_attribute(self, key: str, value: Any) -> None:
        """Set one attribute, unless the span has ended or is full."""
        if self._end is not None:
            return
        attributes = self._attributes
        if attributes is None:
            attributes = self._attributes = {}
        limits = self._tracer.limits
        if type(key) is not str or not key or (len(attributes) >= limits.count and key not in attributes):
            self._drop_attributes(add(attributes, {key: value}, limits.count, limits.length))
            return
        kind = type(value)
        if kind is bool or (kind is str and limits.length is None) or (kind is int and MIN_INT <= value <= MAX_INT):
            attributes[key] = value
        else:
            attributes[key] = clean_value(value, limits.length)

    def set_first_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set the attributes given at the start."""
        limits = self._tracer.limits
        self._attributes, dropped = clean(attributes, limits.count, limits.length)
        if dropped:
            self._drop_attributes(dropped)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several attributes, unless the span has ended or is full."""
        if self._end is not None:
            return
        kept = self._attributes
        if kept is None:
            kept = self._attributes = {}
        limits = self._tracer.limits
        self._drop_attributes(add(kept, attributes, limits.count, limits.length))

    def _drop_attributes(self, count: int) -> None:
        if count:
            self._more().dropped_attributes += count

    def _more(self) -> _Rest:
        rest = self._rest
        if rest is None:
            rest = self._rest = _Rest()
        return rest

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Add an event; where there are too many, the oldest goes."""
        if self._end is not None:
            return
        limits = self._tracer.limits
        kept, dropped = clean(attributes, limits.event_count, limits.length) if attributes else ({}, 0)
        rest = self._more()
        rest.events.append((as_text(name), as_time(timestamp), kept, dropped))
        if len(rest.events) > limits.events:
            del rest.events[0]
            rest.dropped_events += 1

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        """Add a link; one with no valid ids is kept only for its attributes or trace state. The oldest goes if too many."""
        if self._end is not None or not context or not (context.is_valid or attributes or context.trace_state):
            return
        limits = self._tracer.limits
        kept, dropped = clean(attributes, limits.link_count, limits.length) if attributes else ({}, 0)
        flags = int(context.trace_flags) & W3C_FLAGS | HAS_REMOTE | (IS_REMOTE if context.is_remote else 0)
        state = context.trace_state.to_header() if context.trace_state else ""
        rest = self._more()
        rest.links.append((context.trace_id, context.span_id, state, flags, kept, dropped))
        if len(rest.links) > limits.links:
            del rest.links[0]
            rest.dropped_links += 1

    def add_links(self, links: Sequence[trace.Link]) -> None:
        """Add the links given at the start."""
        for link in links:
            self.add_link(link.context, link.attributes)

    def update_name(self, name: str) -> None:
        """Replace the name, unless the span has ended."""
        if self._end is None:
            self._name = as_text(name)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status by the specification: OK is final, UNSET is ignored, only ERROR has a description."""
        if self._end is not None:
            return
        if isinstance(status, Status):
            code, description = status.status_code._value_, status.description
        else:
            code = getattr(status, "_value_", _UNSET)
        rest = self._more()
        if rest.status != _OK and code != _UNSET:
            rest.status = code
            rest.description = as_text(description) if description and code == _ERROR else ""

    def record_exception(
        self, exception: BaseException, attributes: Any = None, timestamp: int | None = None, escaped: bool = False
    ) -> None:
        """Add an ``exception`` event."""
        if self._end is None:
            found: dict[str, Any] = {**exception_attributes(exception), EXCEPTION_ESCAPED: str(escaped)}
            if attributes:
                found.update(attributes)
            self.add_event("exception", found, timestamp)
            failures.note(exception, self.get_span_context())

    def fail(self, error: BaseException) -> None:
        """Set the status that an exception leaving the span's block means."""
        self.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {text_of(error)}"))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """End the span at the end of ``with tracer.start_span(...)``, with what went wrong in it."""
        if error is not None and self._end is None:
            record_exception, set_status = self._on_error
            with guarded("recording an exception"):  # which a program at its recursion limit leaves no room for
                if record_exception:
                    self.record_exception(error, escaped=True)
                if set_status:
                    self.fail(error)
        self.end()

    def end(self, end_time: int | None = None) -> None:  # noqa: C901 - the hot path is written out
        """End the span and record it; a second call does nothing."""
        try:
            del self._is_open  # exactly one thread gets past this
        except AttributeError:
            return
        tracer = self._tracer
        if tracer.processors:
            for processor in tracer.processors:
                getattr(processor, "_on_ending", _ignore)(self)
        if end_time is None:
            end = time_ns()
            if end < self._start:  # noqa: PLR1730 - the clock was put back meanwhile; max() takes four times as long
                end = self._start
        else:
            end = as_time(end_time)
        self._end = end
        record: tuple[Any, ...] = (
            SPAN,
            self._trace_id,
            self._span_id,
            self._parent_id,
            self._flags | self._parent_flags & OTLP_FLAGS,
            self._name,
            self._kind,
            self._start,
            end,
            self._attributes or _NONE,
            tracer.define_scope() if tracer.scope is None else tracer.scope,
        )
        if self._rest is not None or self._trace_state is not DEFAULT_TRACE_STATE:
            record = (*record, *self._rare_fields())
        slot = self._slot
        if slot is None:
            tracer.recorder.append(SPAN, encode_whole(record))
        elif (
            slot.words is not None
        ):  # else the span is the parent's, of a process that has forked since, and so is its record
            tracer.recorder.append(SPAN, encode_whole(record), slot)
            slot.free.append(slot)
        if tracer.processors:
            readable = readable_span(self)
            for processor in tracer.processors:
                processor.on_end(readable)

    def discard(self) -> None:
        """End the span without recording it: the program has made one of the same operation."""
        try:
            del self._is_open
        except AttributeError:
            return
        self._end = time_ns()
        slot = self._slot
        if slot is not None and slot.words is not None:
            slot.words[slot.index] = 0
            slot.free.append(slot)

    def as_open(self) -> bytes:
        """Encode what is known at the start; attributes only of what leaves or enters the process, which is slow anyway."""
        tracer = self._tracer
        return encode_whole(
            (
                self._trace_id,
                self._span_id,
                self._parent_id,
                self._flags | self._parent_flags & OTLP_FLAGS,
                self._name,
                self._kind,
                self._start,
                tracer.define_scope() if tracer.scope is None else tracer.scope,
                (self._kind and self._attributes) or _NONE,
            )
        )

    def _rare_fields(self) -> tuple[Any, ...]:
        rest = self._rest or _Rest()
        return (
            self._trace_state.to_header(),
            tuple(rest.events),
            tuple(rest.links),
            rest.status,
            rest.description,
            rest.dropped_attributes,
            rest.dropped_events,
            rest.dropped_links,
        )

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def kind(self) -> trace.SpanKind:
        """The kind."""
        return trace.SpanKind(self._kind)

    @property
    def context(self) -> SpanContext:
        """The same as ``get_span_context()``."""
        return self.get_span_context()

    @property
    def parent(self) -> SpanContext | None:
        """The ids of the parent; None for a root."""
        if not self._parent_id:
            return None
        is_remote = bool(self._parent_flags & IS_REMOTE)
        flags = TRACE_FLAGS[self._parent_flags >> PARENT_SHIFT]
        return SpanContext(self._trace_id, self._parent_id, is_remote, flags, self._trace_state)

    @property
    def start_time(self) -> int:
        """When it started, ns since the epoch."""
        return self._start

    @property
    def end_time(self) -> int | None:
        """When it ended, ns since the epoch."""
        return self._end

    @property
    def status(self) -> Status:
        """The status."""
        rest = self._rest
        return Status() if rest is None else Status(StatusCode(rest.status), rest.description or None)

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The attributes, read only."""
        return _EMPTY if self._attributes is None else MappingProxyType(self._attributes)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events."""
        return () if self._rest is None else tuple(Event(*event) for event in self._rest.events)

    @property
    def links(self) -> tuple[trace.Link, ...]:
        """The links."""
        return () if self._rest is None else tuple(_link(*link) for link in self._rest.links)

    @property
    def dropped_attributes(self) -> int:
        """How many attributes found no room."""
        return 0 if self._rest is None else self._rest.dropped_attributes

    @property
    def dropped_events(self) -> int:
        """How many events had to go."""
        return 0 if self._rest is None else self._rest.dropped_events

    @property
    def dropped_links(self) -> int:
        """How many links had to go."""
        return 0 if self._rest is None else self._rest.dropped_links

    @property
    def resource(self) -> Any:
        """The resource of this process."""
        return self._tracer.resource

    @property
    def instrumentation_scope(self) -> Any:
        """The scope of the tracer."""
        return self._tracer.instrumentation_scope

    def __repr__(self) -> str:
        """Say name and ids."""
        return f'Span(name="{self._name}", context={self.get_span_context()!r})'


class UnsampledSpan(trace.NonRecordingSpan):
    """A span that is not recorded: only carries its ids and the decision to its children."""

    __slots__ = ("_context", "_end", "_flags", "_program_parent", "_span_id", "_trace_id", "_trace_state")

    def __init__(
        self,
        trace_id: int,
        span_id: int,
        flags: int,
        trace_state: TraceState,
        program_parent: SpanContext | None = None,
    ) -> None:
        """Keep the ids; the context of them is made when asked for."""
        self._trace_id = trace_id
        self._span_id = span_id
        self._flags = flags
        self._trace_state = trace_state
        self._program_parent = program_parent
        self._context: SpanContext | None = None  # type: ignore[assignment] # made late
        self._end: int | None = None

    def end(self, end_time: int | None = None) -> None:
        """Note when it ended."""
        if self._end is None:
            self._end = time_ns()

    def get_span_context(self) -> SpanContext:
        """Give the ids of this span."""
        context = self._context
        if context is None:
            flags = TRACE_FLAGS[self._flags]
            context = self._context = SpanContext(self._trace_id, self._span_id, False, flags, self._trace_state)
            context.__dict__[PROGRAM_PARENT] = self._program_parent
        return context

    def __repr__(self) -> str:
        """Say the ids."""
        return f"UnsampledSpan({self.get_span_context()!r})"


def as_time(time: Any) -> int:
    """Give a time as an int of ns; now where it is none."""
    if type(time) is int:
        return time
    try:
        return time_ns() if time is None else int(time)
    except (TypeError, ValueError, OverflowError):
        return time_ns()


def _ignore(_: Span) -> None:
    """Stand in for a processor's optional method."""


def _link(trace_id: int, span_id: int, state: str, flags: int, attributes: dict[str, Any], _dropped: int) -> trace.Link:
    trace_state = TraceState.from_header([state]) if state else DEFAULT_TRACE_STATE
    is_remote = bool(flags & IS_REMOTE)
    return trace.Link(
        SpanContext(trace_id, span_id, is_remote, TRACE_FLAGS[flags & W3C_FLAGS], trace_state), attributes
    )
