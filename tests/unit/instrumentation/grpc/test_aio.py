"""asyncio client and server together, over a real connection: one trace, inside it the program, nothing of it changed."""

from __future__ import annotations

import asyncio
import contextlib
import traceback

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from tests.unit.instrumentation.grpc.aio_service import (
    HANDLERS,
    RESPONSES,
    abort,
    ask,
    current_id,
    echo,
    mirror,
    run,
    running,
    triple,
    triple_in_thread,
)
from tests.unit.instrumentation.grpc.telemetry import DEADLINE_S, generic_handler

CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER


@pytest.mark.parametrize("handler", HANDLERS)
def test_each_kind_of_call_makes_a_client_and_a_server_span_of_one_trace(instrument, telemetry, handler):
    instrument("aio_client", "aio_server")
    kind, behavior = HANDLERS[handler]

    async def main():
        async with running(Ask=(kind, behavior)) as call:
            assert await ask(call, kind) == RESPONSES[kind]

    run(main)
    client, server = telemetry.spans(2)
    assert (client.name, client.kind, client.parent) == ("shop.Pricing/Ask", CLIENT, None)
    assert (server.name, server.kind) == ("shop.Pricing/Ask", SERVER)
    assert server.parent.span_id == client.context.span_id
    assert dict(client.attributes) == {
        "rpc.system.name": "grpc",
        "rpc.method": "shop.Pricing/Ask",
        "server.address": "localhost",
        "server.port": client.attributes["server.port"],
        "rpc.response.status_code": "OK",
    }
    assert dict(server.attributes) == {
        "rpc.system.name": "grpc",
        "rpc.method": "shop.Pricing/Ask",
        "network.peer.address": server.attributes["network.peer.address"],
        "network.peer.port": server.attributes["network.peer.port"],
        "rpc.response.status_code": "OK",
    }
    assert (client.status.status_code, server.status.status_code) == (StatusCode.UNSET, StatusCode.UNSET)
    measured = {"rpc.system.name": "grpc", "rpc.method": "shop.Pricing/Ask", "rpc.response.status_code": "OK"}
    asked = {name: client.attributes[name] for name in ("server.address", "server.port")}
    assert telemetry.points("rpc.client.call.duration") == [({**measured, **asked}, 1)]
    assert telemetry.points("rpc.server.call.duration") == [(measured, 1)]


def noting(behavior, seen):
    """Give ``behavior`` as the same kind of function, noting the current span when it runs."""
    if asyncio.iscoroutinefunction(behavior):

        async def noted(request, context):
            seen.append(current_id())
            return await behavior(request, context)

    elif behavior in (triple, mirror):

        async def noted(request, context):
            async for response in behavior(request, context):
                seen.append(current_id())
                yield response

    elif behavior is triple_in_thread:

        def noted(request, context):
            for response in behavior(request, context):
                seen.append(current_id())
                yield response

    else:

        def noted(request, context):
            seen.append(current_id())
            return behavior(request, context)

    return noted


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.filterwarnings("ignore:.*iscoroutinefunction:DeprecationWarning")
def test_the_handler_runs_inside_its_span(instrument, telemetry, handler):
    instrument("aio_server")
    kind, behavior = HANDLERS[handler]
    seen = []

    async def main():
        async with running(Ask=(kind, noting(behavior, seen))) as call:
            await ask(call, kind)

    run(main)
    (server,) = telemetry.spans(1)
    assert set(seen) == {server.context.span_id}


class ServerInterceptor(grpc.aio.ServerInterceptor):
    def __init__(self, outcome=None):
        self.seen, self._outcome = [], outcome

    async def intercept_service(self, continuation, handler_call_details):
        self.seen.append(current_id())
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome or await continuation(handler_call_details)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (None, "OK"),
        (grpc.unary_unary_rpc_method_handler(abort), "NOT_FOUND"),
        (PermissionError("who are you"), "UNKNOWN"),
    ],
)
def test_the_programs_server_interceptors_run_inside_the_span(instrument, telemetry, outcome, code):
    instrument("aio_server")
    interceptor = ServerInterceptor(outcome)

    async def main():
        async with running(interceptors=[interceptor], Ask=("unary_unary", echo)) as call:
            with contextlib.suppress(grpc.aio.AioRpcError):
                await ask(call, "unary_unary")

    run(main)
    (server,) = telemetry.spans(1)
    assert interceptor.seen == [server.context.span_id]
    assert server.attributes["rpc.response.status_code"] == code


class ClientInterceptor(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, answer=None):
        self.seen, self._answer = [], answer

    async def intercept_unary_unary(self, continuation, client_call_details, request):
        self.seen.append((current_id(), [key for key, _ in client_call_details.metadata]))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer or await continuation(client_call_details, request)


@pytest.mark.parametrize(
    ("answer", "code", "error_type"),
    [
        (None, "OK", None),
        (b"from the cache", "OK", None),
        (
            grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata()),
            "UNAVAILABLE",
            "UNAVAILABLE",
        ),
        (KeyError("route"), None, "KeyError"),
    ],
)
def test_the_programs_client_interceptors_run_inside_the_span(instrument, telemetry, answer, code, error_type):
    instrument("aio_client")
    interceptor = ClientInterceptor(answer)

    async def main():
        async with running(client_interceptors=[interceptor], Ask=("unary_unary", echo)) as call:
            expected = contextlib.nullcontext() if error_type is None else pytest.raises(type(answer))
            with expected:
                assert await ask(call, "unary_unary") == (answer or b"a")

    run(main)
    (client,) = telemetry.spans(1)
    assert interceptor.seen == [(client.context.span_id, ["traceparent"])]
    assert client.attributes.get("rpc.response.status_code") == code
    assert client.attributes.get("error.type") == error_type


