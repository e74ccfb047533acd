"""Exceptions of a program as they pass each function that otelrun patches, and the stack on which its code runs there.

A script: prints JSON, ``{"passed": {where: facts of the exception}, "stacks": {where: the frames}}``. Knows nothing of otelrun
but its name, by which a frame of it is told from the others.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import http.client
import http.server
import io
import json
import logging
import os
import socketserver
import sys
import threading
import warnings

passed = {}
stacks = {}


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    """Refuses every attribute, as frozen dataclasses do."""

    what: str


class Attached(Exception):
    """Has a cause, a context and notes."""


class OnlyBase(BaseException):
    """Nobody catches it by ``Exception``."""


KINDS = (ValueError, Frozen, Attached, OnlyBase, KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)


def make(kind):
    error = kind("the program's")
    if kind is Attached:
        error.__cause__ = KeyError("cause")
        error.__context__ = IndexError("context")
        error.__notes__ = ["a note"]
    return error


def frames_of(traceback):
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        found.append([os.path.basename(code.co_filename), code.co_name, traceback.tb_lineno])
        traceback = traceback.tb_next
    return found


def note(where, error, made=None):
    """Keep what can be seen of an exception where the program has caught it."""
    passed[where] = {
        "type": type(error).__name__,
        "args": repr(error.args),
        "is the same": made is None or error is made,
        "frames": frames_of(error.__traceback__),
        "context": repr(error.__context__),
        "cause": repr(error.__cause__),
        "suppresses": error.__suppress_context__,
        "notes": getattr(error, "__notes__", None),
    }


def look(where):
    """Keep the frames below, and what counts them."""
    frame = sys._getframe(1)
    found = []
    while frame is not None:
        is_ours = frame.f_globals.get("__name__", "").startswith("otelrun")
        found.append([os.path.basename(frame.f_code.co_filename), frame.f_code.co_name, is_ours or frame.f_lineno])
        frame = frame.f_back
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("here", stacklevel=2)
        warnings.warn("the caller", stacklevel=3)
    stacks[where] = {"frames": found, "warned": [[os.path.basename(one.filename), one.lineno] for one in caught]}


@contextlib.contextmanager
def noting(where, made=None):
    try:
        yield
    except BaseException as error:
        note(where, error, made)
    else:
        passed[where] = "nothing was raised"


# http.server


class Request:
    """A socket of a client that sends one request."""

    def __init__(self, data=b"GET / HTTP/1.0\r\n\r\n"):
        self._data = data
        self.sent = b""

    def makefile(self, *_):
        return io.BytesIO(self._data)

    def sendall(self, data):
        self.sent += data


class Handler(http.server.BaseHTTPRequestHandler):
    raised = None
    where = ""

    def _raise(self, where):
        if self.where == where and self.raised is not None:
            look(f"http.server {where}")
            raise self.raised

    def do_GET(self):
        self._raise("do_GET")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        self._raise("log_message")

    def send_error(self, *args):
        self._raise("send_error")
        super().send_error(*args)

    def version_string(self):
        self._raise("version_string")
        return "x"

    def flush_headers(self):
        self._raise("flush_headers")
        super().flush_headers()


class Late(io.BytesIO):
    """Does not take the end."""

    error = None

    def flush(self):
        if self.error is not None:
            raise self.error


def serve(where, error, data=b"GET / HTTP/1.0\r\n\r\n"):
    kind = type("Handler", (Handler,), {"raised": error, "where": where})
    if where == "finish":

        def setup(self):
            Handler.setup(self)
            self.wfile = Late()

        def handle(self):
            Handler.handle(self)
            self.wfile.error = self.raised

        kind.setup, kind.handle = setup, handle
    if where == "time-out":

        class Slow(io.BytesIO):
            def readline(self, *_):
                raise TimeoutError("slow")

        kind.setup = lambda self: (Handler.setup(self), setattr(self, "rfile", Slow()))[0]
        kind.where = "log_message"
    kind(Request(data), ("127.0.0.1", 1), None)


def http_server():
    for kind in KINDS:
        for where in ("do_GET", "log_message", "finish", "time-out", "flush_headers"):
            error = make(kind)
            with noting(f"http.server {where} {kind.__name__}", error):
                serve(where, error)
        error = make(kind)
        with noting(f"http.server send_error {kind.__name__}", error):
            serve("send_error", error, b"GET / HTTP/x\r\n\r\n")
    handler = object.__new__(Handler)
    for name, args in (
        ("parse_request", ()),
        ("handle_one_request", ()),
        ("finish", ()),
        ("send_response_only", (object(),)),
        ("send_response_only", ()),
        ("send_response_only", (1, 2, 3)),
        ("log_request", (1, 2, 3)),
        ("log_request", ()),
        ("log_error", ()),
        ("parse_request", (1,)),
    ):
        with noting(f"http.server {name}{len(args)} itself"):
            getattr(super(Handler, handler), name)(*args)
    with noting("http.server log_error itself"):
        super(Handler, handler).log_error(format="x", nothing=1)
    for args in ((), (1, 2, 3)):
        with noting(f"socketserver BaseServer{len(args)}"):
            socketserver.BaseServer(*args)

    class Refusing(socketserver.BaseServer):
        server_address = property()

    with noting("socketserver BaseServer itself"):
        Refusing(1, 2)


# http.client


def http_client():
    class Connection(http.client.HTTPConnection):
        raised = None
        where = ""

        def send(self, data):
            look("http.client send")
            raise self.raised

        def putheader(self, *_):
            if self.where == "putheader":
                look("http.client putheader")
                raise self.raised

    class Failing:
        def __init__(self, error):
            self.error = error

        def makefile(self, *_):
            raise self.error

        def close(self):
            raise self.error

        def flush(self):
            pass

    for kind in KINDS:
        error = make(kind)
        response = http.client.HTTPResponse(http.client.socket.socket())
        response.fp = Failing(error)
        with noting(f"http.client _close_conn {kind.__name__}", error):
            response.close()
        connection = Connection("127.0.0.1", 9)
        connection.raised = make(kind)
        with noting(f"http.client send {kind.__name__}", connection.raised):
            connection.request("GET", "/")
        connection = Connection("127.0.0.1", 9)
        connection.raised, connection.where = make(kind), "putheader"
        with noting(f"http.client putheader {kind.__name__}", connection.raised):
            connection.request("GET", "/")
        for name in ("getresponse", "close"):
            connection = http.client.HTTPConnection("127.0.0.1", 9)
            error = make(kind)
            connection.sock = Failing(error)
            connection._HTTPConnection__state = "Request-sent"
            with noting(f"http.client {name} {kind.__name__}", error):
                getattr(connection, name)()
    connection = http.client.HTTPConnection("127.0.0.1", 9)
    for name, args in (
        ("putrequest", ("GET /\n", "/")),
        ("putrequest", ()),
        ("endheaders", ()),
        ("endheaders", (1, 2, 3)),
        ("getresponse", ()),
        ("getresponse", (1,)),
        ("close", (1,)),
    ):
        with noting(f"http.client {name}{len(args)} itself"):
            getattr(connection, name)(*args)


# threads and pools


def threads():
    def target(error):
        look("threading target")
        raise error

    def kept(args):
        note(f"threading target {args.exc_type.__name__}", args.exc_value)

    threading.excepthook = kept
    for kind in KINDS:
        if kind is not SystemExit:
            thread = threading.Thread(target=target, args=(make(kind),), name="one")
            thread.start()
            thread.join()
    with noting("threading start twice"):
        thread.start()
    with noting("threading start before __init__"):
        object.__new__(threading.Thread).start()
    with noting("threading start, arguments"):
        thread.start(1)


def pools():
    def job(error):
        look("futures job")
        raise error

    def callback(error):
        def called(_):
            look("futures callback")
            raise error

        return called

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for kind in KINDS:
            error = make(kind)
            with noting(f"futures job {kind.__name__}", error):
                pool.submit(job, error).result()
        with noting("futures submit"):
            pool.submit()
        with noting("futures initializer"):
            pool.submit(fn=int)
        gate = threading.Event()
        future = pool.submit(gate.wait)
        for kind in (ValueError, Frozen, Attached):
            future.add_done_callback(callback(make(kind)))
        gate.set()
        future.result()
    with noting("futures after shutdown"):
        pool.submit(int)


# asyncio


def tasks():
    async def work(error):
        look("asyncio task")
        raise error

    def callback(error):
        def called(_):
            look("asyncio callback")
            raise error

        return called

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(
            lambda _, context: note(f"asyncio callback {context['exception']!r}", context["exception"])
        )
        for kind in KINDS:
            if kind in (KeyboardInterrupt, SystemExit):
                continue
            error = make(kind)
            with noting(f"asyncio task {kind.__name__}", error if kind is not asyncio.CancelledError else None):
                await loop.create_task(work(error), name="named")
        for kind in (ValueError, Frozen, Attached):
            task = loop.create_task(asyncio.sleep(0))
            task.add_done_callback(callback(make(kind)))
            await asyncio.wait([task])
        await asyncio.sleep(0)
        with noting("asyncio no coroutine"):
            loop.create_task(1)
        coroutine = work(None)
        with noting("asyncio bad argument"):
            loop.create_task(coroutine, nothing=1)
        coroutine.close()

        def factory(*_, **__):
            look("asyncio factory")
            raise made

        for kind in KINDS:
            made = make(kind)
            loop.set_task_factory(factory)
            coroutine = work(None)
            with noting(f"asyncio factory {kind.__name__}", made):
                loop.create_task(coroutine)
            coroutine.close()
        loop.set_task_factory(None)

    asyncio.run(main())
    for kind in (KeyboardInterrupt, SystemExit):
        error = make(kind)
        with noting(f"asyncio run {kind.__name__}", error):
            asyncio.run(work(error))
    loop = asyncio.new_event_loop()
    loop.close()
    coroutine = work(None)
    with noting("asyncio closed loop"):
        loop.create_task(coroutine)
    coroutine.close()


# logging


def logs():
    logger = logging.Logger("app")

    class Failing(logging.Handler):
        error = None

        def emit(self, record):
            look("logging handler")
            raise self.error

        def filter(self, record):
            look("logging handler's filter")
            return True

    handler = Failing()
    logger.addHandler(handler)

    def refuse(record):
        look("logging filter")
        raise error

    for kind in KINDS:
        error = handler.error = make(kind)
        with noting(f"logging handler {kind.__name__}", error):
            logger.warning("a line")
        logger.addFilter(refuse)
        with noting(f"logging filter {kind.__name__}", error):
            logger.warning("a line")
        logger.removeFilter(refuse)
    with noting("logging filter itself"):
        logger.filter()
    for text, style in ((1, "%"), ("%(x)d%", "%"), ("{", "{"), ("$$$", "$")):
        with noting(f"logging style {style} {text}"):
            logging.Formatter(text, style=style)
    with noting("logging style itself"):
        logging.PercentStyle()
    with noting("logging style itself, keyword"):
        logging.PercentStyle("", nothing=1)


def main():
    class Keep(logging.Handler):
        """What libraries log of the exceptions of callbacks."""

        def emit(self, record):
            if record.exc_info:
                note(f"{record.name} logs {record.exc_info[1]!r}", record.exc_info[1])

    logging.getLogger("concurrent.futures").addHandler(Keep())
    for part in (http_server, http_client, threads, pools, tasks, logs):
        part()
    print(json.dumps({"passed": passed, "stacks": stacks}))


if __name__ == "__main__":
    main()
