"""Programs that recurse to the limit through each function that otelrun patches. A script: prints JSON, ``{where: the error}``."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import logging
import sys
import threading

from passing import Handler, Request

ends = {}


def serve_with(kind):
    kind(Request(), ("127.0.0.1", 1), None)


def main():
    logger = logging.Logger("app")
    logger.addHandler(logging.NullHandler())

    def log_again(record):
        logger.warning("again")
        return True

    def ask(depth):
        http.client.HTTPConnection("127.0.0.1", 9).putrequest("GET", "/")
        ask(depth + 1)

    def start(depth):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        start(depth + 1)

    def go_down():
        go_down()

    class Deep(Handler):
        def do_GET(self):
            self.handle_one_request()

        def handle(self):
            self.rfile = Endless()
            self.handle_one_request()

    class Endless:
        closed = False
        lines = (b"GET / HTTP/1.0\r\n", b"\r\n")
        number = 0

        def readline(self, *_):
            self.number += 1
            return self.lines[(self.number - 1) % 2]

        def close(self):
            pass

    def measure(name, call):
        sys.setrecursionlimit(300)
        try:
            call()
        except RecursionError as error:
            ends[name] = [type(error).__name__, repr(error.__context__), repr(error.__cause__)]
        finally:
            sys.setrecursionlimit(1000)

    logger.addFilter(log_again)
    measure("filter", lambda: logger.warning("first"))
    measure("putrequest", lambda: ask(0))
    measure("start", lambda: start(0))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        measure("pool", lambda: pool.submit(go_down).result())
    measure("do_GET", lambda: serve_with(type("Handler", (Handler,), {"do_GET": lambda self: go_down()})))
    measure("handle_one_request", lambda: serve_with(Deep))
    print(json.dumps(ends))


if __name__ == "__main__":
    main()
