"""What a call comes with, synchronous and asyncio: limits of metadata, compression, trailers, interceptors, many channels."""

from __future__ import annotations

import asyncio
import threading

import grpc
import grpc.experimental
import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from tests.unit.instrumentation.grpc import aio_service
from tests.unit.instrumentation.grpc.telemetry import DEADLINE_S, Running

CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER


def current_id():
    return trace.get_current_span().get_span_context().span_id


def echo(request, context):
    return request


class Keeping:
    """A handler that keeps what it was called with, answers with trailers, and aborts where it is asked to."""

    def __init__(self):
        self.metadata = []

    def handle(self, request, context):
        self.metadata.append(dict(context.invocation_metadata()))
        context.set_trailing_metadata((("cost", "3"), ("cost-bin", b"\x00\xff")))
        if request == b"abort":
            context.abort(grpc.StatusCode.OUT_OF_RANGE, "too much")
        return request

    async def handle_later(self, request, context):
        self.metadata.append(dict(context.invocation_metadata()))
        context.set_trailing_metadata((("cost", "3"), ("cost-bin", b"\x00\xff")))
        if request == b"abort":
            await context.abort(grpc.StatusCode.OUT_OF_RANGE, "too much", (("why", "size"),))
        return request


@pytest.mark.parametrize("compression", list(grpc.Compression))
def test_a_compressed_call_arrives_whole(instrument, telemetry, compression):
    instrument("client", "server", "aio_client", "aio_server")
    request = b"a" * 100_000

    async def main():
        async with aio_service.running(Ask=("unary_unary", aio_service.echo)) as call:
            return await call("unary_unary", "Ask")(request, timeout=DEADLINE_S, compression=compression)

    with Running(Ask=("unary_unary", echo)) as running:
        assert running.call("unary_unary", "Ask")(request, timeout=DEADLINE_S, compression=compression) == request
    assert aio_service.run(main) == request
    assert {span.attributes["rpc.response.status_code"] for span in telemetry.spans(4)} == {"OK"}


def test_trailers_and_details_of_an_abort_are_the_servers(instrument, telemetry):
    instrument("client", "server")
    with Running(Ask=("unary_unary", Keeping().handle)) as running:
        ask = running.call("unary_unary", "Ask")
        response, call = ask.with_call(b"a", timeout=DEADLINE_S)
        assert (response, dict(call.trailing_metadata())) == (b"a", {"cost": "3", "cost-bin": b"\x00\xff"})
        with pytest.raises(grpc.RpcError) as raised:
            ask(b"abort", timeout=DEADLINE_S)
        telemetry.spans(4)
    error = raised.value
    assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "too much")
    assert dict(error.trailing_metadata())["cost"] == "3"


def test_trailers_and_details_of_an_asyncio_abort_are_the_servers(instrument, telemetry):
    instrument("aio_client", "aio_server")

    async def main():
        async with aio_service.running(Ask=("unary_unary", Keeping().handle_later)) as call:
            rpc = call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S)
            assert dict(await rpc.trailing_metadata())["cost"] == "3"
            assert await rpc == b"a"
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call("unary_unary", "Ask")(b"abort", timeout=DEADLINE_S)
            return raised.value

    error = aio_service.run(main)
    assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "too much")
    assert dict(error.trailing_metadata())["why"] == "size"
    assert [span.attributes["rpc.response.status_code"] for span in telemetry.of(SERVER, 2, 4)] == [
        "OK",
        "OUT_OF_RANGE",
    ]


@pytest.mark.parametrize("is_aio", [False, True], ids=["sync", "aio"])
def test_metadata_over_the_servers_limit_fails_as_it_does_bare(instrument, telemetry, is_aio):
    large = (("tenant", "x" * 100_000),)

    def ask():
        with Running(Ask=("unary_unary", echo)) as running, pytest.raises(grpc.RpcError) as raised:
            running.call("unary_unary", "Ask")(b"", timeout=DEADLINE_S, metadata=large)
        return raised.value.code()

    async def ask_aio():
        async with aio_service.running(Ask=("unary_unary", aio_service.echo)) as call:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call("unary_unary", "Ask")(b"", timeout=DEADLINE_S, metadata=large)
            return raised.value.code()

    def once():
        return aio_service.run(ask_aio) if is_aio else ask()

    bare = once()
    instrument("client", "aio_client")
    assert once() is bare
    (client,) = telemetry.spans(1)
    assert client.attributes["rpc.response.status_code"] == bare.name == "RESOURCE_EXHAUSTED"


