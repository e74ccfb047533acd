"""An asyncio service of every kind of call, a server that runs it, and a channel to that: what the asyncio tests share."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent import futures

import grpc
from opentelemetry import trace

from tests.unit.instrumentation.grpc.telemetry import DEADLINE_S, generic_handler


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
            # an aborted handler in a thread has one more message for this loop, and waits for ever where the loop is gone
            await asyncio.to_thread(pool.shutdown)


async def ask(call, kind, **options):
    response = call(kind, "Ask")(REQUESTS[kind], timeout=DEADLINE_S, **options)
    return [message async for message in response] if kind.endswith("stream") else await response


def run(main):
    return asyncio.run(asyncio.wait_for(main(), 2 * DEADLINE_S))


def current_id():
    return trace.get_current_span().get_span_context().span_id


async def abort(request, context):
    await context.abort(grpc.StatusCode.NOT_FOUND, "no such item")
