"""One remote procedure call as telemetry: its span and its duration, started once and ended once.

The four instrumentations decide when a call starts and how it ended; this file says what is recorded.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, get_current, get_value
from opentelemetry.trace import SpanKind, Status, StatusCode

from otelrun.diagnostics import guarded
from otelrun.instrumentation import sources
from otelrun.instrumentation.current import detach
from otelrun.instrumentation.duration import create_duration
from otelrun.instrumentation.failure import error_type
from otelrun.instrumentation.grpc import attributes as names
from otelrun.instrumentation.patching import without_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import Span


_NOT_THE_PROGRAMS = ("grpc.health.*", "grpc.reflection.*")
_UPSTREAM = "opentelemetry.instrumentation.grpc"


def has_upstreams(interceptors: Iterable[Any] | None) -> bool:
    """Say whether upstream's is among a program's interceptors: it makes the spans of these calls then."""
    return any(type(interceptor).__module__.startswith(_UPSTREAM) for interceptor in interceptors or ())


def _is_of_upstream(span: Any) -> bool:
    """Say whether a span is that of a call which an interceptor of upstream's is in the middle of making."""
    if getattr(span, "kind", None) is not SpanKind.CLIENT:
        return False
    return str(getattr(getattr(span, "instrumentation_scope", None), "name", "")).startswith(_UPSTREAM)


class CallTracer:
    """Starts the calls of one instrumentation.

    Attributes:
        name: entry-point name of the instrumentation, for notices.
        record: takes a call's duration: seconds, attributes, context.
    """

    def __init__(self, name: str, scope: str, kind: SpanKind, options: Mapping[str, Any]) -> None:
        """Take the tracer and the histogram from the global providers.

        Args:
            name: entry-point name of the instrumentation.
            scope: name of its instrumentation scope.
            kind: CLIENT or SERVER.
            options: ``excluded_methods``, a list of patterns such as ``shop.Pricing/*``; without it the services are excluded by
                which others look at a server: health and reflection.
        """
        self.name = name
        self._kind = kind
        self._tracer = sources.get_tracer(scope)
        is_server = kind is SpanKind.SERVER
        self.record = create_duration(
            scope,
            names.RPC_SERVER_CALL_DURATION if is_server else names.RPC_CLIENT_CALL_DURATION,
            f"Measures the duration of an {'incoming' if is_server else 'outgoing'} Remote Procedure Call (RPC).",
            names.DURATION_BUCKETS,
        )
        given = options.get("excluded_methods")
        excluded = _NOT_THE_PROGRAMS if given is None else tuple(given)
        self._is_excluded: Callable[[str], bool] = lru_cache(512)(
            lambda method: any(fnmatchcase(method, pattern) for pattern in excluded)
        )

    def start_client(self, method: str, address: str, port: int | None) -> Call | None:
        """Start a call made in the current context; None where it is not to be recorded.

        Args:
            method: as gRPC has it, ``/package.Service/Method``.
            address: the server's, empty where not known.
            port: the server's, None where not known.
        """
        current = get_current()
        if get_value(_SUPPRESS_INSTRUMENTATION_KEY, current) or _is_of_upstream(trace.get_current_span(current)):
            return None
        measured = names.call_attributes(method.lstrip("/"), address, port)
        return self._start(method, measured, measured, current)

    def start_server(
        self, method: str, parent: Context, authority: str = "", peer: Mapping[str, str | int] | None = None
    ) -> Call | None:
        """Start a call received; None where it is not to be recorded.

        Args:
            method: as gRPC has it, ``/package.Service/Method``.
            parent: the context the client sent.
            authority: ``:authority`` of the request, empty where not known.
            peer: ``network.peer`` attributes, where known already.
        """
        address, port = names.server_of_authority(authority)
        attributes = {**names.call_attributes(method.lstrip("/"), address, port), **(peer or {})}
        return self._start(method, attributes, names.call_attributes(method.lstrip("/"), "", None), parent)

    def _start(
        self, method: str, attributes: Mapping[str, str | int], measured: Mapping[str, str | int], parent: Context
    ) -> Call | None:
        method = method.lstrip("/")
        if self._is_excluded(method):
            return None
        span = self._tracer.start_span(method, parent, self._kind, dict(attributes))
        return Call(self, span, measured, trace.set_span_in_context(span, parent))

    def is_error(self, code: str) -> bool:
        """Say whether a status code, by name, makes the span an error on this side."""
        return code in names.SERVER_ERRORS if self._kind is SpanKind.SERVER else code != names.OK