class Noting(grpc.UnaryUnaryClientInterceptor):
    def __init__(self):
        self.seen = []

    def intercept_unary_unary(self, continuation, client_call_details, request):
        self.seen.append(current_id())
        return continuation(client_call_details, request)


def test_interceptors_put_on_before_and_after_the_instrumentation_run_once_each(instrument, telemetry):
    early, late = Noting(), Noting()
    with Running(client_interceptors=[early], Ask=("unary_unary", echo)) as running:
        instrument("client")
        with (
            grpc.intercept_channel(running.channel, late) as channel,
            telemetry.tracer.start_as_current_span("page") as page,
        ):
            ask = channel.unary_unary("/shop.Pricing/Ask")
            assert ask(b"a", timeout=DEADLINE_S) == b"a"
        (client,) = telemetry.of(CLIENT, 1, 2)
    assert (early.seen, late.seen) == ([page.get_span_context().span_id],) * 2
    assert client.parent.span_id == page.get_span_context().span_id


class AioNoting(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, seen):
        self.seen = seen

    async def intercept_unary_unary(self, continuation, client_call_details, request):
        self.seen.append(current_id())
        return await continuation(client_call_details, request)


class AioServerNoting(grpc.aio.ServerInterceptor):
    def __init__(self, seen):
        self.seen = seen

    async def intercept_service(self, continuation, handler_call_details):
        self.seen.append(current_id())
        return await continuation(handler_call_details)


def test_each_of_several_asyncio_interceptors_runs_once_inside_its_span(instrument, telemetry):
    instrument("aio_client", "aio_server")
    asked, served = [], []

    async def main():
        async with aio_service.running(
            Ask=("unary_unary", aio_service.echo),
            client_interceptors=[AioNoting(asked), AioNoting(asked)],
            interceptors=[AioServerNoting(served), AioServerNoting(served)],
        ) as call:
            return await call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S)

    assert aio_service.run(main) == b"a"
    client, server = telemetry.spans(2)
    assert asked == [client.context.span_id] * 2
    assert served == [server.context.span_id] * 2


def test_a_channel_made_before_the_instrumentation_has_spans_too(instrument, telemetry):
    with Running(Ask=("unary_unary", echo)) as running:
        ask = running.call("unary_unary", "Ask")
        assert ask(b"a", timeout=DEADLINE_S) == b"a"
        instrument("client", "server")
        assert ask(b"a", timeout=DEADLINE_S) == b"a"
        client, server = telemetry.spans(2)
    assert client.attributes["server.port"] == running.port
    assert server.parent.span_id == client.context.span_id


def test_calls_over_a_pool_of_channels_each_name_their_server(instrument, telemetry):
    instrument("client", "server")
    with Running(Ask=("unary_unary", echo)) as one, Running(Ask=("unary_unary", echo)) as other:
        threads = [
            threading.Thread(target=running.call("unary_unary", "Ask"), args=(b"a",), kwargs={"timeout": DEADLINE_S})
            for running in (one, other) * 4
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spans = telemetry.spans(16)
    servers = {span.context.span_id: span for span in spans if span.kind is CLIENT}
    for span in spans:
        if span.kind is SERVER:
            client = servers.pop(span.parent.span_id)
            assert client.attributes["server.port"] == span.attributes["server.port"]
    assert servers == {}


@pytest.mark.filterwarnings("ignore::grpc.experimental.ExperimentalApiWarning")
def test_the_experimental_calls_without_a_channel_have_spans(instrument, telemetry):
    instrument("client", "server")
    with Running(Ask=("unary_unary", echo)) as running:
        response = grpc.experimental.unary_unary(
            b"a", f"localhost:{running.port}", "/shop.Pricing/Ask", insecure=True, timeout=DEADLINE_S
        )
        client, server = telemetry.spans(2)
    assert response == b"a"
    assert server.parent.span_id == client.context.span_id


class AnyMethod(grpc.GenericRpcHandler):
    """Answers whatever is asked for."""

    def service(self, handler_call_details):
        return grpc.unary_unary_rpc_method_handler(echo)


def test_a_generic_handler_of_any_method_has_the_method_that_was_asked_for(instrument, telemetry):
    instrument("server", "aio_server")
    with Running(Ask=("unary_unary", echo)) as running:
        running.server.add_generic_rpc_handlers([AnyMethod()])
        assert running.channel.unary_unary("/other.Service/Do")(b"a", timeout=DEADLINE_S) == b"a"
        (server,) = telemetry.spans(1)
    assert server.name == "other.Service/Do"


HEALTH = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]


