"""Handlers of all kinds for an asyncio server, a server and channel to run them, and how to call each."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from concurrent import futures

import grpc
from opentelemetry.trace import SpanKind

from tests.unit.instrumentation.grpc.telemetry import DEADLINE_S, generic_handler

HIDES_FRAMES = sys.version_info >= (3, 11)  # a bare raise of 3.10 brings the frame back
CLIENT, SERVER = SpanKind.CLIENT, SpanKind.SERVER


async def echo(request, context):
    return request


async def triple(request, context):
    for _ in range(3):
        yield request


async def join(requests, context):
    return b"".join([request async for request in requests])


async def mirror(requests, context):
    async for request in requests:
        yield request


async def mirror_by_writing(requests, context):
    async for request in requests:
        await context.write(request)


def echo_in_thread(request, context):
    return request


def triple_in_thread(request, context):
    yield from [request] * 3


def join_in_thread(requests, context):
    return b"".join(requests)


async def abort(request, context):
    await context.abort(grpc.StatusCode.NOT_FOUND, "no such item")


async def fail(request, context):
    raise LookupError("item 13")


async def wait(request, context):
    await asyncio.sleep(DEADLINE_S)
    return request


async def endless(request, context):
    while True:
        yield b"tick"
        await asyncio.sleep(0)


HANDLERS = {
    "unary_unary": ("unary_unary", echo),
    "unary_stream": ("unary_stream", triple),
    "stream_unary": ("stream_unary", join),
    "stream_stream": ("stream_stream", mirror),
    "stream_stream, reader and writer": ("stream_stream", mirror_by_writing),
    "unary_unary, in a thread": ("unary_unary", echo_in_thread),
    "unary_stream, in a thread": ("unary_stream", triple_in_thread),
    "stream_unary, in a thread": ("stream_unary", join_in_thread),
}
REQUESTS = {"unary_unary": b"a", "unary_stream": b"a", "stream_unary": [b"a", b"b"], "stream_stream": [b"a", b"b"]}
RESPONSES = {"unary_unary": b"a", "unary_stream": [b"a"] * 3, "stream_unary": b"ab", "stream_stream": [b"a", b"b"]}


@contextlib.asynccontextmanager
async def running(*, interceptors=(), client_interceptors=(), limit=None, **behaviors):
    """A server and a channel to it; gives ``call(kind, method) -> multi-callable``."""
    pool = futures.ThreadPoolExecutor(4)
    server = grpc.aio.server(pool, interceptors=interceptors, maximum_concurrent_rpcs=limit)
    server.add_generic_rpc_handlers([generic_handler(**behaviors)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"localhost:{port}", interceptors=client_interceptors) as channel:
        try:
            yield lambda kind, method: getattr(channel, kind)(f"/shop.Pricing/{method}")
        finally:
            await server.stop(None)
            await asyncio.to_thread(pool.shutdown)  # handlers there still speak to the loop


async def ask(call, kind, **options):
    response = call(kind, "Ask")(REQUESTS[kind], timeout=DEADLINE_S, **options)
    return [message async for message in response] if kind.endswith("stream") else await response


def run(main):
    return asyncio.run(asyncio.wait_for(main(), 2 * DEADLINE_S))
