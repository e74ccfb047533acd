"""The spans that a program's own SDK makes: recorded too, each once, when it ends, so that a trace hangs together in the run.

The SDK makes and exports them as in a bare run: no processor is added to its providers, and what is recorded is what its span
holds after its own processors have seen it. Only sampled spans are. A span that the program itself sends to where the profile
sends is marked, so that no exporter of otelrun sends it there once more.
"""

from __future__ import annotations

import sys
from typing import NamedTuple
from weakref import WeakKeyDictionary, ref

from opentelemetry import trace
from opentelemetry.context import attach, detach

from otelrun.diagnostics import guarded
from otelrun.instrumentation.excluded import ExcludedSpan
from otelrun.instrumentation.patching import Ledger, without_frame
from otelrun.instrumentation.sources import PROGRAM_PARENT
from otelrun.pipeline.current import SPAN_KEY, get_current
from otelrun.pipeline.program_exporters import shared
from otelrun.pipeline.span import HAS_REMOTE, IS_REMOTE, SAMPLED, W3C_FLAGS, Span, UnsampledSpan
from otelrun.pipeline.tracer import Tracer
from otelrun.ring.record import LEFT_SHIFT, SPAN, Scope, encode_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from otelrun.profile.model import Processor
    from otelrun.ring.recorder import Recorder

SDK_SPANS = "opentelemetry.sdk.trace"
SDK_SAMPLERS = "opentelemetry.sdk.trace.sampling"
SERVER_SPANS = "opentelemetry.instrumentation.utils"

_OURS = (Span, UnsampledSpan, ExcludedSpan)
_REMOTE = HAS_REMOTE | IS_REMOTE
_BEGINNING = "_otelrun_beginning"  # in the SDK's span: the recorder's generation, and its true parent
_HTTP_SERVER = "otelrun.instrumentation.http_server"

_MOST_SCOPES = 1000
_GUARD = guarded("recording a span of the program's SDK")


class Parts(NamedTuple):
    """What recording them needs of the pipeline.

    Attributes:
        recorder: takes the records.
        processors: of the profile, those whose exporters the agent runs.
        tell: called with the endpoints that both send to, once for each set of processors of the program.
    """

    recorder: Recorder
    processors: Sequence[Processor]
    tell: Callable[[Sequence[str]], None]


def record_spans(parts: Parts) -> None:
    """Record what the SDK's spans hold when they end, now that it is loaded."""
    places = _Places(parts)
    ledger = Ledger()
    kind = sys.modules[SDK_SPANS].Span
    ledger.wrap(kind, "__init__", lambda original: _wrap_init(original, places, parts.recorder))
    ledger.wrap(kind, "end", lambda original: _wrap_end(original, places, parts.recorder))


