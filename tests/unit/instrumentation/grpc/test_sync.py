"""Synchronous client and server together, over a real connection: one trace, right statuses, nothing of the program changed."""

from __future__ import annotations

import threading
import traceback
from concurrent import futures

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from tests.unit.instrumentation.grpc.telemetry import DEADLINE_S, Running

CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER


def echo(request, context):
    return request


def triple(request, context):
    for _ in range(3):
        yield request


def join(requests, context):
    return b"".join(requests)


def mirror(requests, context):
    yield from requests


KINDS = {
    "unary_unary": (echo, b"a", b"a"),
    "unary_stream": (triple, b"a", [b"a"] * 3),
    "stream_unary": (join, [b"a", b"b"], b"ab"),
    "stream_stream": (mirror, [b"a", b"b"], [b"a", b"b"]),
}


def sent(kind, request):
    return iter(request) if kind.startswith("stream") else request


def received(kind, response):
    return list(response) if kind.endswith("stream") else response


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_call_makes_a_client_and_a_server_span_of_one_trace(instrument, telemetry, kind):
    instrument("client", "server")
    behavior, request, response = KINDS[kind]
    with Running(Ask=(kind, behavior)) as running:
        assert received(kind, running.call(kind, "Ask")(sent(kind, request), timeout=DEADLINE_S)) == response
        client, server = telemetry.spans(2)

    assert (client.name, client.kind, client.parent) == ("shop.Pricing/Ask", CLIENT, None)
    assert (server.name, server.kind) == ("shop.Pricing/Ask", SERVER)
    assert server.parent.span_id == client.context.span_id
    assert server.context.trace_id == client.context.trace_id
    assert dict(client.attributes) == {
        "rpc.system.name": "grpc",
        "rpc.method": "shop.Pricing/Ask",
        "server.address": "localhost",
        "server.port": running.port,
        "rpc.response.status_code": "OK",
    }
    peer_port = server.attributes["network.peer.port"]
    assert dict(server.attributes) == {
        "rpc.system.name": "grpc",
        "rpc.method": "shop.Pricing/Ask",
        "server.address": "localhost",
        "server.port": running.port,
        "network.peer.address": server.attributes["network.peer.address"],
        "network.peer.port": peer_port,
        "rpc.response.status_code": "OK",
    }
    assert server.attributes["network.peer.address"] in ("127.0.0.1", "::1")
    assert peer_port != running.port
    assert (client.status.status_code, server.status.status_code) == (StatusCode.UNSET, StatusCode.UNSET)
    measured = {"rpc.system.name": "grpc", "rpc.method": "shop.Pricing/Ask", "rpc.response.status_code": "OK"}
    asked = {name: client.attributes[name] for name in ("server.address", "server.port")}
    assert telemetry.points("rpc.client.call.duration") == [({**measured, **asked}, 1)]
    assert telemetry.points("rpc.server.call.duration") == [(measured, 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_handler_runs_inside_its_span_and_the_pool_thread_keeps_nothing(instrument, telemetry, kind):
    instrument("server")
    seen, behavior = [], KINDS[kind][0]

    def note():
        seen.append(trace.get_current_span().get_span_context().span_id)

    def handle(request, context):
        note()
        return behavior(request, context)

    def handle_in_steps(request, context):
        for response in behavior(request, context):
            note()
            yield response

    pool = futures.ThreadPoolExecutor(1)
    server = grpc.server(pool)
    handler = handle_in_steps if kind.endswith("stream") else handle
    method = getattr(grpc, f"{kind}_rpc_method_handler")(handler)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.Pricing", {"Ask": method})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = getattr(channel, kind)("/shop.Pricing/Ask")
        received(kind, call(sent(kind, KINDS[kind][1]), timeout=DEADLINE_S))
    (span,) = telemetry.spans(1)
    assert set(seen) == {span.context.span_id}
    assert pool.submit(trace.get_current_span).result(DEADLINE_S) is trace.INVALID_SPAN
    server.stop(None).wait(DEADLINE_S)


def fail(code):
    def handle(request, context):
        context.abort(code, "no such item")

    return handle


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_a_status_is_an_error_as_the_conventions_say(instrument, telemetry, code):
    instrument("client", "server")
    with Running(Ask=("unary_unary", fail(code))) as running:
        with pytest.raises(grpc.RpcError) as raised:
            running.call("unary_unary", "Ask")(b"", timeout=DEADLINE_S)
        client, server = telemetry.spans(2)

    assert (raised.value.code(), raised.value.details()) == (code, "no such item")
    assert (client.status.status_code, client.status.description) == (StatusCode.ERROR, "no such item")
    assert client.attributes["rpc.response.status_code"] == client.attributes["error.type"] == code.name
    assert server.attributes["rpc.response.status_code"] == code.name
    is_server_error = code.name in {
        "UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"
    }  # fmt: skip
    assert server.status.status_code is (StatusCode.ERROR if is_server_error else StatusCode.UNSET)
    assert server.attributes.get("error.type") == (code.name if is_server_error else None)
    assert server.events == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_handler_that_raises_is_a_failed_call_with_its_exception(instrument, telemetry, caplog, kind):
    instrument("client", "server")

    def handle(request, context):
        raise LookupError("item 13")

    def handle_in_steps(request, context):
        yield b"first"
        raise LookupError("item 13")

    handler = handle_in_steps if kind.endswith("stream") else handle
    with Running(Ask=(kind, handler)) as running:
        with pytest.raises(grpc.RpcError):
            received(kind, running.call(kind, "Ask")(sent(kind, KINDS[kind][1]), timeout=DEADLINE_S))
        client, server = telemetry.spans(2)

    assert server.attributes["rpc.response.status_code"] == server.attributes["error.type"] == "UNKNOWN"
    assert server.status.status_code is StatusCode.ERROR
    (event,) = server.events
    assert (event.name, event.attributes["exception.type"]) == ("exception", "LookupError")
    assert event.attributes["exception.message"] == "item 13"
    assert client.attributes["rpc.response.status_code"] == "UNKNOWN"
    assert "otelrun" not in caplog.text  # the traceback that gRPC logs


def test_a_code_set_without_raising_is_the_status(instrument, telemetry):
    instrument("server")

    def handle(request, context):
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("gone")
        return b""

    with Running(Ask=("unary_unary", handle)) as running, pytest.raises(grpc.RpcError):
        running.call("unary_unary", "Ask")(b"", timeout=DEADLINE_S)
    (server,) = telemetry.spans(1)
    assert server.attributes["rpc.response.status_code"] == "NOT_FOUND"
    assert server.status.status_code is StatusCode.UNSET


def test_an_unknown_method_names_neither_span_nor_series(instrument, telemetry):
    instrument("server")
    with Running(Ask=("unary_unary", echo)) as running, pytest.raises(grpc.RpcError):
        running.call("unary_unary", "Guess")(b"", timeout=DEADLINE_S)
    (server,) = telemetry.spans(1)
    assert server.name == "grpc"
    assert server.attributes["rpc.method"] == "_OTHER"
    assert server.attributes["rpc.method_original"] == "shop.Pricing/Guess"
    assert server.attributes["rpc.response.status_code"] == server.attributes["error.type"] == "UNIMPLEMENTED"
    ((attributes, count),) = telemetry.points("rpc.server.call.duration")
    assert (attributes["rpc.method"], count) == ("_OTHER", 1)


def test_a_deadline_that_passes_is_one_on_both_sides(instrument, telemetry):
    instrument("client", "server")

    def handle(request, context):
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(DEADLINE_S)
        return b""

    with Running(Ask=("unary_unary", handle)) as running:
        with pytest.raises(grpc.RpcError) as raised:
            running.call("unary_unary", "Ask")(b"", timeout=0.1)
        client, server = telemetry.spans(2)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert client.attributes["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
    assert server.attributes["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
    assert server.status.status_code is StatusCode.ERROR


def endless(request, context):
    while context.is_active():
        yield b"tick"


@pytest.mark.parametrize("ending", ["cancelled", "dropped"])
def test_a_stream_left_early_ends_both_spans_as_cancelled(instrument, telemetry, ending):
    instrument("client", "server")
    with Running(Ask=("unary_stream", endless)) as running:
        stream = running.call("unary_stream", "Ask")(b"", timeout=DEADLINE_S)
        assert next(stream) == b"tick"
        if ending == "cancelled":
            stream.cancel()
        else:
            del stream
        client, server = telemetry.spans(2)
    assert client.attributes["rpc.response.status_code"] == client.attributes["error.type"] == "CANCELLED"
    assert server.attributes["rpc.response.status_code"] == "CANCELLED"
    assert server.status.status_code is StatusCode.UNSET


def test_a_single_threaded_stream_ends_when_read_or_dropped(instrument, telemetry):
    instrument("client")
    with Running(Ask=("unary_stream", triple)) as running:
        options = [(grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1)]
        with grpc.insecure_channel(f"localhost:{running.port}", options=options) as channel:
            call = channel.unary_stream("/shop.Pricing/Ask")
            assert list(call(b"a", timeout=DEADLINE_S)) == [b"a"] * 3
            (first,) = telemetry.spans(1)
            stream = call(b"a", timeout=DEADLINE_S)
            next(stream)
            del stream
            first, second = telemetry.spans(2)
    assert first.attributes["rpc.response.status_code"] == "OK"
    assert second.attributes["rpc.response.status_code"] == "CANCELLED"


def test_a_future_ends_with_its_call_and_stays_grpcs_own(instrument, telemetry):
    instrument("client")
    with Running(Ask=("unary_unary", echo), Sum=("stream_unary", join)) as running:
        one = running.call("unary_unary", "Ask").future(b"a", timeout=DEADLINE_S)
        two = running.call("stream_unary", "Sum").future(iter([b"a", b"b"]), timeout=DEADLINE_S)
        assert (one.result(), two.result()) == (b"a", b"ab")
        telemetry.spans(2)
    assert type(one) is type(two) is grpc._channel._MultiThreadedRendezvous


def test_a_done_callback_runs_in_the_context_it_was_added_in(instrument, telemetry):
    instrument("client")
    seen, done = [], threading.Event()

    def note(future):
        seen.append(trace.get_current_span())
        done.set()

    with Running(Ask=("unary_unary", echo)) as running, telemetry.tracer.start_as_current_span("page") as page:
        running.call("unary_unary", "Ask").future(b"a", timeout=DEADLINE_S).add_done_callback(note)
        assert done.wait(DEADLINE_S)
        telemetry.spans(1)
    assert seen == [page]


def test_the_channels_own_thread_does_not_keep_the_first_callers_context(instrument, telemetry):
    instrument("client")
    seen, done, release = [], threading.Event(), threading.Event()

    def handle(request, context):
        release.wait(DEADLINE_S)
        return request

    def note(future):
        seen.append(trace.get_current_span())
        done.set()

    with Running(Ask=("unary_unary", handle)) as running:
        with telemetry.tracer.start_as_current_span("page"):
            future = running.call("unary_unary", "Ask").future(b"a", timeout=DEADLINE_S)
        future.add_done_callback(note)
        release.set()
        assert done.wait(DEADLINE_S)
        telemetry.spans(2)
    assert seen == [trace.INVALID_SPAN]


def test_a_request_iterator_runs_inside_the_calls_span(instrument, telemetry):
    instrument("client")
    seen = []

    def requests():
        seen.append(trace.get_current_span().get_span_context().span_id)
        yield b"a"

    with Running(Sum=("stream_unary", join)) as running:
        running.call("stream_unary", "Sum")(requests(), timeout=DEADLINE_S)
        (client,) = telemetry.spans(1)
    assert seen == [client.context.span_id]


def test_the_programs_metadata_is_kept_and_its_own_trace_context_wins(instrument, telemetry):
    instrument("client")
    seen = []
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    def handle(request, context):
        seen.append(sorted((key, value) for key, value in context.invocation_metadata() if key != "user-agent"))
        return b""

    own = [("tenant", "blue"), ("token-bin", b"\x00\xff")]
    with Running(Ask=("unary_unary", handle)) as running:
        ask = running.call("unary_unary", "Ask")
        ask(b"", DEADLINE_S, own)
        ask(b"", timeout=DEADLINE_S, metadata=(*own, ("traceparent", given)))
        first, _ = telemetry.spans(2)
    assert own == [("tenant", "blue"), ("token-bin", b"\x00\xff")]
    expected = f"00-{first.context.trace_id:032x}-{first.context.span_id:016x}-{first.context.trace_flags:02x}"
    assert seen == [sorted([*own, ("traceparent", expected)]), sorted([*own, ("traceparent", given)])]


class CountingServerInterceptor(grpc.ServerInterceptor):
    def __init__(self, refuse=False):
        self.seen, self._refuse = [], refuse

    def intercept_service(self, continuation, handler_call_details):
        self.seen.append(trace.get_current_span().get_span_context().span_id)
        if self._refuse:
            return grpc.unary_unary_rpc_method_handler(fail(grpc.StatusCode.UNAUTHENTICATED))
        return continuation(handler_call_details)


class RetryingClientInterceptor(grpc.UnaryUnaryClientInterceptor):
    def __init__(self):
        self.seen = []

    def intercept_unary_unary(self, continuation, client_call_details, request):
        self.seen.append(trace.get_current_span())
        continuation(client_call_details, request)
        return continuation(client_call_details, request)


def test_the_programs_server_interceptors_run_inside_the_span(instrument, telemetry):
    instrument("server")
    interceptor = CountingServerInterceptor()
    with Running(interceptors=[interceptor], Ask=("unary_unary", echo)) as running:
        assert running.call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S) == b"a"
        (server,) = telemetry.spans(1)
    assert interceptor.seen == [server.context.span_id]


def test_a_call_that_an_interceptor_refuses_has_its_span_and_status(instrument, telemetry):
    instrument("server")
    with (
        Running(interceptors=[CountingServerInterceptor(refuse=True)], Ask=("unary_unary", echo)) as running,
        pytest.raises(grpc.RpcError),
    ):
        running.call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S)
    (server,) = telemetry.spans(1)
    assert server.attributes["rpc.response.status_code"] == "UNAUTHENTICATED"


def test_each_attempt_of_a_client_interceptor_is_a_span_below_the_programs(instrument, telemetry):
    instrument("client")
    interceptor = RetryingClientInterceptor()
    with (
        Running(client_interceptors=[interceptor], Ask=("unary_unary", echo)) as running,
        telemetry.tracer.start_as_current_span("page") as page,
    ):
        assert running.call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S) == b"a"
        spans = telemetry.spans(2)
    assert interceptor.seen == [page]
    assert [span.parent.span_id for span in spans] == [page.get_span_context().span_id] * 2


def test_fifty_calls_at_once_never_mix_traces(instrument, telemetry):
    instrument("client", "server")
    gate = threading.Barrier(50, timeout=DEADLINE_S)

    def handle(request, context):
        gate.wait()
        with telemetry.tracer.start_as_current_span("work", attributes={"call": request.decode()}):
            return request

    with Running(workers=50, Ask=("unary_unary", handle)) as running:
        ask = running.call("unary_unary", "Ask")

        def page(number):
            with telemetry.tracer.start_as_current_span("page", attributes={"call": str(number)}):
                return ask(str(number).encode(), timeout=DEADLINE_S)

        with futures.ThreadPoolExecutor(50) as pool:
            assert sorted(pool.map(page, range(50))) == sorted(str(n).encode() for n in range(50))
        spans = telemetry.spans(200)

    by_id = {span.context.span_id: span for span in spans}
    for work in (span for span in spans if span.name == "work"):
        server = by_id[work.parent.span_id]
        client = by_id[server.parent.span_id]
        start = by_id[client.parent.span_id]
        assert [server.kind, client.kind, start.name] == [SERVER, CLIENT, "page"]
        assert start.attributes["call"] == work.attributes["call"]
        assert len({span.context.trace_id for span in (work, server, client, start)}) == 1
    assert len({span.context.trace_id for span in spans}) == 50


def test_the_programs_errors_and_tracebacks_are_its_own(instrument, telemetry):
    def outcome():
        with Running(Ask=("unary_unary", fail(grpc.StatusCode.NOT_FOUND))) as running:
            try:
                running.call("unary_unary", "Ask")(b"", timeout=DEADLINE_S)
            except grpc.RpcError as error:
                frames = [(frame.name, frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
                return type(error), type(error).__mro__, frames

    bare = outcome()
    instrument("client", "server")
    assert outcome() == bare


def test_a_closed_channel_is_a_failed_call_of_the_errors_type(instrument, telemetry):
    instrument("client")
    channel = grpc.insecure_channel("localhost:1")
    ask = channel.unary_unary("/shop.Pricing/Ask")
    channel.close()
    with pytest.raises(ValueError, match="closed channel"):
        ask(b"")
    (client,) = telemetry.spans(1)
    assert client.attributes["error.type"] == "ValueError"
    assert "rpc.response.status_code" not in client.attributes
    assert client.status.status_code is StatusCode.ERROR


def test_a_server_that_is_not_there_is_unavailable(instrument, telemetry):
    instrument("client")
    with grpc.insecure_channel("unix:///nowhere/at/all.sock") as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary("/shop.Pricing/Ask")(b"", timeout=DEADLINE_S)
    (client,) = telemetry.spans(1)
    assert client.attributes["rpc.response.status_code"] == "UNAVAILABLE"
    assert client.attributes["server.address"] == "/nowhere/at/all.sock"
    assert "server.port" not in client.attributes


def test_excluded_methods_leave_no_trace_and_send_none(instrument, telemetry):
    instrument("client", "server", excluded_methods=["shop.Pricing/H*"])
    seen = []

    def handle(request, context):
        seen.extend(key for key, _ in context.invocation_metadata())
        return b""

    with Running(Health=("unary_unary", handle), Ask=("unary_unary", echo)) as running:
        running.call("unary_unary", "Health")(b"", timeout=DEADLINE_S)
        running.call("unary_unary", "Ask")(b"", timeout=DEADLINE_S)
        assert {span.name for span in telemetry.spans(2)} == {"shop.Pricing/Ask"}
    assert "traceparent" not in seen


def test_undo_restores_the_same_objects(instrument, telemetry):
    from grpc import _channel, _server

    before = (_channel._UnaryUnaryMultiCallable._blocking, _server._status, _server._Context.add_callback)
    ledger = instrument("client", "server")
    assert _server._status is not before[1]
    ledger.undo()
    after = (_channel._UnaryUnaryMultiCallable._blocking, _server._status, _server._Context.add_callback)
    assert all(one is other for one, other in zip(before, after, strict=True))