@pytest.mark.parametrize("service", HEALTH)
def test_health_and_reflection_are_left_out_unless_the_profile_says_otherwise(instrument, telemetry, service):
    ledger = instrument("client", "server", "aio_client", "aio_server")
    keeping = Keeping()

    async def ask_aio(port):
        async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
            await channel.unary_unary(f"/{service}/Check")(b"", timeout=DEADLINE_S)

    async def serve_aio():
        server = grpc.aio.server()
        server.add_generic_rpc_handlers([handler_of(service, keeping.handle_later)])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await ask_aio(port)
        await server.stop(None)

    def once():
        with Running() as running:
            running.server.add_generic_rpc_handlers([handler_of(service, keeping.handle)])
            running.channel.unary_unary(f"/{service}/Check")(b"", timeout=DEADLINE_S)
            asyncio.run(serve_aio())

    once()
    telemetry.spans(0)
    assert not any("traceparent" in metadata for metadata in keeping.metadata)
    ledger.undo()
    instrument("client", "server", "aio_client", "aio_server", excluded_methods=[])
    once()
    telemetry.spans(4)


def handler_of(service, behavior):
    return grpc.method_handlers_generic_handler(service, {"Check": grpc.unary_unary_rpc_method_handler(behavior)})


def test_nothing_is_recorded_where_instrumentation_is_suppressed(instrument, telemetry):
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    instrument("client", "aio_client")

    async def main():
        async with aio_service.running(Ask=("unary_unary", aio_service.echo)) as call:
            with suppress_instrumentation():
                return await call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S)

    with Running(Ask=("unary_unary", echo)) as running, suppress_instrumentation():
        assert running.call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S) == b"a"
        assert running.call("unary_unary", "Ask").future(b"a", timeout=DEADLINE_S).result() == b"a"
    assert aio_service.run(main) == b"a"
    telemetry.spans(0)


def test_a_server_on_a_unix_socket_is_named_by_its_path(instrument, telemetry, tmp_path):
    instrument("client", "server")
    path = str(tmp_path / "s")
    running = Running(Ask=("unary_unary", echo))
    running.server.add_insecure_port(f"unix:{path}")
    with running, grpc.insecure_channel(f"unix:{path}") as channel:
        assert channel.unary_unary("/shop.Pricing/Ask")(b"a", timeout=DEADLINE_S) == b"a"
        client, server = telemetry.spans(2)
    assert client.attributes["server.address"] == path
    assert "server.port" not in client.attributes
    assert "network.peer.port" not in server.attributes


def test_an_empty_response_is_a_response(instrument, telemetry):
    instrument("client", "server")
    with Running(Ask=("unary_unary", lambda *_: b"")) as running:
        assert running.call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S) == b""
    telemetry.spans(2)


def test_a_stream_of_responses_stays_grpcs_own_call(instrument, telemetry):
    instrument("client", "server")

    def twice(request, context):
        yield from (request, request)

    with Running(Ask=("unary_stream", twice)) as running:
        responses = running.call("unary_stream", "Ask")(b"a", timeout=DEADLINE_S)
        assert (next(responses), list(responses)) == (b"a", [b"a"])
        assert (responses.code(), responses.details(), responses.done()) == (grpc.StatusCode.OK, "", True)
        assert dict(responses.trailing_metadata()) == {}
    telemetry.spans(2)
