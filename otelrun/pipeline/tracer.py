"""The tracer provider and its tracers: decide, make a span, make it current."""

from __future__ import annotations

from functools import wraps
from time import time_ns

from opentelemetry import trace
from opentelemetry.context.context import Context
from opentelemetry.trace.span import DEFAULT_TRACE_STATE

from otelrun.diagnostics import guarded
from otelrun.instrumentation.carried import is_started_in
from otelrun.instrumentation.excluded import ExcludedSpan
from otelrun.instrumentation.links import LINK_KEY, as_link
from otelrun.instrumentation.opentelemetry_context import put_back
from otelrun.instrumentation.start_context import start_context
from otelrun.lifecycle import fork
from otelrun.pipeline.attributes import as_text
from otelrun.pipeline.current import SPAN_KEY, attach, detach, get_current
from otelrun.pipeline.identifiers import new_span_id, new_trace_id, random_bits
from otelrun.pipeline.readable import resource_view, scope_view
from otelrun.pipeline.sampler import (
    ALWAYS,
    LOCAL_NOT_SAMPLED,
    LOCAL_SAMPLED,
    LOW_BITS,
    NO_PARENT,
    REMOTE_NOT_SAMPLED,
    REMOTE_SAMPLED,
    bounds,
)
from otelrun.pipeline.scope import as_arguments, build_scope, scope_key
from otelrun.pipeline.span import (
    HAS_REMOTE,
    IS_REMOTE,
    PARENT_SHIFT,
    SAMPLED,
    W3C_FLAGS,
    Span,
    UnsampledSpan,
    as_time,
)
from otelrun.pipeline.starting import StartingSpan, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any

    from otelrun.pipeline.limits import Limits
    from otelrun.pipeline.resource import ProcessResource
    from otelrun.profile import model
    from otelrun.ring.record import Scope
    from otelrun.ring.recorder import Recorder

_RANDOM = 2  # W3C: the trace id is random
_INTERNAL = trace.SpanKind.INTERNAL
_ENTERING = (trace.SpanKind.SERVER, trace.SpanKind.CONSUMER)  # whoever makes one has read its remote parent
_NO_PARENT = (0, _RANDOM, DEFAULT_TRACE_STATE, HAS_REMOTE, NO_PARENT)  # as of ``_foreign_parent``, after the trace id
_new = object.__new__


