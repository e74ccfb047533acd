"""Makes N spans, and so does a daemon that it leaves running; ends once the daemon has made its own.

Usage: daemon_child.py N
"""

import os
import signal
import sys

from opentelemetry import metrics, trace

tracer = trace.get_tracer("app")
counter = metrics.get_meter("app").create_counter("app.spans")


def make(name, count):
    for number in range(count):
        with tracer.start_as_current_span(name, attributes={"number": number}):
            counter.add(1, {"who": name})


count = int(sys.argv[1])
make("program", count)
source, told = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        make("daemon", count)
        os.write(told, b".")
        while True:
            signal.pause()
    os._exit(0)
os.read(source, 1)
