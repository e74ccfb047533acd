"""One job: a span, a log record inside it and a count, as an application makes them with OpenTelemetry's API."""

import logging
import os

from opentelemetry import metrics, trace

tracer = trace.get_tracer("work")
counter = metrics.get_meter("work").create_counter("work.jobs")
logger = logging.getLogger("work")
logger.addHandler(logging.NullHandler())
logger.setLevel(logging.INFO)


def do(job):
    with tracer.start_as_current_span("work", attributes={"job": job, "pid": os.getpid()}):
        logger.info("did %s", job)
        counter.add(1)


if __name__ == "__main__":
    import sys

    for name in sys.argv[1:]:
        do(name)
