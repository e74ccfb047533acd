"""How asyncio calls end: by the handler's status or exception, a deadline, the client's leave, the server's limit."""

from __future__ import annotations

import asyncio
import gc
import sys

import grpc
import pytest
from opentelemetry.trace import StatusCode

from tests.unit.instrumentation.grpc.aio_service import abort, ask, echo, run, running
from tests.unit.instrumentation.grpc.telemetry import DEADLINE_S

HIDES_FRAMES = sys.version_info >= (3, 11)  # a bare raise of 3.10 brings the frame back


async def abort_in_steps(request, context):
    yield b"first"
    await context.abort(grpc.StatusCode.NOT_FOUND, "no such item")


def abort_in_thread(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no such item")


def abort_in_steps_in_thread(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no such item")
    yield b"never"


async def set_code(request, context):
    context.set_code(grpc.StatusCode.NOT_FOUND)
    context.set_details("no such item")
    return b""


@pytest.mark.parametrize(
    ("kind", "behavior"),
    [
        ("unary_unary", abort),
        ("unary_stream", abort_in_steps),
        ("unary_unary", abort_in_thread),
        ("unary_stream", abort_in_steps_in_thread),
        ("unary_unary", set_code),
    ],
)
def test_a_status_of_the_handler_is_the_spans(instrument, telemetry, kind, behavior):
    instrument("aio_client", "aio_server")

    async def main():
        async with running(Ask=(kind, behavior)) as call:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await ask(call, kind)
            return raised.value

    error = run(main)
    client, server = telemetry.spans(2)
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such item")
    assert client.attributes["rpc.response.status_code"] == client.attributes["error.type"] == "NOT_FOUND"
    assert (client.status.status_code, client.status.description) == (StatusCode.ERROR, "no such item")
    assert server.attributes["rpc.response.status_code"] == "NOT_FOUND"
    assert (server.status.status_code, server.attributes.get("error.type")) == (StatusCode.UNSET, None)


async def fail(request, context):
    raise LookupError("item 13")


async def fail_in_steps(request, context):
    yield b"first"
    raise LookupError("item 13")


def fail_in_thread(request, context):
    raise LookupError("item 13")


def fail_in_steps_in_thread(request, context):
    yield b"first"
    raise LookupError("item 13")


@pytest.mark.parametrize(
    ("kind", "behavior"),
    [
        ("unary_unary", fail),
        ("stream_unary", fail),
        ("unary_stream", fail_in_steps),
        ("unary_unary", fail_in_thread),
        ("unary_stream", fail_in_steps_in_thread),
    ],
)
def test_a_handler_that_raises_is_a_failed_call_with_its_exception(instrument, telemetry, caplog, kind, behavior):
    instrument("aio_client", "aio_server")

    async def main():
        async with running(Ask=(kind, behavior)) as call:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await ask(call, kind)
            return raised.value.code()

    assert run(main) is grpc.StatusCode.UNKNOWN
    client, server = telemetry.spans(2)
    assert server.attributes["rpc.response.status_code"] == server.attributes["error.type"] == "UNKNOWN"
    assert server.status.status_code is StatusCode.ERROR
    (event,) = server.events
    assert event.attributes["exception.type"] == "LookupError"
    assert event.attributes["exception.message"] == "item 13"
    assert client.attributes["rpc.response.status_code"] == client.attributes["error.type"] == "UNKNOWN"
    assert HIDES_FRAMES is ("instrumentation/grpc/aio_server" not in caplog.text)  # the traceback that gRPC logs


def test_an_unknown_method_names_neither_span_nor_series(instrument, telemetry):
    instrument("aio_server")

    async def main():
        async with running(Other=("unary_unary", echo)) as call:
            with pytest.raises(grpc.aio.AioRpcError):
                await ask(call, "unary_unary")

    run(main)
    (server,) = telemetry.spans(1)
    assert server.name == "grpc"
    assert server.attributes["rpc.method"] == "_OTHER"
    assert server.attributes["rpc.method_original"] == "shop.Pricing/Ask"
    assert server.attributes["rpc.response.status_code"] == "UNIMPLEMENTED"
    ((attributes, _),) = telemetry.points("rpc.server.call.duration")
    assert attributes["rpc.method"] == "_OTHER"


async def wait(request, context):
    await asyncio.sleep(DEADLINE_S)
    return request


async def endless(request, context):
    while True:
        yield b"tick"
        await asyncio.sleep(0)


def test_a_deadline_that_passes_is_one_on_both_sides(instrument, telemetry):
    instrument("aio_client", "aio_server")

    async def main():
        async with running(Ask=("unary_unary", wait)) as call:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call("unary_unary", "Ask")(b"", timeout=0.1)
            assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    run(main)
    client, server = telemetry.spans(2)
    assert client.attributes["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
    assert server.attributes["rpc.response.status_code"] == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("ending", ["cancelled", "task cancelled", "dropped"])
def test_a_stream_left_early_ends_both_spans_as_cancelled(instrument, telemetry, ending):
    instrument("aio_client", "aio_server")

    async def main():
        async with running(Ask=("unary_stream", endless)) as call:
            stream = call("unary_stream", "Ask")(b"", timeout=DEADLINE_S)

            async def read(stream):
                async for _ in stream:
                    pass

            assert await stream.__aiter__().__anext__() == b"tick"
            if ending == "cancelled":
                stream.cancel()
            elif ending == "task cancelled":
                task = asyncio.create_task(read(stream))
                await asyncio.sleep(0.01)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                del task
            del stream
            for _ in range(3):  # the stream and its iterator hold each other; the loop closes the iterator
                gc.collect()
                await asyncio.sleep(0)

    run(main)
    client, server = telemetry.spans(2)
    assert client.attributes["rpc.response.status_code"] == client.attributes["error.type"] == "CANCELLED"
    assert server.attributes["rpc.response.status_code"] == "CANCELLED"
    assert server.status.status_code is StatusCode.UNSET


def test_a_call_over_the_servers_limit_is_resource_exhausted(instrument, telemetry):
    instrument("aio_server")

    async def main():
        has_begun = asyncio.Event()

        async def wait_noted(request, context):
            has_begun.set()
            return await wait(request, context)

        async with running(limit=1, Ask=("unary_unary", wait_noted)) as call:
            first = call("unary_unary", "Ask")(b"")
            await has_begun.wait()
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call("unary_unary", "Ask")(b"", timeout=DEADLINE_S)
            assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            first.cancel()

    run(main)
    codes = [span.attributes["rpc.response.status_code"] for span in telemetry.spans(2)]
    assert codes == ["CANCELLED", "RESOURCE_EXHAUSTED"]
