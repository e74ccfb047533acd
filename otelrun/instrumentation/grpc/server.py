"""Synchronous gRPC servers: one SERVER span for each call received, current in interceptors and handler.

gRPC gives each call a ``contextvars.Context`` of its own and runs everything of the program in it; the span is set
there, so nothing leaks into the pool's threads. Handlers are not wrapped: the status is read where gRPC sends it.
"""

from __future__ import annotations

import sys
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any

from grpc import _common, _server
from opentelemetry.context import Context, attach
from opentelemetry.trace import SpanKind

from otelrun.diagnostics import guarded, tell
from otelrun.instrumentation.grpc import attributes as names
from otelrun.instrumentation.grpc.call import CallTracer, has_upstreams, in_context
from otelrun.instrumentation.grpc.metadata import extract
from otelrun.instrumentation.patching import without_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otelrun.instrumentation.patching import Ledger

NAME = "grpc_server"
TARGETS = ("grpc",)
SCOPE = "otelrun.instrumentation.grpc_server"

_CALL = "_otelrun_call"  # on gRPC's own state object of the call


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch the steps of ``grpc._server`` at which a call starts and its status is known.

    Args:
        ledger: where the patches are written down.
        options: ``excluded_methods``.
    """
    if not hasattr(_server._RPCState(), "context"):
        tell("unsupported:grpc_server", "not instrumented: gRPC servers need grpcio 1.60 or newer")
        return
    tracer = CallTracer(NAME, SCOPE, SpanKind.SERVER, options)
    ledger.wrap(_server, "_find_method_handler", partial(_wrap_find_method_handler, tracer), "rpc_event state")
    ledger.wrap(_server, "_reject_rpc", _wrap_reject_rpc)
    ledger.wrap(_server, "_status", _wrap_status)
    ledger.wrap(_server, "_abort", _wrap_abort)
    ledger.wrap(_server, "_unary_response_in_pool", _wrap_in_pool, "rpc_event state behavior")
    ledger.wrap(_server, "_stream_response_in_pool", _wrap_in_pool, "rpc_event state behavior")
    ledger.wrap(_server._Context, "add_callback", _wrap_add_callback)


def _wrap_find_method_handler(tracer: CallTracer, original: Callable[..., Any]) -> Callable[..., Any]:
    def _find_method_handler(rpc_event: Any, state: Any, method_with_handler: Any, *args: Any) -> Any:
        with guarded(NAME):
            if not (args and has_upstreams(getattr(args[-1], "interceptors", None))):
                _start(tracer, rpc_event, state, method_with_handler)
        try:
            return original(rpc_event, state, method_with_handler, *args)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return _find_method_handler


def _start(tracer: CallTracer, rpc_event: Any, state: Any, method_with_handler: Any) -> None:
    name = getattr(method_with_handler, "name", None)  # absent before gRPC knew registered methods
    method = (name and name()) or _common.decode(rpc_event.call_details.method)
    call = tracer.start_server(
        method,
        extract(rpc_event.invocation_metadata, Context()),
        _common.decode(rpc_event.call_details.host or b""),
        names.peer_attributes(_common.decode(rpc_event.call.peer())),
    )
    if call is not None:
        state.context.run(attach, call.context)
        setattr(state, _CALL, call)


def _end(rpc_event: Any, state: Any, code: Any, details: Any, error: BaseException | None = None) -> None:
    """End the call of ``state``, if it has one and it is still open.

    Args:
        rpc_event: the event that brought the call, for its deadline; None where it is not at hand.
        state: gRPC's state of the call.
        code: Cython status code being sent, None where none is.
        details: the status's message.
        error: what the handler raised, if that is the reason.
    """
    call = getattr(state, _CALL, None)
    if call is None or not call.is_open:
        return
    if code is None or state.client is _server._CANCELLED:  # gRPC sends nothing more: the client knows why
        is_late = rpc_event is not None and rpc_event.call_details.deadline <= time()
        call.end(names.DEADLINE_EXCEEDED if is_late else names.CANCELLED, error=error)
        return
    status = _common.CYGRPC_STATUS_CODE_TO_STATUS_CODE.get(code)
    call.end(names.UNKNOWN if status is None else status.name, details, error)


def _wrap_status(original: Callable[..., Any]) -> Callable[..., Any]:
    def _status(rpc_event: Any, state: Any, serialized_response: Any) -> Any:
        with guarded(NAME):
            _end(rpc_event, state, _server._completion_code(state), state.details)
        try:
            return original(rpc_event, state, serialized_response)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return _status


def _wrap_abort(original: Callable[..., Any]) -> Callable[..., Any]:
    def _abort(state: Any, call: Any, code: Any, details: Any) -> Any:
        with guarded(NAME):
            error = None if state.aborted else sys.exc_info()[1]  # gRPC calls this while handling the handler's error
            _end(
                None,
                state,
                _server._abortion_code(state, code),
                details if state.details is None else state.details,
                error,
            )
        try:
            return original(state, call, code, details)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return _abort


def _wrap_reject_rpc(original: Callable[..., Any]) -> Callable[..., Any]:
    def _reject_rpc(rpc_event: Any, rpc_state: Any, status: Any, details: Any) -> Any:
        with guarded(NAME):
            call = getattr(rpc_state, _CALL, None)
            if call is not None and status == _server.cygrpc.StatusCode.unimplemented:
                call.forget_method()
            _end(rpc_event, rpc_state, status, details, sys.exc_info()[1])
        try:
            return original(rpc_event, rpc_state, status, details)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return _reject_rpc


def _wrap_in_pool(original: Callable[..., Any]) -> Callable[..., Any]:
    def _response_in_pool(rpc_event: Any, state: Any, behavior: Any, *args: Any) -> Any:
        try:
            return original(rpc_event, state, behavior, *args)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            with guarded(NAME):  # a call that gRPC sent no status for: the client has gone
                _end_unanswered(rpc_event, state, behavior)

    return _response_in_pool


def _end_unanswered(rpc_event: Any, state: Any, behavior: Any) -> None:
    if getattr(behavior, "experimental_non_blocking", False):  # it goes on elsewhere; gRPC says when the call is over
        with state.condition:
            if state.callbacks is not None:
                state.callbacks.append(partial(_end, rpc_event, state, None, None))
                return
    _end(rpc_event, state, None, None)


def _wrap_add_callback(original: Callable[..., Any]) -> Callable[..., Any]:
    def add_callback(self: Any, callback: Callable[..., Any]) -> Any:
        try:
            return original(self, in_context(callback))
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return add_callback
