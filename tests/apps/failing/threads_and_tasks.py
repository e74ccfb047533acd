"""Failures that nobody catches: in threads, a task, a callback, and at the end of the program; inside requests and outside.

    threads_and_tasks.py default|own

``own``: with hooks and handlers of the program's.
"""

import asyncio
import gc
import http.client
import http.server
import sys
import threading

IS_OWN = sys.argv[1] == "own"

if IS_OWN:
    sys.excepthook = lambda kind, error, _: print("own hook", kind.__name__, error, flush=True)
    threading.excepthook = lambda args: print("own thread hook", args.exc_type.__name__, args.thread.name, flush=True)


class OrderError(Exception):
    pass


def fail(what):
    raise OrderError(what)


async def fail_later(what):
    raise OrderError(what)


async def leave_a_task():
    loop = asyncio.get_running_loop()
    if IS_OWN:
        loop.set_exception_handler(lambda _, told: print("own handler", told["message"], flush=True))
    asyncio.ensure_future(fail_later("in a task"))  # noqa: RUF006 - it is to be dropped
    loop.call_soon(fail, "in a callback")
    await asyncio.sleep(0.01)
    gc.collect()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        thread = threading.Thread(target=fail, args=("in a thread",), name="restock")
        thread.start()
        thread.join()
        asyncio.run(leave_a_task())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
    serving = threading.Thread(target=server.handle_request)
    serving.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", "/")
    print(connection.getresponse().status, flush=True)
    connection.close()
    serving.join()

print(sys.excepthook is sys.__excepthook__, threading.excepthook is threading.__excepthook__, flush=True)
leaving = threading.Thread(target=sys.exit, name="leaving")
leaving.start()
leaving.join()
fail("at the end")
