"""Which of a program's objects are dead as soon as the program has let go of them, and what is left for the collector.

A script: prints JSON. The collector is off; where ``grpc`` is installed and asked for, its calls are among the objects.

    references.py [grpc]
"""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures
import gc
import http.client
import http.server
import io
import json
import logging
import multiprocessing.pool
import queue
import sched
import socket
import sys
import threading
import weakref

LOOPS = 300

dead = {}
growth = {}


class Thing:
    """What a program hands around."""

    def __str__(self):
        return "a thing"


class Error(Exception):
    """An exception that can be referred to."""


class Watch:
    """Refers weakly to objects; tells which of them are dead."""

    def __init__(self, where):
        self._where = where
        self._references = {}

    def __call__(self, name, thing):
        self._references[name] = weakref.ref(thing)
        return thing

    def tell(self):
        for name, reference in self._references.items():
            dead[f"{self._where}: {name}"] = reference() is None


def a_thread(watch):
    def target(thing):
        watch("target's local", Thing())

    thing = watch("argument", Thing())
    thread = watch("thread", threading.Thread(target=watch("target", target), args=(thing,)))
    thread.start()
    thread.join()


def a_failing_thread(watch):
    def target():
        local = watch("local", Thing())
        raise watch("error", Error(local))

    thread = watch("thread", threading.Thread(target=target))
    thread.start()
    thread.join()


def a_job(watch, pool):
    def job(thing):
        return watch("result", Thing())

    future = watch("future", pool.submit(watch("job", job), watch("argument", Thing())))
    future.result()


def a_failing_job(watch, pool):
    def job():
        local = watch("local", Thing())
        raise watch("error", Error(local))

    future = watch("future", pool.submit(job))
    assert future.exception() is not None


def a_cancelled_job(watch, pool):
    gate = threading.Event()
    first = pool.submit(gate.wait)
    future = watch("future", pool.submit(int, watch("argument", Thing())))
    future.cancel()
    gate.set()
    first.result()
    pool.submit(int).result()


def an_item(watch):
    items = watch("queue", queue.Queue())
    items.put(watch("item", Thing()))
    items.get()


def an_item_never_got(watch):
    watch("queue", queue.PriorityQueue()).put(watch("item", Thing()))


def an_action(watch):
    def act(thing):
        pass

    scheduler = watch("scheduler", sched.scheduler())
    scheduler.enter(0, 1, watch("action", act), (watch("argument", Thing()),))
    scheduler.run()


def a_cancelled_action(watch):
    scheduler = watch("scheduler", sched.scheduler())
    scheduler.cancel(scheduler.enter(0, 1, int, (watch("argument", Thing()),)))


def a_low_level_thread(watch):
    done = threading.Lock()
    done.acquire()

    def target(thing):
        del thing
        done.release()

    _thread.start_new_thread(target, (watch("argument", Thing()),))
    done.acquire()


def a_pools_job(watch, pool):
    def job(thing):
        return watch("result", Thing())

    result = watch("async result", pool.apply_async(job, (watch("argument", Thing()),)))
    result.get()
    del result
    for _ in range(2):  # the pool's threads hold their last
        pool.apply(int)


async def an_item_of_asyncio(watch):
    items = watch("queue", asyncio.Queue())
    await items.put(watch("item", Thing()))
    await items.get()


async def a_cancelled_get(watch):
    items = watch("queue", asyncio.Queue())
    task = asyncio.ensure_future(items.get())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def a_task(watch):
    async def work(thing):
        return watch("result", Thing())

    task = watch("task", asyncio.get_running_loop().create_task(work(watch("argument", Thing()))))
    await task


async def a_failing_task(watch):
    async def work():
        local = watch("local", Thing())
        raise watch("error", Error(local))

    task = watch("task", asyncio.get_running_loop().create_task(work()))
    await asyncio.wait([task])
    assert task.exception() is not None


async def a_cancelled_task(watch):
    task = watch("task", asyncio.get_running_loop().create_task(asyncio.sleep(9, watch("argument", Thing()))))
    task.cancel()
    await asyncio.wait([task])


class Request:
    """A socket of a client that sends one request."""

    def __init__(self, data=b"GET / HTTP/1.0\r\nX: 1\r\n\r\n"):
        self._data = data

    def makefile(self, *_):
        return io.BytesIO(self._data)

    def sendall(self, data):
        pass


def a_request(watch):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            watch("headers", self.headers)
            watch("handler", self)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    Handler(watch("request", Request()), ("127.0.0.1", 1), None)


def a_failing_request(watch):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            watch("handler", self)
            local = watch("local", Thing())
            raise watch("error", Error(local))

    try:
        Handler(watch("request", Request()), ("127.0.0.1", 1), None)
    except Error:
        pass


def a_connection(watch):
    ours, theirs = socket.socketpair()
    connection = watch("connection", http.client.HTTPConnection("127.0.0.1", 9))
    connection.sock = watch("socket", ours)
    theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    connection.request("GET", "/", headers={"X": "1"})
    response = watch("response", connection.getresponse())
    response.read()
    connection.close()
    theirs.close()


def a_dropped_response(watch):
    ours, theirs = socket.socketpair()
    connection = watch("connection", http.client.HTTPConnection("127.0.0.1", 9))
    connection.sock = watch("socket", ours)
    theirs.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
    connection.request("GET", "/")
    watch("response", connection.getresponse())
    theirs.close()


