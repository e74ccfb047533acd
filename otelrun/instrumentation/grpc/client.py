"""Synchronous gRPC clients: one CLIENT span for each call that leaves a channel.

The program's interceptors run before; each attempt they make is a call of its own. Blocking calls are patched at
``_blocking``, below the place where gRPC raises, so that the program's tracebacks are its own.
"""

from __future__ import annotations

import contextvars
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from grpc import _channel
from opentelemetry.context import Context, attach
from opentelemetry.trace import SpanKind

from otelrun.diagnostics import guarded
from otelrun.instrumentation.grpc import attributes as names
from otelrun.instrumentation.grpc.call import Call, CallTracer, enter, in_context, leave
from otelrun.instrumentation.grpc.metadata import with_injected
from otelrun.instrumentation.patching import without_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otelrun.instrumentation.patching import Ledger

NAME = "grpc_client"
TARGETS = ("grpc",)
SCOPE = "otelrun.instrumentation.grpc_client"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch the multi-callables of ``grpc.Channel``.

    Args:
        ledger: where the patches are written down.
        options: ``excluded_methods``.
    """
    tracer = CallTracer(NAME, SCOPE, SpanKind.CLIENT, options)
    blocking = partial(_wrap_blocking, tracer)
    started = partial(_wrap_started, tracer)
    for owner, name, make_wrapper in (
        ("_UnaryUnaryMultiCallable", "_blocking", blocking),
        ("_UnaryUnaryMultiCallable", "future", started),
        ("_UnaryStreamMultiCallable", "__call__", started),
        ("_SingleThreadedUnaryStreamMultiCallable", "__call__", started),
        ("_StreamUnaryMultiCallable", "_blocking", blocking),
        ("_StreamUnaryMultiCallable", "future", started),
        ("_StreamStreamMultiCallable", "__call__", started),
    ):
        ledger.wrap(getattr(_channel, owner, None), name, make_wrapper, "self ? timeout metadata")
    rendezvous = getattr(_channel, "_MultiThreadedRendezvous", None)
    ledger.wrap(rendezvous, "add_done_callback", _wrap_add_done_callback)
    ledger.wrap(_channel, "_run_channel_spin_thread", _wrap_run_channel_spin_thread)


def _start(
    tracer: CallTracer, multi_callable: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Call | None, tuple[Any, ...], dict[str, Any]]:
    """Start the call and put its context into the arguments; unchanged arguments and None where that is not to be."""
    with guarded(NAME):
        target = (
            getattr(multi_callable, "_target", None) or multi_callable._channel.target()
        )  # older gRPC keeps it there
        address, port = names.server_of_target(target.decode("utf-8", "replace"))
        call = tracer.start_client(multi_callable._method.decode("utf-8", "replace"), address, port)
        if call is not None:
            args, kwargs = with_injected(args, kwargs, call.context)
            return call, args, kwargs
    return None, args, kwargs


def _wrap_blocking(tracer: CallTracer, original: Callable[..., Any]) -> Callable[..., Any]:
    def _blocking(self: Any, *args: Any, **kwargs: Any) -> Any:
        call, args, kwargs = _start(tracer, self, args, kwargs)
        token = None if call is None else enter(call.context)
        try:
            state, segregated_call = original(self, *args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            if call is not None:
                _end_unstarted(call, error)
            raise
        finally:
            leave(token)
        if call is not None:
            with guarded(NAME):
                _end(call, state)
        return state, segregated_call

    return _blocking


def _wrap_started(tracer: CallTracer, original: Callable[..., Any]) -> Callable[..., Any]:
    def started(self: Any, *args: Any, **kwargs: Any) -> Any:
        call, args, kwargs = _start(tracer, self, args, kwargs)
        token = None if call is None else enter(call.context)
        try:
            rendezvous = original(self, *args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            if call is not None:
                _end_unstarted(call, error)
            raise
        finally:
            leave(token)
        if call is not None:
            with guarded(NAME):
                _end_with(rendezvous, call)
        return rendezvous

    return started


def _end(call: Call, state: Any) -> None:
    code = state.code
    call.end(names.CANCELLED if code is None else code.name, state.details)


def _end_unstarted(call: Call, error: BaseException) -> None:
    """End a call that raised instead of starting: with a status where the error has one (request not serializable)."""
    with guarded(NAME):
        state = getattr(error, "_state", None)
        if isinstance(error, _channel._InactiveRpcError) and state is not None:
            _end(call, state)
        else:
            call.fail(error)


def _end_with(rendezvous: Any, call: Call) -> None:
    """End ``call`` when the RPC of ``rendezvous`` ends, holding only its state: a dropped stream must still be cancelled."""
    state = rendezvous._state
    with state.condition:
        is_pending = state.callbacks is not None
        if is_pending:
            state.callbacks.append(partial(_end, call, state))
    if not is_pending:
        _end(call, state)
    elif isinstance(rendezvous, _channel._SingleThreadedRendezvous):
        # nobody reads the last event of such a stream when the program drops it
        weakref.finalize(rendezvous, _end, call, state).atexit = False


def _wrap_add_done_callback(original: Callable[..., Any]) -> Callable[..., Any]:
    def add_done_callback(self: Any, fn: Callable[..., Any]) -> Any:
        try:
            return original(self, in_context(fn))
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return add_done_callback


def _wrap_run_channel_spin_thread(original: Callable[..., Any]) -> Callable[..., Any]:
    def _run_channel_spin_thread(state: Any) -> Any:
        # the thread serves every call of the channel: it must not keep the context of the one that started it
        own = contextvars.copy_context()
        with guarded(NAME):
            own.run(attach, Context())
        try:
            return own.run(original, state)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return _run_channel_spin_thread
