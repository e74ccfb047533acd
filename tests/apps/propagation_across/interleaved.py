"""Starts many programs from many threads at once, each inside a span of its own, or none. Usage: interleaved.py COUNT"""

import os
import subprocess
import sys
import threading

from opentelemetry import trace
from work import tracer

SHELL = 'echo "$TRACEPARENT"'
count = int(sys.argv[1])
wrong = []
start = threading.Barrier(8)


def popen():
    return subprocess.run(["sh", "-c", SHELL], capture_output=True, check=True).stdout


def given():
    return subprocess.run(["sh", "-c", SHELL], env={}, capture_output=True, check=True).stdout


def system(number):
    path = f"{sys.argv[2]}/{number}"
    os.system(f"{SHELL} > {path}")
    with open(path, "rb") as file:
        return file.read()


def work(thread):
    start.wait()
    for turn in range(count):
        number = f"{thread}-{turn}"
        way = (popen, given, lambda number=number: system(number))[turn % 3]
        if turn % 4 == 3:
            expected, found = "", way()
        else:
            with tracer.start_as_current_span(number) as span:
                context = span.get_span_context()
                expected, found = f"00-{context.trace_id:032x}-{context.span_id:016x}", way()
        found = found.decode().strip()
        if found.rpartition("-")[0] != expected:
            wrong.append((number, turn % 3, expected, found))


threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("wrong", wrong)
print(trace.get_current_span().get_span_context().is_valid, "TRACEPARENT" in os.environ)
print(os.popen(SHELL).read().strip())
