"""Serves made-up requests in several processes at once, each a trace of three spans and a log record.

Usage: writers.py PROCESSES TRACES SIZE

SIZE is that of one attribute of each span. Prints "done" when all of them are, and ends when its stdin does.
"""

import logging
import os
import sys

from opentelemetry import trace

tracer = trace.get_tracer("writers")
logger = logging.getLogger("writers")
logger.addHandler(logging.NullHandler())
logger.setLevel(logging.INFO)


def serve(number, text):
    attributes = {"number": number, "text": text}
    with tracer.start_as_current_span("request", kind=trace.SpanKind.SERVER, attributes=attributes):
        logger.info("request %s", number)
        for step in ("look", "answer"):
            with tracer.start_as_current_span(step, kind=trace.SpanKind.CLIENT, attributes=attributes):
                pass


def main():
    processes, traces, size = map(int, sys.argv[1:])
    children = 0
    while children < processes - 1 and os.fork():
        children += 1
    is_parent = children == processes - 1
    for number in range(traces):
        serve(number, "x" * size)
    if is_parent:
        for _ in range(children):
            os.wait()
        print("done", flush=True)
        sys.stdin.read()


main()
