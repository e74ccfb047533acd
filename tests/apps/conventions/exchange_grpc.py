"""Calls over gRPC that are answered well, badly and not at all: both clients to both servers. Prints how each one ends."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc.aio

logging.disable()  # what gRPC says of handlers that raise


def echo(request, context):
    if request == b"abort":
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    if request == b"raise":
        raise LookupError(request)
    return request


async def echo_later(request, context):
    if request == b"abort":
        await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    if request == b"raise":
        raise LookupError(request)
    return request


def repeat(requests, context):
    yield from requests


async def repeat_later(requests, context):
    async for request in requests:
        yield request


def handlers(unary, stream):
    methods = {"Echo": grpc.unary_unary_rpc_method_handler(unary), "Repeat": grpc.stream_stream_rpc_method_handler(stream)}
    return (grpc.method_handlers_generic_handler("things.Things", methods),)


ASKED = (("Echo", b"well"), ("Echo", b"abort"), ("Echo", b"raise"), ("Unknown", b""))


def outcome(ask, request):
    try:
        return ask(request, timeout=20)
    except grpc.RpcError as error:
        return error.code()


def call_grpc(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for method, request in ASKED:
            print(outcome(channel.unary_unary(f"/things.Things/{method}"), request))
        print(list(channel.stream_stream("/things.Things/Repeat")(iter((b"a", b"b")), timeout=20)))


async def outcome_aio(ask, request):
    try:
        return await ask(request, timeout=20)
    except grpc.aio.AioRpcError as error:
        return error.code()


async def call_grpc_aio(port):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for method, request in ASKED:
            print(await outcome_aio(channel.unary_unary(f"/things.Things/{method}"), request))
        responses = channel.stream_stream("/things.Things/Repeat")(iter((b"a", b"b")), timeout=20)
        print([response async for response in responses])


async def serve_grpc_aio():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(handlers(echo_later, repeat_later))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await asyncio.get_running_loop().run_in_executor(None, call_grpc, port)
    await call_grpc_aio(port)
    await server.stop(None)


with ThreadPoolExecutor(2) as pool:
    sync_server = grpc.server(pool, handlers=handlers(echo, repeat))
    sync_port = sync_server.add_insecure_port("127.0.0.1:0")
    sync_server.start()
    call_grpc(sync_port)
    asyncio.run(call_grpc_aio(sync_port))
    sync_server.stop(None).wait()
asyncio.run(serve_grpc_aio())
print("all called")
