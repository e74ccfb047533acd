"""asyncio gRPC servers: one SERVER span for each call received, current in interceptors and handler.

gRPC's asyncio server is compiled; what it offers is its chain of interceptors. The first link is put there when the
server is made, before the program's own, where the program cannot see it; each call has a task of its own, whose context
holds the span.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
from typing import TYPE_CHECKING, Any

import grpc
from grpc import _common
from grpc.aio import AbortError, _server
from opentelemetry.context import Context, attach
from opentelemetry.trace import SpanKind

from otelrun.diagnostics import guarded
from otelrun.instrumentation.grpc import attributes as names
from otelrun.instrumentation.grpc.call import Call, CallTracer, enter, has_upstreams, leave
from otelrun.instrumentation.grpc.metadata import extract
from otelrun.instrumentation.patching import without_frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from otelrun.instrumentation.patching import Ledger

    class ServerInterceptor:
        """Stands for gRPC's, which has no types."""

else:
    from grpc.aio import ServerInterceptor

NAME = "grpc_aio_server"
TARGETS = ("grpc.aio",)
SCOPE = "otelrun.instrumentation.grpc_aio_server"

_INTERCEPTORS_ARGUMENT = 2
_LIMIT_ARGUMENT = 4
_BEHAVIORS = {
    (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
    (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
    (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
    (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
}


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch the making of ``grpc.aio`` servers.

    Args:
        ledger: where the patches are written down.
        options: ``excluded_methods``.
    """
    tracer = CallTracer(NAME, SCOPE, SpanKind.SERVER, options)

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it replaces one
            with guarded(NAME):
                args, kwargs = _with_entry(tracer, args, kwargs)
            try:
                original(self, *args, **kwargs)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise

        return __init__

    ledger.wrap(_server.Server, "__init__", wrap, "self ? ? interceptors ? maximum_concurrent_rpcs")


def _with_entry(
    tracer: CallTracer, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Give the arguments of a server with our link before the program's interceptors."""
    limit = args[_LIMIT_ARGUMENT] if len(args) > _LIMIT_ARGUMENT else kwargs.get("maximum_concurrent_rpcs")
    entry = _Entry(tracer, limit is not None)
    if len(args) > _INTERCEPTORS_ARGUMENT:
        own = args[_INTERCEPTORS_ARGUMENT] or ()
        if has_upstreams(own):
            return args, kwargs
        return (*args[:_INTERCEPTORS_ARGUMENT], (entry, *own), *args[_INTERCEPTORS_ARGUMENT + 1 :]), kwargs
    own = kwargs.get("interceptors") or ()
    return args, kwargs if has_upstreams(own) else {**kwargs, "interceptors": (entry, *own)}


class _Entry(ServerInterceptor):
    """The first link of a server's chain."""

    def __init__(self, tracer: CallTracer, is_limited: bool) -> None:
        self._tracer = tracer
        self._is_limited = is_limited

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Start the call, let the program's interceptors find the handler, and give it back observed."""
        handling = None
        with guarded(NAME):
            handling = self._start(handler_call_details)
        if handling is None:
            return await continuation(handler_call_details)
        try:
            handler = await continuation(handler_call_details)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            handling.failed(error)
            raise
        with guarded(NAME):
            return _observed(handler, handling)
        return handler

    def _start(self, details: Any) -> _Handling | None:
        call = self._tracer.start_server(details.method, extract(details.invocation_metadata, Context()))
        task = asyncio.current_task()
        if call is None or task is None:
            return None
        attach(call.context)  # for good: the task is this call's alone
        handling = _Handling(call, self._is_limited)
        task.add_done_callback(handling.left)
        return handling


class _Handling:
    """The handling of one call: what is known of its status as the handler goes."""

    __slots__ = ("_context", "_is_limited", "call")

    def __init__(self, call: Call, is_limited: bool) -> None:
        self.call = call
        self._is_limited = is_limited
        self._context: Any = None

    def entered(self, context: Any) -> None:
        """Note the servicer context that gRPC gave to the handler."""
        with guarded(NAME):
            if not hasattr(context, "code"):  # gRPC's context for synchronous handlers hides the one with the status
                held = gc.get_referents(context)
                context = next((inner for inner in held if hasattr(inner, "abort_with_status")), None)
            self._context = context
            if context is not None:
                self.call.describe(names.peer_attributes(context.peer()))

    def returned(self) -> None:
        """End with the status the handler set, OK if none."""
        with guarded(NAME):
            self.call.end(self._code() or names.OK, self._details())

    def failed(self, error: BaseException) -> None:
        """End with the status gRPC sends when the handler or an interceptor raises ``error``."""
        with guarded(NAME):
            if isinstance(error, asyncio.CancelledError):
                self._end_interrupted()
            elif isinstance(error, AbortError):
                self.call.end(self._code() or names.UNKNOWN, self._details())
            else:
                details = None
                with guarded("describing an error"):  # which calls the program's own __str__
                    details = f"Unexpected {type(error)}: {error}"
                self.call.end(self._code() or names.UNKNOWN, details, error)

    def left(self, _: asyncio.Task[Any]) -> None:
        """End what is still open when the call's task ends: the handler was never entered, or never finished."""
        with guarded(NAME):
            if not self.call.is_open:
                return
            if self._context is None and self._is_limited:
                self.call.end(names.RESOURCE_EXHAUSTED)
            else:
                self._end_interrupted()

    def _end_interrupted(self) -> None:
        context = self._context
        if context is not None and context.done():  # aborted, and the handler in its thread does not know yet
            self.returned()
            return
        remaining = None if context is None else context.time_remaining()
        self.call.end(names.CANCELLED if remaining is None or remaining > 0 else names.DEADLINE_EXCEEDED)

    def _code(self) -> str | None:
        """Name of the status set or aborted with; None where none or OK was."""
        code = None if self._context is None else self._context.code()
        if not code:
            return None
        status = code if isinstance(code, grpc.StatusCode) else _common.CYGRPC_STATUS_CODE_TO_STATUS_CODE.get(code)
        if status is grpc.StatusCode.OK:
            return None
        return names.UNKNOWN if status is None else str(status.name)

    def _details(self) -> Any:
        return None if self._context is None else self._context.details()


def _observed(handler: Any, handling: _Handling) -> Any:
    """Give a handler that tells ``handling`` how the program's fared; None, ended, where there is no such method."""
    if handler is None:
        handling.call.forget_method()
        handling.call.end(names.UNIMPLEMENTED, "Method not found!")
        return None
    name, make = _BEHAVIORS[bool(handler.request_streaming), bool(handler.response_streaming)]
    behavior = getattr(handler, name)
    if inspect.isasyncgenfunction(behavior):
        observed = _observe_async_generator(behavior, handling)
    elif inspect.iscoroutinefunction(behavior):
        observed = _observe_coroutine(behavior, handling)
    elif handler.response_streaming:
        observed = _observe_generator(behavior, handling)
    else:
        observed = _observe_function(behavior, handling)
    return make(observed, handler.request_deserializer, handler.response_serializer)


def _observe_coroutine(behavior: Callable[..., Any], handling: _Handling) -> Callable[..., Any]:
    async def observed(request: Any, context: Any) -> Any:
        handling.entered(context)
        try:
            response = await behavior(request, context)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            handling.failed(error)
            raise
        handling.returned()
        return response

    return observed


def _observe_async_generator(behavior: Callable[..., Any], handling: _Handling) -> Callable[..., Any]:
    async def observed(request: Any, context: Any) -> AsyncIterator[Any]:
        handling.entered(context)
        responses = behavior(request, context)
        try:
            async for response in responses:
                yield response
        except GeneratorExit:
            await responses.aclose()
            raise
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            handling.failed(error)
            raise
        handling.returned()

    return observed


def _observe_function(behavior: Callable[..., Any], handling: _Handling) -> Callable[..., Any]:
    def observed(request: Any, context: Any) -> Any:  # in a thread of the server's pool
        handling.entered(context)
        token = enter(handling.call.context)
        try:
            response = behavior(request, context)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            handling.failed(error)
            raise
        finally:
            leave(token)
        handling.returned()
        return response

    return observed


def _observe_generator(behavior: Callable[..., Any], handling: _Handling) -> Callable[..., Any]:
    def observed(request: Any, context: Any) -> Iterator[Any]:
        handling.entered(context)
        own = contextvars.copy_context()  # of the call's task; each step runs in it, in a thread of the server's pool
        try:
            responses = own.run(behavior, request, context)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            handling.failed(error)
            raise
        return _steps(own, iter(responses), handling)

    return observed


def _steps(own: contextvars.Context, responses: Iterator[Any], handling: _Handling) -> Iterator[Any]:
    while True:
        try:
            response = own.run(next, responses)
        except StopIteration:
            handling.returned()
            return
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            handling.failed(error)
            raise
        yield response