def a_dropped_connection(watch):
    connection = watch("connection", http.client.HTTPConnection("127.0.0.1", 9))
    connection.putrequest("GET", "/")


def a_refused_connection(watch):
    class Connection(http.client.HTTPConnection):
        def connect(self):
            local = watch("local", Thing())
            raise watch("error", Error(local))

    connection = watch("connection", Connection("127.0.0.1", 9))
    try:
        connection.request("GET", "/")
    except Error:
        pass


def a_log_record(watch, logger):
    logger.warning("%s", watch("argument", Thing()), extra={"own": watch("field", Thing())})


def a_logged_error(watch, logger):
    try:
        local = watch("local", Thing())
        raise watch("error", Error(local))
    except Error:
        logger.exception("failed")
    del local


def inside_a_request(operation):
    """Give the operation done by a handler, where there is something for it to carry along."""

    def operate(watch):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                operation(watch)

        Handler(Request(), ("127.0.0.1", 1), None)

    operate.__name__ = f"{operation.__name__} inside a request"
    return operate


class Handling(logging.Handler):
    watch = None

    def emit(self, record):
        if self.watch is not None:
            self.watch("record", record)


def measure(name, operation):
    """Do it once and look; do it many times and count."""
    for _ in range(20):
        operation(lambda _, thing: thing)
    watch = Watch(name)
    operation(watch)
    watch.tell()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(LOOPS):
        operation(lambda _, thing: thing)
    growth[name] = round((len(gc.get_objects()) - before) / LOOPS, 1)
    gc.collect()


async def measure_tasks():
    for operation in (a_task, a_failing_task, a_cancelled_task, an_item_of_asyncio, a_cancelled_get):
        name = operation.__name__
        for _ in range(20):
            await operation(lambda _, thing: thing)
        watch = Watch(name)
        await operation(watch)
        await asyncio.sleep(0)
        watch.tell()
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(LOOPS):
            await operation(lambda _, thing: thing)
        growth[name] = round((len(gc.get_objects()) - before) / LOOPS, 1)


def measure_grpc():
    import grpc

    def echo(request, _):
        return request

    def stream(request, _):
        yield request
        yield request

    def fail(request, _):
        raise Error(Thing())

    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(1),
        handlers=[
            grpc.method_handlers_generic_handler(
                "s.S",
                {
                    "echo": grpc.unary_unary_rpc_method_handler(echo),
                    "stream": grpc.unary_stream_rpc_method_handler(stream),
                    "fail": grpc.unary_unary_rpc_method_handler(fail),
                },
            )
        ],
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def a_grpc_call(watch):
        channel.unary_unary("/s.S/echo")(b"x", metadata=[("own", "1")])

    def a_grpc_future(watch):
        watch("future", channel.unary_unary("/s.S/echo").future(b"x")).result()

    def a_grpc_stream(watch):
        list(watch("stream", channel.unary_stream("/s.S/stream")(b"x")))

    def a_dropped_grpc_stream(watch):
        next(watch("stream", channel.unary_stream("/s.S/stream")(b"x")))

    def a_failing_grpc_call(watch):
        try:
            channel.unary_unary("/s.S/fail")(b"x")
        except grpc.RpcError as error:
            watch("client's error", error)

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for operation in (a_grpc_call, a_grpc_future, a_grpc_stream, a_dropped_grpc_stream, a_failing_grpc_call):
            measure(operation.__name__, operation)
    server.stop(None).wait()


def main():
    threading.excepthook = lambda _: None
    gc.collect()
    gc.disable()
    handling = Handling()
    logger = logging.Logger("app")
    logger.addHandler(handling)
    for operation in (
        a_thread,
        a_failing_thread,
        a_request,
        a_failing_request,
        a_connection,
        a_dropped_connection,
        a_dropped_response,
        a_refused_connection,
        inside_a_request(a_thread),
        inside_a_request(a_failing_thread),
        inside_a_request(a_connection),
        an_item,
        an_item_never_got,
        an_action,
        a_cancelled_action,
        inside_a_request(an_item),
        inside_a_request(an_item_never_got),
        inside_a_request(an_action),
        inside_a_request(a_cancelled_action),
        inside_a_request(a_low_level_thread),
    ):
        measure(operation.__name__, operation)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for job in (a_job, a_failing_job, a_cancelled_job):

            def operation(watch, job=job):
                job(watch, pool)

            measure(job.__name__, operation)
            measure(f"{job.__name__} inside a request", inside_a_request(operation))
    with multiprocessing.pool.ThreadPool(1) as pool:

        def operation(watch):
            a_pools_job(watch, pool)

        measure("a pool's job", operation)
        measure("a pool's job inside a request", inside_a_request(operation))
    asyncio.run(measure_tasks())
    for operation in (a_log_record, a_logged_error):

        def with_record(watch, operation=operation):
            handling.watch = watch
            operation(watch, logger)
            handling.watch = None

        measure(operation.__name__, with_record)
    if "grpc" in sys.argv:
        measure_grpc()
    print(json.dumps({"dead": dead, "growth": growth, "garbage": len(gc.garbage)}))


if __name__ == "__main__":
    main()
