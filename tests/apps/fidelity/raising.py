"""Ends, or goes on, after an exception: ``raising.py WHERE``."""

import asyncio
import atexit
import concurrent.futures
import contextlib
import gc
import http.server
import logging
import os
import sys
import threading
import urllib.request


class ShopError(Exception):
    pass


def fail(text="no such order"):
    raise ShopError(text)


def cause():
    try:
        fail()
    except ShopError as error:
        raise LookupError("while looking") from error


def context():
    try:
        fail()
    except ShopError:
        {}["missing"]


def suppressed():
    try:
        fail()
    except ShopError:
        raise LookupError("alone") from None


def group():
    raise ExceptionGroup("two of them", [ShopError("one"), ExceptionGroup("inner", [LookupError("two"), OSError(2, "three")])])


def note():
    error = ShopError("with a note")
    error.add_note("the note\nof two lines")
    raise error


def recursion():
    recursion()


def without_message():
    class Odd(BaseException):
        def __str__(self):
            raise ValueError("no text")

    raise Odd


def syntax():
    exec(compile("def f(:\n  pass", "orders.py", "exec"))


def in_import():
    with open("orders.py", "w") as file:
        file.write("import logging, threading\nimport more_orders\n")
    with open("more_orders.py", "w") as file:
        file.write("import http.server, asyncio\nraise LookupError('in the body')\n")
    sys.path.insert(0, os.curdir)
    import orders


def syntax_in_import():
    with open("orders.py", "w") as file:
        file.write("def f(:\n")
    sys.path.insert(0, os.curdir)
    import orders


def missing_import():
    import no_such_module_at_all.inside


def in_thread():
    threading.Thread(target=fail, name="worker").start()


def in_subclass_of_thread():
    class Worker(threading.Thread):
        def run(self):
            fail("in run")

    worker = Worker(name="worker")
    worker.start()
    worker.join()
    worker.start()


def in_timer():
    threading.Timer(0.01, fail, ["late"]).start()


def hook_of_threads():
    threading.excepthook = lambda args: print(args.exc_type.__name__, args.exc_value, args.thread.name, _lines(args.exc_traceback))
    threading.Thread(target=fail, name="worker").start()


def in_pool():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(fail)
    print(repr(future.exception()), _lines(future.exception().__traceback__))
    future.result()


def in_callback_of_future():
    future = concurrent.futures.Future()
    future.add_done_callback(lambda _: fail("in the callback"))
    future.set_result(1)


def initializer_of_pool():
    with concurrent.futures.ThreadPoolExecutor(1, initializer=fail) as pool:
        pool.submit(print).result()


def in_task():
    async def work():
        await asyncio.sleep(0)
        fail("in a task")

    asyncio.run(work())


def never_retrieved():
    async def work():
        fail("nobody asks")

    async def main():
        task = asyncio.create_task(work(), name="forgotten")
        await asyncio.sleep(0.01)
        del task
        gc.collect()

    asyncio.run(main())


def future_never_retrieved():
    async def main():
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ShopError("nobody asks"))
        del future
        gc.collect()

    asyncio.run(main())


def in_callback_of_loop():
    async def main():
        asyncio.get_running_loop().call_soon(fail, "in a callback")
        await asyncio.sleep(0.01)

    asyncio.run(main())


def in_finalizer():
    class Order:
        def __del__(self):
            fail("in __del__")

    order = Order()
    del order
    gc.collect()


def at_exit():
    atexit.register(fail, "at exit")
    atexit.register(print, "last registered, first called")


def exit_at_exit():
    atexit.register(sys.exit, 4)


def in_hook():
    sys.excepthook = lambda *args: fail("in the hook")
    fail("before")


def own_hook():
    sys.excepthook = lambda kind, error, traceback: print(kind.__name__, error, _lines(traceback))
    fail()


def own_unraisable_hook():
    sys.unraisablehook = lambda args: print(args.exc_type.__name__, args.exc_value, args.err_msg)
    in_finalizer()


def interrupt():
    raise KeyboardInterrupt


def exit_none():
    sys.exit()


def exit_object():
    sys.exit(["an", "object"])


def exit_negative():
    sys.exit(-1)


def exit_large():
    sys.exit(1 << 40)


def exit_float():
    sys.exit(2.5)


def exit_in_thread():
    threading.Thread(target=sys.exit, args=(5,)).start()


def exit_in_finally():
    try:
        fail()
    finally:
        sys.exit(6)


def exit_in_task():
    async def work():
        sys.exit(7)

    asyncio.run(work())


def in_handler_of_server():
    """A request whose handler fails: the server prints it and goes on."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            fail("in do_GET")

    with _served(Handler) as url, contextlib.suppress(OSError, http.client.HTTPException):
        urllib.request.urlopen(url)


def exit_in_handler_of_server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(418, "a teapot")
            raise SystemExit(3)

    with _served(Handler) as url:
        try:
            urllib.request.urlopen(url)
        except urllib.error.HTTPError as error:
            print(error.code, error.reason)
            raise


def client_without_server():
    urllib.request.urlopen("http://127.0.0.1:9/")


def in_log_handler():
    class Broken(logging.Handler):
        def emit(self, record):
            fail("in emit")

    logging.getLogger().addHandler(Broken())
    logging.warning("told")


def in_log_filter():
    logging.getLogger().addFilter(lambda record: fail("in the filter"))
    logging.warning("told")


def in_format():
    logging.warning("%d and %s", "no number")
    print("goes on")


def traceback_as_data():
    """What a program reads from its own tracebacks."""
    import inspect
    import traceback

    try:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(fail).result()
    except ShopError as error:
        print([(frame.name, frame.line) for frame in traceback.extract_tb(error.__traceback__)])
        print([frame.function for frame in inspect.trace()])


def _lines(traceback):
    names = []
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    return names


@contextlib.contextmanager
def _served(handler):
    server = http.server.HTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *args: (print("handle_error", sys.exc_info()[0].__name__, _lines(sys.exc_info()[2])))
    handler.log_message = lambda self, text, *args: print(text % args)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield "http://127.0.0.1:%d/" % server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


globals()[sys.argv[1]]()
