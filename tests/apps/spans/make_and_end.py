"""Makes N spans, each with a log record and a count, then ends in the way it is told.

Usage: make_and_end.py N WAY [SECONDS]: seconds to live on after the last span, before the end.
"""

import logging
import os
import signal
import sys
import time

from opentelemetry import metrics, trace

tracer = trace.get_tracer("app")
counter = metrics.get_meter("app").create_counter("app.spans")
logger = logging.getLogger("app")
logger.addHandler(logging.NullHandler())
logger.setLevel(logging.INFO)


def make(count: int) -> None:
    for number in range(count):
        with tracer.start_as_current_span("work", attributes={"number": number}):
            logger.info("made %d", number)
        counter.add(1)


def end(way: str) -> None:
    if way == "exit":
        return
    if way == "sys_exit":
        sys.exit(3)
    if way == "exception":
        raise ValueError("the end")
    if way == "sigkill":
        time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "sigterm":
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    if way == "abort":
        os.abort()
    if way == "_exit":
        os._exit(4)
    if way == "execv":
        os.execv(sys.executable, [sys.executable, "-c", "print('the next program')"])
    if way == "execv_other":
        os.execv("/bin/echo", ["echo", "the next program"])
    raise AssertionError(way)


if __name__ == "__main__":
    make(int(sys.argv[1]))
    if len(sys.argv) > 3:
        time.sleep(float(sys.argv[3]))
    end(sys.argv[2])