def _wrap_init(original: Callable[..., None], places: _Places, recorder: Recorder) -> Callable[..., None]:
    """Give the program's span the parent that it has in a bare run, where otelrun's do not go where the program sends it.

    There it would be of an unknown parent, and no root. What otelrun records has the true one.
    """

    def __init__(self: Any, name: Any, context: Any, parent: Any = None, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        with _GUARD:
            true_parent = parent
            above = parent if parent is None else parent.__dict__.get(PROGRAM_PARENT, parent)
            if above is not parent and not places.of(kwargs.get("span_processor")):
                parent = above
            self.__dict__[_BEGINNING] = recorder.generation, true_parent
        try:
            original(self, name, context, parent, *args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return __init__


def _wrap_end(original: Callable[..., None], places: _Places, recorder: Recorder) -> Callable[..., None]:
    scopes = _Scopes(recorder)

    def end(self: Any, *args: Any, **kwargs: Any) -> None:
        was_open = getattr(self, "_end_time", 0) is None
        try:
            original(self, *args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            with _GUARD:
                generation, parent = self.__dict__.get(_BEGINNING, (-1, None))
                if (
                    was_open
                    and generation == recorder.generation  # else it is the parent's, of a process that has forked since
                    and self._end_time is not None
                    and self._context.trace_flags & SAMPLED
                ):
                    bits = places.of(getattr(self, "_span_processor", None))
                    scope = scopes.id_of(getattr(self, "_instrumentation_scope", None))
                    recorder.append(SPAN, encode_whole(_fields(self, parent, scope, bits)))

    return end


class _Places:
    """Remembers which exporters of the profile a provider's processors share a destination with."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._last: tuple[Any, int, int] = (_nobody, 0, 0)  # most programs have one provider
        self._known: WeakKeyDictionary[Any, tuple[int, int]] = WeakKeyDictionary()

    def of(self, processor: Any) -> int:
        """Give the bits of those exporters."""
        if processor is None:
            return 0
        last, last_count, bits = self._last
        count = len(getattr(processor, "_span_processors", ()))
        if last() is processor and last_count == count:
            return bits
        known = self._known.get(processor)
        if known is None or known[0] != count:
            found = shared(processor, self._parts.processors)
            known = self._known[processor] = count, found.bits
            if found.endpoints:
                self._parts.tell(found.endpoints)
        self._last = ref(processor), count, known[1]
        return known[1]


def _nobody() -> None:
    """Stand for a reference to what is gone."""


class _Scopes:
    """Remembers the ids of the SDK's scopes in the ring of this process; there are as many as the program has tracers."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._generation = -1
        self._known: dict[int, tuple[Any, int]] = {}

    def id_of(self, scope: Any) -> int:
        if self._generation != self._recorder.generation or len(self._known) > _MOST_SCOPES:
            self._known.clear()
            self._generation = self._recorder.generation
        known = self._known.get(id(scope))
        if known is None:
            name, version, schema_url, attributes = (getattr(scope, part, None) for part in Scope._fields)
            found = Scope(name or "", version or "", schema_url or "", dict(attributes or {}))
            known = self._known[id(scope)] = scope, self._recorder.scope(found)
        return known[1]


def _fields(span: Any, parent: Any, scope: int, bits: int) -> tuple[Any, ...]:
    """Give the fields of ``ring.record.SpanRecord``, after the kind of record; what few spans have only where there is any.

    Read by the names that the SDK's spans have had since 1.0: its properties take several times as long.
    """
    trace_id, span_id, _, trace_flags, trace_state, _ = span._context
    fields = (
        SPAN,
        trace_id,
        span_id,
        0 if parent is None else parent.span_id,
        int(trace_flags) & W3C_FLAGS
        | (_REMOTE if parent is not None and parent.is_remote else HAS_REMOTE)
        | bits << LEFT_SHIFT,
        span._name,
        span._kind._value_,
        span._start_time,
        span._end_time,
        _as_dict(span._attributes),
        scope,
    )
    status, dropped = span._status, getattr(span._attributes, "dropped", 0)
    if not (span._events or span._links or dropped or trace_state or status.status_code._value_):
        return fields
    return (
        *fields,
        trace_state.to_header(),
        tuple((event.name, event.timestamp, _as_dict(event.attributes), _dropped(event)) for event in span.events),
        tuple(map(_link, span.links)),
        status.status_code._value_,
        status.description or "",
        dropped,
        getattr(span._events, "dropped", 0),
        getattr(span._links, "dropped", 0),
    )


def _link(link: Any) -> tuple[Any, ...]:
    context = link.context
    flags = int(context.trace_flags) & W3C_FLAGS | HAS_REMOTE | (IS_REMOTE if context.is_remote else 0)
    return (
        context.trace_id,
        context.span_id,
        context.trace_state.to_header(),
        flags,
        _as_dict(link.attributes),
        _dropped(link),
    )


def _as_dict(attributes: Any) -> dict[str, Any]:
    """Copy attributes; the SDK's own mapping takes a lock for each of them."""
    if not attributes:
        return {}
    inside = getattr(attributes, "_dict", None)
    return dict(inside if type(inside) is dict else attributes)


def _dropped(holder: Any) -> int:
    return int(getattr(holder, "dropped_attributes", 0) or 0)


def free_samplers() -> None:
    """Have the SDK's samplers decide on the program's spans as in a bare run, where otelrun's spans are not there.

    A sampler that follows the parent would follow otelrun's, and a program that samples one trace in a hundred by itself would
    export all of them. The parent of the span stays what it is.
    """

    def make_wrapper(original: Callable[..., Any]) -> Callable[..., Any]:
        def should_sample(self: Any, parent_context: Any, *args: Any, **kwargs: Any) -> Any:
            with _GUARD:
                span: Any = (get_current() if parent_context is None else parent_context).get(SPAN_KEY)
                if type(span) in _OURS:
                    above = span._program_parent
                    seen = trace.INVALID_SPAN if above is None else trace.NonRecordingSpan(above)
                    parent_context = trace.set_span_in_context(seen, parent_context)
            try:
                return original(self, parent_context, *args, **kwargs)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise

        return should_sample

    Ledger().wrap(sys.modules[SDK_SAMPLERS].ParentBased, "should_sample", make_wrapper)


def give_server_spans_up() -> None:
    """Have the SERVER span of the program's own WSGI or Flask instrumentation be the only one of its request.

    Upstream's make an INTERNAL span where another is current, and under otelrun ``http.server`` has one already. A span of the
    program's own SDK is what it is in a bare run instead, and otelrun's is not recorded.
    """
    name = "_start_internal_or_server_span"
    module = sys.modules[SERVER_SPANS]

    def make_wrapper(original: Callable[..., Any]) -> Callable[..., Any]:
        def start(tracer: Any, *args: Any, **kwargs: Any) -> Any:
            given_up = token = None
            with _GUARD:
                current = trace.get_current_span()
                if _is_programs(tracer) and type(current) in _OURS and _is_of_http_server(current):
                    given_up = current
                    token = attach(trace.set_span_in_context(trace.INVALID_SPAN))
            try:
                made = original(tracer, *args, **kwargs)
            except BaseException as error:
                if token is not None:
                    detach(token)
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise
            # what is current now is undone after the request, and by then what was before is so, too
            with _GUARD:
                if type(given_up) is Span and made[0].get_span_context().trace_flags.sampled:
                    given_up.discard()
            return made

        return start

    if hasattr(module, name):  # not in those of long ago
        Ledger().wrap(module, name, make_wrapper)


def _is_programs(tracer: Any) -> bool:
    return type(tracer) is not Tracer or tracer.is_following


def _is_of_http_server(span: Any) -> bool:
    return type(span) is not Span or span._tracer.definition.name == _HTTP_SERVER
