"""Corners in which other launchers change a program. Prints what it sees; nothing in it depends on the process."""

import asyncio
import concurrent.futures
import contextvars
import copy
import gc
import http.client
import http.server
import io
import json
import logging
import random
import socket
import socketserver
import sys
import threading
import urllib.request
import warnings

variable = contextvars.ContextVar("variable", default="unset")


async def work(value=None):
    await asyncio.sleep(0)
    return value


async def fail():
    raise ValueError("the task's own")


async def tasks():
    loop = asyncio.get_running_loop()
    once = work("once")
    print(await asyncio.gather(once, once))
    again = work("again")
    print([await each for each in asyncio.as_completed([again, again])])

    task = loop.create_task(work(), name="named")
    print(task.get_name(), task.get_coro().__qualname__, "finish" in repr(task))
    print([frame.f_code.co_name for frame in task.get_stack()])
    task.cancel()
    print(await asyncio.gather(task, return_exceptions=True))

    task = loop.create_task(fail())
    await asyncio.wait([task])
    print(type(task.exception()), task.exception() is task._exception)

    forgotten = loop.create_task(fail())  # "never retrieved", on stderr
    await asyncio.wait([forgotten])
    del forgotten
    gc.collect()

    token = variable.set("set")
    inside = contextvars.copy_context()
    variable.reset(token)

    async def see():
        return variable.get()

    print(await loop.create_task(see()), inside[variable])
    print(await loop.run_in_executor(None, inside.run, variable.get))
    try:
        await asyncio.wait_for(asyncio.sleep(9), 0.01)
    except asyncio.TimeoutError as error:
        print(repr(error), repr(error.__cause__))

    pending = loop.create_task(asyncio.sleep(9))
    await asyncio.sleep(0)
    print(len(asyncio.all_tasks()), pending in asyncio.all_tasks())


def never_awaited():
    work()
    gc.collect()


def pools():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for arguments, named in (((), {}), ((), {"fn": int}), ((int,), {"x": 1}), ((pow, 2), {"exp": 3})):
            try:
                print(pool.submit(*arguments, **named).result())
            except TypeError as error:
                print(error)
        forgotten = pool.submit(int, "x")
        concurrent.futures.wait([forgotten])
        print(repr(forgotten._exception), forgotten._state)
        print(sorted(vars(concurrent.futures.thread._WorkItem(forgotten, int, (), {}))) if sys.version_info < (3, 14) else "")


def threads():
    class Own(threading.Thread):
        def run(self):
            print(self.name, sorted(set(vars(self)) - own_names))

    own_names = set(vars(threading.Thread()))
    own = Own(name="own")
    own.start()
    own.join()
    timer = threading.Timer(0, print, ["timer"])
    timer.start()
    timer.join()
    print(sorted(thread.name for thread in threading.enumerate() if thread is not threading.main_thread() and thread.daemon))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((sorted(vars(self)), sorted(name for name in self.headers if name != "traceparent")))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


def http_both_ways():
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        headers = {"X-Own": "1"}
        request = urllib.request.Request(f"http://127.0.0.1:{server.server_address[1]}/", headers=headers)
        with urllib.request.urlopen(request) as response:
            print(response.status, response.read())
        print(headers, request.headers, request.unredirected_hdrs.keys())
        connection = http.client.HTTPConnection(*server.server_address)
        before = sorted(vars(connection))
        connection.request("GET", "/", headers=headers)
        print(before == sorted(vars(connection)), connection.getresponse().read(), headers)
        connection.close()
        print(before == sorted(vars(connection)))
        server.shutdown()
        thread.join()
        print(server.seen)


class Odd(http.client.HTTPConnection):
    """Has a say in each of its attributes."""

    def __getattr__(self, name):
        print("asked for", name)
        raise AttributeError(name)

    def __setattr__(self, name, value):
        if name.startswith("_otel"):
            print("set", name)
        super().__setattr__(name, value)

    def connect(self):
        raise OSError("not today")


def odd_connection():
    try:
        Odd("127.0.0.1", 1).request("GET", "/")
    except OSError as error:
        print(error)


class Json(logging.Formatter):
    def format(self, record):
        known = vars(logging.makeLogRecord({}))
        return json.dumps({name: value for name, value in vars(record).items() if name not in known})


class Count:
    printed = 0

    def __str__(self):
        Count.printed += 1
        return "counted"


def logs():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Json())
    logger = logging.getLogger("app")
    logger.addHandler(handler)
    logger.propagate = False
    logger.warning("dumped", extra={"own": 1})
    print(stream.getvalue().strip(), logging.root.handlers, logging.getLogger().level, logger.filters)
    print(sorted(vars(copy.copy(logging.makeLogRecord({"msg": "x"})))) == sorted(vars(logging.makeLogRecord({}))))
    print(list(vars(logging.Formatter("%(message)s"))), vars(logging.PercentStyle("%(message)s")))


def main():
    random.seed(42)
    filters = list(warnings.filters)
    asyncio.run(tasks())
    warnings.simplefilter("always")
    never_awaited()
    warnings.filters[:] = filters
    for part in (pools, threads, http_both_ways, odd_connection, logs):
        part()
    print([random.randrange(1000) for _ in range(5)])
    print(warnings.filters == filters, socket.getdefaulttimeout(), sys.getrecursionlimit(), gc.get_threshold())


if __name__ == "__main__":
    main()
