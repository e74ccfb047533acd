"""Cancellation in asyncio: ``CancelledError`` is the program's, on both sides, and each call still ends with its status."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from opentelemetry.trace import SpanKind, StatusCode

from tests.unit.instrumentation.grpc.aio_service import run, running
from tests.unit.instrumentation.grpc.telemetry import DEADLINE_S

CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER


class Waiting:
    """A handler of either kind that waits until it is cancelled, and notes what it is cancelled with."""

    def __init__(self):
        self.entered, self.left = asyncio.Event(), asyncio.Event()
        self.errors = []

    async def unary(self, request, context):
        self.entered.set()
        try:
            await asyncio.sleep(2 * DEADLINE_S)
        except BaseException as error:
            self.errors.append(error)
            raise
        finally:
            self.left.set()

    async def stream(self, request, context):
        yield request
        await self.unary(request, context)


async def cancel_the_call(call, waiting):
    await waiting.entered.wait()
    assert call.cancel()
    return call


async def cancel_the_task(call, waiting):
    begun = asyncio.Event()

    async def wait():
        begun.set()
        if hasattr(call, "read"):
            while True:
                await call.read()
        await call

    task = asyncio.create_task(wait())
    await begun.wait()
    await waiting.entered.wait()
    task.cancel()
    return task


async def wait_for(call, waiting):
    await waiting.entered.wait()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(call if not hasattr(call, "read") else read_all(call), 0.05)


async def read_all(call):
    while await call.read():
        pass


@pytest.mark.parametrize("end", [cancel_the_call, cancel_the_task])
@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
def test_a_cancelled_call_is_cancelled_for_the_program_and_on_both_spans(instrument, telemetry, kind, end):
    instrument("aio_client", "aio_server")
    caught = []

    async def main():
        waiting = Waiting()
        behavior = waiting.unary if kind == "unary_unary" else waiting.stream
        async with running(Ask=(kind, behavior)) as call:
            rpc = call(kind, "Ask")(b"a", timeout=DEADLINE_S)
            if kind == "unary_stream":
                assert await rpc.read() == b"a"
            ended = await end(rpc, waiting)
            try:
                await (read_all(ended) if hasattr(ended, "read") else ended)
            except BaseException as error:
                caught.append(error)
            assert await rpc.code() is grpc.StatusCode.CANCELLED
            assert rpc.cancelled()
            await waiting.left.wait()
        return waiting.errors

    errors = run(main)
    client, server = telemetry.spans(2)
    assert [type(error) for error in caught] == [asyncio.CancelledError]
    assert [type(error) for error in errors] == [asyncio.CancelledError]
    assert client.attributes["rpc.response.status_code"] == "CANCELLED"
    assert client.status.status_code is StatusCode.ERROR
    assert (client.attributes["error.type"], client.events) == ("CANCELLED", ())
    assert server.attributes["rpc.response.status_code"] == "CANCELLED"
    assert (server.status.status_code, server.events) == (StatusCode.UNSET, ())  # not the server's fault


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream"])
def test_a_time_out_of_asyncio_is_a_cancelled_call(instrument, telemetry, kind):
    instrument("aio_client", "aio_server")

    async def main():
        waiting = Waiting()
        behavior = waiting.unary if kind == "unary_unary" else waiting.stream
        async with running(Ask=(kind, behavior)) as call:
            await wait_for(call(kind, "Ask")(b"a", timeout=DEADLINE_S), waiting)
            await waiting.left.wait()

    run(main)
    client, server = telemetry.spans(2)
    assert client.attributes["rpc.response.status_code"] == "CANCELLED"
    assert server.attributes["rpc.response.status_code"] == "CANCELLED"


def test_a_handler_that_cancels_its_own_work_fails_as_it_does_bare(instrument, telemetry):
    async def handle(request, context):
        inner = asyncio.create_task(asyncio.sleep(DEADLINE_S))
        await asyncio.sleep(0)
        inner.cancel()
        await inner

    async def main():
        async with running(Ask=("unary_unary", handle)) as call:
            try:
                await call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S / 10)
            except grpc.aio.AioRpcError as error:
                return error.code()

    bare = run(main)
    instrument("aio_server")
    assert run(main) is bare
    (server,) = telemetry.spans(1)
    assert server.attributes["rpc.response.status_code"] in ("CANCELLED", bare.name)


def test_a_cancelled_task_before_the_call_has_started_leaves_one_ended_span_or_none(instrument, telemetry):
    instrument("aio_client")

    async def main():
        async with running(Ask=("unary_unary", Waiting().unary)) as call:

            async def ask():
                await call("unary_unary", "Ask")(b"a", timeout=DEADLINE_S)

            task = asyncio.create_task(ask())
            await asyncio.sleep(0)  # the call is made, and has not been sent
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(main)
    (client,) = telemetry.spans(1)
    assert client.attributes["rpc.response.status_code"] == "CANCELLED"