class Call:
    """A call in progress. Any of its methods may be called from any thread; only the first end counts.

    Attributes:
        context: the context in which the call's span is current.
        tracer: who started it.
    """

    __slots__ = ("_measured", "_open", "_span", "_started_ns", "context", "tracer")

    def __init__(self, tracer: CallTracer, span: Span, measured: Mapping[str, str | int], context: Context) -> None:
        """Begin to measure."""
        self.tracer = tracer
        self.context = context
        self._span = span
        self._measured = measured
        self._open = [True]
        self._started_ns = perf_counter_ns()

    @property
    def is_open(self) -> bool:
        """Whether the call has not ended yet."""
        return bool(self._open)

    def describe(self, attributes: Mapping[str, str | int]) -> None:
        """Add attributes that were not known at the start."""
        with guarded(self.tracer.name):
            self._span.set_attributes(attributes)

    def forget_method(self) -> None:
        """Say that the server knows no such method: its name came from the network and must not name spans or series."""
        with guarded(self.tracer.name):
            self._span.update_name(names.SYSTEM)
            self._span.set_attributes(
                {names.RPC_METHOD: names.OTHER_METHOD, names.RPC_METHOD_ORIGINAL: self._measured[names.RPC_METHOD]},
            )
            self._measured = names.call_attributes(names.OTHER_METHOD, "", None)

    def end(self, code: str, details: Any = None, error: BaseException | None = None) -> None:
        """End with a status.

        Args:
            code: name of the gRPC status code, for example ``NOT_FOUND``.
            details: the status's message, where it has one.
            error: what the server's handler raised without a status of its own.
        """
        with guarded(self.tracer.name):
            self._end(code, code if self.tracer.is_error(code) else None, details, error)

    def fail(self, error: BaseException) -> None:
        """End a call that could not be made: the error comes from before any status."""
        with guarded(self.tracer.name):
            self._end(None, error_type(error), None, error)

    def _end(self, code: str | None, kind: str | None, details: Any, error: BaseException | None) -> None:
        try:
            self._open.pop()
        except IndexError:
            return
        outcome: dict[str, str | int] = {}
        if code is not None:
            outcome[names.RPC_RESPONSE_STATUS_CODE] = code
        if kind is not None:
            outcome[names.ERROR_TYPE] = kind
        span = self._span
        if span.is_recording():
            span.set_attributes(outcome)
            if kind is not None:
                span.set_status(Status(StatusCode.ERROR, as_text(details) or kind))
            if error is not None:
                with guarded("recording an exception"):  # which calls the program's own __str__
                    span.record_exception(error)
        span.end()
        seconds = (perf_counter_ns() - self._started_ns) / 1e9
        self.tracer.record(seconds, {**self._measured, **outcome}, self.context)


def enter(context: Context) -> Token[Context] | None:
    """Make a context current; None where that fails."""
    with guarded("grpc"):
        return attach(context)
    return None


def leave(token: Token[Context] | None) -> None:
    """Make the context current that was so before ``enter``."""
    if token is not None:
        with guarded("grpc"):
            detach(token)


class InContext:
    """A callback that runs in the context in which the program registered it, whatever thread calls it."""

    __slots__ = ("_callback", "_context")

    def __init__(self, callback: Callable[..., Any]) -> None:
        """Remember the current context."""
        self._callback = callback
        self._context = get_current()

    def __call__(self, *args: Any) -> Any:
        """Call the program's callback."""
        token = enter(self._context)
        try:
            return self._callback(*args)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            leave(token)

    def __repr__(self) -> str:
        """Look like the program's callback: gRPC logs it by its repr."""
        return repr(self._callback)


def in_context(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Give a callback that runs in the current context; the program's own where that is empty."""
    with guarded("grpc"):
        if get_current():
            return InContext(callback)
    return callback


def as_text(details: Any) -> str | None:
    """Give a status message as gRPC's objects hold it (text, bytes or nothing) as text."""
    if isinstance(details, bytes):
        return details.decode("utf-8", "replace")
    return details or None
