"""Makes N spans, each with a log record and a count, then ends in the way it is told: make_and_end.py N WAY."""

import logging
import os
import signal
import sys

from opentelemetry import metrics, trace

tracer = trace.get_tracer("app")
counter = metrics.get_meter("app").create_counter("app.spans")
logger = logging.getLogger("app")
logger.addHandler(logging.NullHandler())
logger.setLevel(logging.INFO)

for number in range(int(sys.argv[1])):
    with tracer.start_as_current_span("work", attributes={"number": number}):
        logger.info("made %d", number)
    counter.add(1)

if sys.argv[2] == "_exit":
    os._exit(4)
if sys.argv[2] != "sys_exit":
    os.kill(os.getpid(), getattr(signal, sys.argv[2].upper()))
sys.exit(3)
