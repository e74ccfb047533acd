"""Records spans as fast as it can, in itself and in a child, until it is killed; forks another child when one is killed.

Usage: unkillable.py FOLDER. Says the process id of each child. Each process acknowledges a span that has ended by its id in a
file of 64-bit words, FOLDER/PID: the first word says how many follow. A stored word outlives its process.
"""

import mmap
import os
import sys

from opentelemetry import trace

WORDS = 1 << 18
tracer = trace.get_tracer("loss")


def open_acknowledgements(folder):
    with open(os.path.join(folder, str(os.getpid())), "w+b") as file:
        file.truncate(8 * WORDS)
        return memoryview(mmap.mmap(file.fileno(), 8 * WORDS)).cast("Q")


def record(acknowledged, count):
    span = tracer.start_span("work", attributes={"number": count})
    span.end()
    acknowledged[count] = span.get_span_context().span_id
    acknowledged[0] = count


def fork_child(folder):
    child = os.fork()
    if child == 0:
        acknowledged = open_acknowledgements(folder)
        for count in range(1, WORDS):
            record(acknowledged, count)
        os._exit(0)
    os.write(1, b"%d\n" % child)


def main():
    folder = sys.argv[1]
    acknowledged = open_acknowledgements(folder)
    fork_child(folder)
    for count in range(1, WORDS):
        record(acknowledged, count)
        if count % 16 == 0 and os.waitpid(-1, os.WNOHANG)[0]:
            fork_child(folder)


if __name__ == "__main__":
    main()
