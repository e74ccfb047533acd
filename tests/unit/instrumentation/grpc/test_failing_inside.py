"""As for the standard library: whatever of otelrun's own fails during a call, the call goes on as it would, and one line tells."""

from __future__ import annotations

import importlib
import inspect
from contextvars import copy_context
from types import FunctionType

import grpc
import pytest
from opentelemetry import context, propagate, trace
from opentelemetry.sdk.trace import Span

from otelrun import diagnostics
from tests.unit.instrumentation.grpc import aio_service as aio
from tests.unit.instrumentation.grpc.telemetry import DEADLINE_S, Running

PARTS = ("client", "server", "aio_client", "aio_server")
MODULES = [
    importlib.import_module(f"otelrun.instrumentation.grpc.{name}")
    for name in (*PARTS, "call", "metadata", "attributes")
]
KINDS = (RuntimeError, MemoryError, RecursionError)
NOT_OURS = {"guarded", "tell", "without_frame", "apply", "partial"}
FAIL_OPEN = {
    "_start", "_end_unstarted", "_end_intercepted", "_end_with_status",
    "enter", "leave", "in_context", "InContext.__call__", "InContext.__repr__",
    "Call.describe", "Call.forget_method", "Call.end", "Call.fail",
    "_Handling.entered", "_Handling.returned", "_Handling.failed", "_Handling.left",
    "_Entry.intercept_service", "_steps",
}  # fmt: skip
"""What is called outside of ``guarded``, because all it does of ours is inside."""


def internals():
    """Give owner and name of everything that can be made to raise."""
    found = {}
    for module in MODULES:
        room = module.__name__.rpartition(".")[2]
        for name, value in vars(module).items():
            if name in NOT_OURS or (name in FAIL_OPEN and (room, name) != ("server", "_start")):
                continue
            if isinstance(value, FunctionType):
                found[f"{room}.{name}"] = (module, name)
            elif inspect.isclass(value) and value.__module__ == module.__name__:
                for method, function in vars(value).items():
                    if isinstance(function, FunctionType) and f"{name}.{method}" not in FAIL_OPEN:
                        found[f"{room}.{name}.{method}"] = (value, method)
    for owner, name in (
        (context, "attach"),
        (context, "get_current"),
        (trace, "set_span_in_context"),
        (propagate, "inject"),
        (propagate, "extract"),
        (Span, "end"),
        (Span, "set_attributes"),
        (Span, "set_status"),
        (Span, "record_exception"),
    ):
        found[f"{owner.__name__}.{name}"] = (owner, name)
    return found


INTERNALS = internals()


def echo(request, _):
    return request


def fail(request, _):
    yield request
    raise ValueError("the handler's")


def calls():
    seen = []
    with Running(Ask=("unary_unary", echo), Fail=("unary_stream", fail)) as running:
        seen.append(running.call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S))
        future = running.call("unary_unary", "Ask").future(b"b", timeout=DEADLINE_S)
        future.add_done_callback(lambda done: seen.append(done.code()))
        seen.append(future.result())
        for method in ("Fail", "Nothing"):
            stream = running.call("unary_stream", method)(b"c", timeout=DEADLINE_S)
            try:
                seen.extend(stream)
            except grpc.RpcError as error:
                seen.append((error.code(), error.details()))
    return sorted(map(repr, seen))


def aio_calls():
    async def broken(request, _):
        raise ValueError("the handler's")

    async def main():
        seen = []
        async with aio.running(
            Ask=("unary_unary", aio.echo),
            Thread=("unary_stream", aio.triple_in_thread),
            Stream=("stream_stream", aio.mirror),
            Function=("stream_unary", aio.join_in_thread),
            Fail=("unary_unary", broken),
        ) as call:
            seen.append(await call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S))
            seen.append([got async for got in call("unary_stream", "Thread")(b"a", timeout=DEADLINE_S)])
            seen.append([got async for got in call("stream_stream", "Stream")([b"a"], timeout=DEADLINE_S)])
            seen.append(await call("stream_unary", "Function")([b"a", b"b"], timeout=DEADLINE_S))
            for method in ("Fail", "Nothing"):
                status = call("unary_unary", method)(b"c", timeout=DEADLINE_S)
                seen.append((await status.code(), await status.details()))
        return seen

    return aio.run(main)


@pytest.mark.parametrize("label", INTERNALS)
def test_the_call_goes_on_as_bare(label, instrument, monkeypatch):
    bare = calls(), aio_calls()
    told = []
    monkeypatch.delenv("OTELRUN_STRICT")
    monkeypatch.setenv("OTELRUN_QUIET", "1")
    monkeypatch.setattr(diagnostics, "_listeners", [lambda slug, _: told.append(slug)])
    monkeypatch.setattr(diagnostics, "_told", set())
    instrument(*PARTS)
    kind = KINDS[list(INTERNALS).index(label) % len(KINDS)]
    raised = []

    def fail(*_, **__):
        raised.append(label)
        raise kind("ours")

    monkeypatch.setattr(*INTERNALS[label], fail)
    observed = copy_context().run(calls), copy_context().run(aio_calls)  # what cannot be detached is left behind there
    monkeypatch.undo()
    assert observed == bare
    assert bool(told) == bool(raised), told
