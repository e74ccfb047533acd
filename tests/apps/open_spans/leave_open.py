"""Ends in the given way while spans are open.

Usage: leave_open.py WAY
"""

import logging
import os
import signal
import sys
import threading

from opentelemetry import trace

tracer = trace.get_tracer("app")
logger = logging.getLogger("app")
logger.addHandler(logging.NullHandler())
logger.setLevel(logging.INFO)


def end(way):
    if way == "sigkill":
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "sigterm":
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    if way == "_exit":
        os._exit(4)
    if way == "execv":
        os.execv(sys.executable, [sys.executable, "-c", "input()"])


def wait_in_a_span():
    with tracer.start_as_current_span("in a thread"):
        threading.Event().wait()


def main(way):
    tracer.start_span("never ended")
    with tracer.start_as_current_span("ended before"):
        pass
    with tracer.start_as_current_span("GET /items", kind=trace.SpanKind.SERVER, attributes={"url.path": "/items"}):
        with tracer.start_as_current_span("query"):
            logger.info("about to end")
            thread = threading.Thread(target=wait_in_a_span, daemon=True)
            thread.start()
            with tracer.start_as_current_span("ended inside"):
                pass
            end(way)


if __name__ == "__main__":
    main(sys.argv[1])
