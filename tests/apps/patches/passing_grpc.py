"""As ``passing.py``, for gRPC: what servicers, interceptors, serializers and callbacks raise, and the stack they run on."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from concurrent import futures

import grpc
import grpc.aio
from passing import Attached, Frozen, look, make, note, noting, passed, stacks

KINDS = (ValueError, Frozen, Attached)
CALLS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Keep(logging.Handler):
    """What gRPC logs of the exceptions of servicers and callbacks."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    def emit(self, record):
        if record.exc_info:
            note(f"{self.where} {record.name} logs {record.exc_info[1]!r}", record.exc_info[1])


gate = threading.Event()


def servicer(side):
    def unary(request, _):
        gate.wait(20)
        look(f"{side} unary handler")
        raise make(globals()[request.decode()])

    def stream(request, _):
        look(f"{side} stream handler")
        yield b"1"
        raise make(globals()[request.decode()])

    def from_stream(requests, _):
        look(f"{side} handler of a stream")
        for request in requests:
            raise make(globals()[request.decode()])

    def both(requests, _):
        for request in requests:
            yield request
            raise make(globals()[request.decode()])

    return (unary, stream, from_stream, both)


def aio_servicer():
    async def unary(request, _):
        look("aio unary handler")
        raise make(globals()[request.decode()])

    async def stream(request, _):
        look("aio stream handler")
        yield b"1"
        raise make(globals()[request.decode()])

    async def from_stream(requests, _):
        async for request in requests:
            raise make(globals()[request.decode()])

    async def both(requests, _):
        async for request in requests:
            yield request
            raise make(globals()[request.decode()])

    return (unary, stream, from_stream, both)


def handlers(functions):
    methods = {
        name: getattr(grpc, f"{name}_rpc_method_handler")(function)
        for name, function in zip(CALLS, functions, strict=True)
    }
    return [grpc.method_handlers_generic_handler("s.S", methods)]


class Refusing(grpc.ServerInterceptor):
    """Raises where it is asked to."""

    def intercept_service(self, continuation, details):
        if details.method.endswith("/intercepted"):
            look("sync server interceptor")
            raise ValueError("the interceptor's")
        return continuation(details)


def call_all(channel, side):
    gate.set()
    for name in CALLS:
        call = getattr(channel, name)(f"/s.S/{name}")
        for kind in KINDS:
            request = kind.__name__.encode()
            given = iter([request]) if name.startswith("stream") else request
            with noting(f"{side} client {name} {kind.__name__}"):
                answer = call(given, timeout=20)
                list(answer)
    with noting(f"{side} client unknown method"):
        channel.unary_unary("/s.S/unknown")(b"", timeout=20)
    with noting(f"{side} client intercepted"):
        channel.unary_unary("/s.S/intercepted")(b"", timeout=20)
    for name in CALLS:
        with noting(f"{side} client {name} serializer"):
            list(getattr(channel, name)(f"/s.S/{name}", request_serializer=lambda _: [][1])(b"ValueError", timeout=20))
        with noting(f"{side} client {name} arguments"):
            getattr(channel, name)(f"/s.S/{name}")()
        with noting(f"{side} client {name} metadata"):
            getattr(channel, name)(f"/s.S/{name}")(b"ValueError", metadata=1)

    done = threading.Event()

    def callback(_):
        look(f"{side} client callback")
        done.set()
        raise ValueError("the callback's")

    gate.clear()
    future = channel.unary_unary("/s.S/unary_unary").future(b"ValueError", timeout=20)
    future.add_done_callback(callback)
    gate.set()
    with noting(f"{side} client future"):
        future.result()
    done.wait(20)


def sync():
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=handlers(servicer("sync")), interceptors=[Refusing()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call_all(channel, "sync")
    server.stop(None).wait()
    with noting("sync closed channel"):
        channel.unary_unary("/s.S/unary_unary")(b"")


async def call_all_aio(channel, side):
    for name in CALLS:
        for kind in KINDS:
            request = kind.__name__.encode()
            call = getattr(channel, name)(f"/s.S/{name}")
            with noting(f"{side} client {name} {kind.__name__}"):
                answer = call(iter([request]) if name.startswith("stream") else request, timeout=20)
                if name.endswith("unary"):
                    await answer
                else:
                    async for _ in answer:
                        pass
        with noting(f"{side} client {name} arguments"):
            getattr(channel, name)(f"/s.S/{name}")(nothing=1)
        with noting(f"{side} client {name} metadata"):
            getattr(channel, name)(f"/s.S/{name}")(b"ValueError", metadata=1)


async def aio(functions, side):
    server = grpc.aio.server(
        handlers=handlers(functions), migration_thread_pool=futures.ThreadPoolExecutor(1), interceptors=[]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await call_all_aio(channel, side)
    await server.stop(None)


def main():
    logging.getLogger("grpc").propagate = False
    keep = Keep("sync")
    logging.getLogger("grpc").addHandler(keep)
    sync()
    keep.where = "aio"
    asyncio.run(aio(aio_servicer(), "aio"))
    keep.where = "aio, functions"
    asyncio.run(aio(servicer("aio, functions"), "aio, functions"))
    for where, facts in passed.items():
        if " client " in where:
            facts["args"] = None  # states and calls, whose repr has addresses and times
        for frame in facts["frames"]:
            if frame[0] == "_channel.py":
                frame[2] = None  # where it waits depends on who is quicker
    json.dump({"passed": passed, "stacks": stacks}, sys.stdout)


if __name__ == "__main__":
    main()
