"""asyncio gRPC clients: one CLIENT span for each call of a multi-callable, current in the program's interceptors.

The span ends when gRPC has the call's status, whether or not the program awaits it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from grpc import _common
from grpc.aio import AioRpcError, Metadata, _channel
from opentelemetry.trace import SpanKind

from otelrun.diagnostics import guarded
from otelrun.instrumentation.grpc import attributes as names
from otelrun.instrumentation.grpc.call import Call, CallTracer, enter, leave
from otelrun.instrumentation.grpc.metadata import inject
from otelrun.instrumentation.patching import without_frame

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from otelrun.instrumentation.patching import Ledger

NAME = "grpc_aio_client"
TARGETS = ("grpc.aio",)
SCOPE = "otelrun.instrumentation.grpc_aio_client"

_METADATA_ARGUMENT = 2  # where it may be passed by position: (request_iterator, timeout, metadata)
_NOT_FINAL = "Internal error from Core"  # set where a request could not be sent; the call's own status follows
_targets: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch the multi-callables of ``grpc.aio.Channel``.

    Args:
        ledger: where the patches are written down.
        options: ``excluded_methods``.
    """
    started = partial(_wrap_call, CallTracer(NAME, SCOPE, SpanKind.CLIENT, options))
    ledger.wrap(_channel.Channel, "__init__", _wrap_channel_init, "self target")
    ledger.wrap(_channel.UnaryUnaryMultiCallable, "__call__", started)
    ledger.wrap(_channel.UnaryStreamMultiCallable, "__call__", started)
    ledger.wrap(_channel.StreamUnaryMultiCallable, "__call__", started, "self ? timeout metadata")
    ledger.wrap(_channel.StreamStreamMultiCallable, "__call__", started, "self ? timeout metadata")


def _wrap_channel_init(original: Callable[..., Any]) -> Callable[..., Any]:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it replaces one
        try:
            original(self, *args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        with guarded(NAME):
            _targets[self] = str(args[0] if args else kwargs["target"])

    return __init__


def _wrap_call(tracer: CallTracer, original: Callable[..., Any]) -> Callable[..., Any]:
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - it replaces one
        call = None
        with guarded(NAME):
            call = _start(tracer, self)
        if call is not None:
            with guarded(NAME):
                args, kwargs = _with_injected(args, kwargs, call)
        token = None if call is None else enter(call.context)  # the tasks that gRPC makes now carry it
        try:
            rpc = original(self, *args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            if call is not None:
                call.fail(error)
            raise
        finally:
            leave(token)
        if call is not None:
            with guarded(NAME):
                _end_with(rpc, call)
        return rpc

    return __call__


def _start(tracer: CallTracer, multi_callable: Any) -> Call | None:
    address, port = names.server_of_target(_target(multi_callable))
    return tracer.start_client(multi_callable._method.decode("utf-8", "replace"), address, port)


def _target(multi_callable: Any) -> str:
    """Give what the channel of a multi-callable was made with; empty where that is not known."""
    references = getattr(multi_callable, "_references", None)
    if references:
        return _targets.get(references[0], "")
    own = multi_callable._channel  # before 1.54 the multi-callable knows the compiled channel alone
    return next((target for channel, target in tuple(_targets.items()) if channel._channel is own), "")


def _with_injected(args: tuple[Any, ...], kwargs: dict[str, Any], call: Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Give the arguments with the context in a copy of the program's metadata; as they are where gRPC will refuse them."""
    is_positional = len(args) > _METADATA_ARGUMENT
    given = args[_METADATA_ARGUMENT] if is_positional else kwargs.get("metadata")
    if given is not None and not isinstance(given, (Metadata, Sequence)):
        return args, kwargs
    metadata = Metadata(*inject(given, call.context))
    if is_positional:
        return (*args[:_METADATA_ARGUMENT], metadata, *args[_METADATA_ARGUMENT + 1 :]), kwargs
    return args, {**kwargs, "metadata": metadata}


def _end_with(rpc: Any, call: Call) -> None:
    """End ``call`` when gRPC has the status of ``rpc``: without holding that object, which gRPC cancels when it is dropped."""
    while not hasattr(rpc, "_cython_call") and hasattr(rpc, "_call"):
        rpc = rpc._call  # an interceptor's iterator of responses, around a call
    if hasattr(rpc, "_cython_call"):
        response = getattr(rpc, "_call_response", None)
        rpc._cython_call.add_done_callback(partial(_end_with_status, call, rpc._cython_call, response))
    elif hasattr(rpc, "_interceptors_task"):
        rpc._interceptors_task.add_done_callback(partial(_end_intercepted, call))
    else:
        call.end(names.OK)  # an interceptor's own response


def _end_with_status(call: Call, cython_call: Any, response: asyncio.Task[Any] | None = None) -> None:
    with guarded(NAME):
        status = cython_call._status
        if status.details() == _NOT_FINAL and response is not None and not response.done():
            response.add_done_callback(lambda _: _end_with_status(call, cython_call))
            return
        code = _common.CYGRPC_STATUS_CODE_TO_STATUS_CODE.get(status.code())
        call.end(names.UNKNOWN if code is None else code.name, status.details())


def _end_intercepted(call: Call, task: asyncio.Task[Any]) -> None:
    """End a call that the program's interceptors failed, or go on with the call or response they returned."""
    with guarded(NAME):
        error = getattr(task, "_exception", None)  # task.exception() would mark it as retrieved
        if task.cancelled():
            call.end(names.CANCELLED)
        elif isinstance(error, AioRpcError):
            call.end(error.code().name, error.details())
        elif error is not None:
            call.fail(error)
        else:
            _end_with(task.result(), call)