class TracerProvider(trace.ProxyTracerProvider):
    """Gives tracers that record to the ring. Accepts the SDK's span processors, for programs that add their own.

    To a program it is the proxy that the API gives as long as no provider is set: many ask for that type before they set one.

    Attributes:
        processed_with: another of ours whose spans the added span processors are to see too.
        outlived_after_ns: how long after the end of the span that it was started in a thread's or task's new spans are still
            below that; later they are roots with a link to it. None: always below it.
    """

    outlived_after_ns: int | None = None

    def __init__(self, recorder: Recorder, sampler: model.Sampler, limits: Limits, resource: ProcessResource) -> None:
        """Prepare; no ring is made before the first span ends."""
        self._recorder = recorder
        self._bounds = bounds(sampler)
        self._limits = limits
        self._resource = resource
        self._processors: tuple[Any, ...] = ()
        self._tracers: dict[tuple[Any, ...], Tracer] = {}
        self._followed: trace.TracerProvider | None = None
        self.processed_with: TracerProvider | None = None
        fork.in_child(self._forget_scopes)

    def _forget_scopes(self) -> None:
        for tracer in self._tracers.values():
            tracer.forget_scope()

    @property
    def resource(self) -> Any:
        """The resource of this process."""
        return resource_view(self._resource.attributes(), self._resource.schema_url)

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,
    ) -> trace.Tracer:
        """Give the tracer of a scope; the same one for the same scope."""
        scope = build_scope(instrumenting_module_name, instrumenting_library_version, schema_url, attributes)
        if self._followed is not None:
            return self._followed.get_tracer(*as_arguments(scope))
        key = scope_key(scope)
        tracer = self._tracers.get(key)
        if tracer is None:
            made = Tracer(self, self._recorder, scope, self._limits, self._bounds)
            made.processors = self._processors
            tracer = self._tracers.setdefault(key, made)
        return tracer

    def give_way(self, provider: trace.TracerProvider) -> None:
        """Have the program's tracers, those from before now too, make the spans of the provider that it has set."""
        self._followed = provider
        for tracer in tuple(self._tracers.values()):
            tracer.follow(provider)

    def add_span_processor(self, span_processor: Any) -> None:
        """Have a span processor of the SDK see every span too, from now on."""
        self._processors = (*self._processors, span_processor)
        for tracer in tuple(self._tracers.values()):
            tracer.processors = self._processors
        if self.processed_with is not None:
            self.processed_with.add_span_processor(span_processor)

    def is_outlived(self, end: int, current: Context) -> bool:
        """Say whether a context is what a thread or task was started in, and its span ended, at ``end``, too long ago."""
        after_ns = self.outlived_after_ns
        return after_ns is not None and time_ns() - end >= after_ns and is_started_in(current)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush added processors; what is in the ring needs no flushing."""
        flushed = [processor.force_flush(timeout_millis) for processor in self._processors]
        return False not in flushed

    def shutdown(self) -> None:
        """Shut added processors down; recording goes on."""
        for processor in self._processors:
            processor.shutdown()


class Tracer(trace.Tracer):
    """Makes the spans of one scope.

    Attributes:
        processors: the SDK's span processors that the program added.
        limits: the limits of its spans.
        recorder: takes their records.
        scope: the id of the scope in this process's ring; None until ``define_scope``.
        definition: the scope.
    """

    def __init__(
        self, provider: TracerProvider, recorder: Recorder, scope: Scope, limits: Limits, sampling: tuple[int, ...]
    ) -> None:
        """Prepare; the scope is written with the first span."""
        self.processors: tuple[Any, ...] = ()
        self.limits = limits
        self.recorder = recorder
        self.scope: int | None = None
        self._provider = provider
        self.definition = scope
        self._bounds = sampling

    def follow(self, provider: trace.TracerProvider) -> None:
        """Make the spans of another provider from now on."""
        theirs = provider.get_tracer(*as_arguments(self.definition))
        self.__dict__.update(start_span=theirs.start_span, start_as_current_span=theirs.start_as_current_span)

    @property
    def is_following(self) -> bool:
        """Whether it makes the spans of another provider."""
        return "start_span" in self.__dict__

    def define_scope(self) -> int:
        """Write the scope to this process's ring; give its id there."""
        scope_id = self.scope = self.recorder.scope(self.definition)
        return scope_id

    def forget_scope(self) -> None:
        """Forget the parent's ring in a forked child."""
        self.scope = None

    @property
    def resource(self) -> Any:
        """The resource of this process."""
        return self._provider.resource

    @property
    def instrumentation_scope(self) -> Any:
        """The scope."""
        scope = self.definition
        return scope_view(scope.name, scope.version, scope.schema_url, scope.attributes)

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: trace.SpanKind = _INTERNAL,
        attributes: Any = None,
        links: Sequence[trace.Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace.Span:
        """Start a span that is not made current; see the API."""
        parent: Any = (current := get_current() if context is None else context).get(SPAN_KEY)
        if parent is None and start_context.is_given and LINK_KEY not in current:
            parent = (current := place(current, is_entering=kind in _ENTERING)).get(SPAN_KEY)
        if parent is None:
            trace_id = random_bits(128) or new_trace_id()
            (parent_id, flags, state, parent_flags, relation), program_parent = _NO_PARENT, None
            links = links if LINK_KEY not in current else _linked(links, current)
        elif type(parent) is Span or type(parent) is UnsampledSpan:
            if parent._end is not None and self._provider.is_outlived(parent._end, current):
                rest = (kind, attributes, links, start_time, record_exception, set_status_on_exception)
                return self.start_span(name, as_link(current), *rest)
            trace_id, parent_id = parent._trace_id, parent._span_id
            flags, state = parent._flags, parent._trace_state
            parent_flags = flags << PARENT_SHIFT | HAS_REMOTE
            program_parent = parent._program_parent
            relation = LOCAL_SAMPLED if flags & SAMPLED else LOCAL_NOT_SAMPLED
        elif type(parent) is ExcludedSpan:
            return parent
        else:
            (trace_id, parent_id, flags, state, parent_flags, relation), program_parent = _read_foreign(parent, kind)
        bound = self._bounds[relation]
        if bound != ALWAYS and trace_id & LOW_BITS >= bound:
            return UnsampledSpan(trace_id, random_bits(64) or new_span_id(), flags & _RANDOM, state, program_parent)
        span = _new(Span)
        span._tracer = self
        span._name = name if type(name) is str else as_text(name)
        span._kind = 0 if kind is _INTERNAL else getattr(kind, "_value_", 0)
        span._trace_id = trace_id
        span._span_id = random_bits(64) or new_span_id()
        span._flags = flags & _RANDOM | SAMPLED
        span._trace_state = state
        span._parent_id, span._parent_flags = parent_id, parent_flags
        span._program_parent = program_parent
        span._attributes = span._end = span._rest = span._context = None
        span._on_error = (record_exception, set_status_on_exception)
        span._is_open = True
        if attributes:
            span.set_first_attributes(attributes)
        if links:
            span.add_links(links)
        span._start = time_ns() if start_time is None else as_time(start_time)
        open_spans = self.recorder.open_spans
        span._slot = None if open_spans is None else open_spans.put(span.as_open())
        for processor in self.processors:
            processor.on_start(span, parent_context=context)
        return span

    def start_as_current_span(  # type: ignore[override] # the API names its own generator's class
        self,
        name: str,
        context: Context | None = None,
        kind: trace.SpanKind = _INTERNAL,
        attributes: Any = None,
        links: Sequence[trace.Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> CurrentSpan:
        """Give what starts a span and makes it current, as a context manager or a decorator; see the API."""
        return CurrentSpan(
            self,
            (name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception),
            end_on_exit,
        )


class CurrentSpan:
    """``with tracer.start_as_current_span(...) as span`` and ``@tracer.start_as_current_span(...)``.

    The span starts when the block is entered, or at each call of what is decorated.
    """

    __slots__ = ("_arguments", "_attached", "_end_on_exit", "_span", "_token", "_tracer")

    def __init__(self, tracer: Tracer, arguments: tuple[Any, ...], end_on_exit: bool) -> None:
        """Keep the arguments of ``Tracer.start_span``."""
        self._tracer = tracer
        self._arguments = arguments
        self._end_on_exit = end_on_exit

    def __enter__(self) -> trace.Span:
        """Start the span and make it current."""
        name, parent, kind, attributes, links, start_time, record_exception, set_status = (
            self._arguments
        )  # by hand: quicker
        span = self._span = self._tracer.start_span(
            name, parent, kind, attributes, links, start_time, record_exception, set_status
        )
        values = get_current().copy()
        values[SPAN_KEY] = span
        attached = self._attached = Context(values)
        self._token = attach(attached)
        return span

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Make the former span current again, note an ``Exception`` that passes, and end the span."""
        try:
            detach(self._token)
        except (ValueError, RuntimeError):  # left elsewhere than it was entered, by an async generator closed early
            with guarded("leaving a span elsewhere"):
                put_back(self._attached, getattr(self._token, "old_value", None))
        span = self._span
        if error is not None and isinstance(error, Exception) and type(span) is Span and span.is_recording():
            record_exception, set_status = span._on_error
            with guarded("recording an exception"):  # which a program at its recursion limit leaves no room for
                if record_exception:
                    span.record_exception(error)
                if set_status:
                    span.fail(error)
        if self._end_on_exit:
            span.end()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function, or a coroutine function, so that each call has a span of its own."""
        from inspect import iscoroutinefunction  # noqa: PLC0415 - dear, and only for decorators

        tracer, arguments, end_on_exit = self._tracer, self._arguments, self._end_on_exit

        if iscoroutinefunction(function):

            @wraps(function)
            async def call_async(*args: Any, **kwargs: Any) -> Any:
                with CurrentSpan(tracer, arguments, end_on_exit):
                    return await function(*args, **kwargs)

            return call_async

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with CurrentSpan(tracer, arguments, end_on_exit):
                return function(*args, **kwargs)

        return call


def _linked(links: Sequence[trace.Link] | None, context: Context) -> Sequence[trace.Link]:
    """Give the links of a root span that has one more, to what its context names."""
    named: Any = context[LINK_KEY]
    return (*(links or ()), trace.Link(named))


def _read_foreign(
    parent: Any, kind: trace.SpanKind
) -> tuple[tuple[int, int, int, Any, int, int], trace.SpanContext | None]:
    """Read a parent that is not ours, and give the parent of a bare run: None where that has none, or that of a request."""
    found = _foreign_parent(parent)
    relation = found[-1]
    if relation in (REMOTE_SAMPLED, REMOTE_NOT_SAMPLED) and kind in _ENTERING:
        start_context.serve()
        return found, None
    return found, None if relation == NO_PARENT or type(parent) is StartingSpan else parent.get_span_context()


def _foreign_parent(parent: Any) -> tuple[int, int, int, Any, int, int]:
    """Read a parent that is not ours: trace id, span id, flags, trace state, parent's flags, relation; new ids for a root."""
    if type(parent) is trace.NonRecordingSpan or isinstance(parent, trace.Span):  # the first is the usual, and quicker
        found = parent.get_span_context()
        if isinstance(found, trace.SpanContext) and found.is_valid:
            flags = int(found.trace_flags) & W3C_FLAGS
            parent_flags = flags << PARENT_SHIFT | HAS_REMOTE
            if found.is_remote:
                relation = REMOTE_SAMPLED if flags & SAMPLED else REMOTE_NOT_SAMPLED
                return found.trace_id, found.span_id, flags, found.trace_state, parent_flags | IS_REMOTE, relation
            relation = LOCAL_SAMPLED if flags & SAMPLED else LOCAL_NOT_SAMPLED
            return found.trace_id, found.span_id, flags, found.trace_state, parent_flags, relation
    return new_trace_id(), 0, _RANDOM, DEFAULT_TRACE_STATE, HAS_REMOTE, NO_PARENT