@pytest.mark.parametrize("make", [list, tuple, lambda items: grpc.aio.Metadata(*items)])
def test_the_programs_metadata_is_kept_and_its_own_trace_context_wins(instrument, telemetry, make):
    instrument("aio_client")
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    seen = []

    async def handle(request, context):
        seen.append(sorted((key, value) for key, value in context.invocation_metadata() if key != "user-agent"))
        return b""

    own = make([("tenant", "blue"), ("token-bin", b"\x00\xff")])

    async def main():
        async with running(Ask=("unary_unary", handle)) as call:
            await ask(call, "unary_unary", metadata=own)
            await ask(call, "unary_unary", metadata=make([*own, ("traceparent", given)]))

    run(main)
    first, _ = telemetry.spans(2)
    assert list(own) == [("tenant", "blue"), ("token-bin", b"\x00\xff")]
    expected = f"00-{first.context.trace_id:032x}-{first.context.span_id:016x}-{first.context.trace_flags:02x}"
    assert seen == [sorted([*own, ("traceparent", expected)]), sorted([*own, ("traceparent", given)])]


def test_the_callers_span_is_current_again_once_the_call_has_started(instrument, telemetry):
    instrument("aio_client")

    async def main():
        async with running(Ask=("unary_unary", echo)) as call:
            with telemetry.tracer.start_as_current_span("page") as page:
                response = call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S)
                assert trace.get_current_span() is page
                assert type(response) is grpc.aio._call.UnaryUnaryCall
                assert await response == b"a"
                assert trace.get_current_span() is page

    run(main)
    client, page = sorted(telemetry.spans(2), key=lambda span: span.name == "page")
    assert client.parent.span_id == page.context.span_id


def test_a_server_started_inside_a_span_does_not_make_it_the_parent_of_calls(instrument, telemetry):
    instrument("aio_server")

    async def main():
        with telemetry.tracer.start_as_current_span("startup"):
            async with running(Ask=("unary_unary", echo)) as call:
                await ask(call, "unary_unary")

    run(main)
    (server,) = telemetry.of(SERVER, total=2)
    assert server.parent is None


def test_fifty_calls_at_once_never_mix_traces(instrument, telemetry):
    instrument("aio_client", "aio_server")

    async def main():
        waiting, everybody = [], asyncio.Event()

        async def handle(request, context):
            waiting.append(request)
            if len(waiting) == 50:
                everybody.set()
            await everybody.wait()
            with telemetry.tracer.start_as_current_span("work", attributes={"call": request.decode()}):
                await asyncio.sleep(0)
            return request

        async with running(Ask=("unary_unary", handle)) as call:
            multi_callable = call("unary_unary", "Ask")

            async def page(number):
                with telemetry.tracer.start_as_current_span("page", attributes={"call": str(number)}):
                    return await multi_callable(str(number).encode(), timeout=DEADLINE_S)

            await asyncio.gather(*(page(number) for number in range(50)))

    run(main)
    spans = telemetry.spans(200)
    by_id = {span.context.span_id: span for span in spans}
    for work in (span for span in spans if span.name == "work"):
        server = by_id[work.parent.span_id]
        client = by_id[server.parent.span_id]
        start = by_id[client.parent.span_id]
        assert [server.kind, client.kind, start.name] == [SERVER, CLIENT, "page"]
        assert start.attributes["call"] == work.attributes["call"]
    assert len({span.context.trace_id for span in spans}) == 50


def test_the_programs_errors_and_tracebacks_are_its_own(instrument, telemetry):
    async def main():
        async with running(Ask=("unary_unary", abort)) as call:
            try:
                await ask(call, "unary_unary")
            except grpc.aio.AioRpcError as error:
                return type(error), [
                    (frame.name, frame.filename) for frame in traceback.extract_tb(error.__traceback__)
                ]

    bare = run(main)
    instrument("aio_client", "aio_server")
    assert run(main) == bare


def test_a_closed_channel_is_a_failed_call_of_the_errors_type(instrument, telemetry):
    instrument("aio_client")

    async def main():
        channel = grpc.aio.insecure_channel("localhost:1")
        await channel.close()
        with pytest.raises(grpc.aio.UsageError):
            await channel.unary_unary("/shop.Pricing/Ask")(b"")

    run(main)
    (client,) = telemetry.spans(1)
    assert client.attributes["error.type"].endswith("UsageError")
    assert client.status.status_code is StatusCode.ERROR


def test_a_synchronous_client_and_an_asyncio_server_share_a_trace(instrument, telemetry):
    instrument("client", "aio_server")

    async def main():
        server = grpc.aio.server()
        server.add_generic_rpc_handlers([generic_handler(Ask=("unary_unary", echo))])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()

        def ask_from_thread():
            with grpc.insecure_channel(f"localhost:{port}") as channel:
                return channel.unary_unary("/shop.Pricing/Ask")(b"a", timeout=DEADLINE_S)

        assert await asyncio.to_thread(ask_from_thread) == b"a"
        await server.stop(None)

    run(main)
    client, server = telemetry.spans(2)
    assert server.parent.span_id == client.context.span_id


def test_undo_restores_the_same_objects(instrument, telemetry):
    from grpc.aio import _channel, _server

    before = (_channel.UnaryUnaryMultiCallable.__call__, _channel.Channel.__init__, _server.Server.__init__)
    ledger = instrument("aio_client", "aio_server")
    assert _server.Server.__init__ is not before[2]
    ledger.undo()
    after = (_channel.UnaryUnaryMultiCallable.__call__, _channel.Channel.__init__, _server.Server.__init__)
    assert all(one is other for one, other in zip(before, after, strict=True))
