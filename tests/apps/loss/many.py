"""A day in little: starts many short-lived processes one after the other; each makes spans, log records and counts, and ends.

Usage: many.py PROCESSES SECONDS EACH. Some are forked, some are other programs; half of them are killed when they have recorded.
"""

import logging
import os
import signal
import subprocess
import sys
import time

from opentelemetry import metrics, trace

tracer = trace.get_tracer("loss")
counter = metrics.get_meter("loss").create_counter("loss.made")
logger = logging.getLogger("loss")
logger.addHandler(logging.NullHandler())
logger.setLevel(logging.INFO)


def make(process, each):
    for number in range(process * each, (process + 1) * each):
        with tracer.start_as_current_span("work", attributes={"number": number}):
            logger.info("made %d", number)
        counter.add(1)


def live(process, each):
    make(process, each)
    if process % 2:
        os.kill(os.getpid(), signal.SIGKILL)


def start(process, each):
    if process % 8 < 2:
        command = [sys.executable, __file__, "one", str(process), str(each)]
        return subprocess.Popen(command).wait()
    child = os.fork()
    if child == 0:
        live(process, each)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    if sys.argv[1] == "one":
        return live(int(sys.argv[2]), int(sys.argv[3]))
    processes, seconds, each = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    make(0, each)
    begun = time.monotonic()
    for process in range(1, processes + 1):
        time.sleep(max(0, begun + seconds * process / processes - time.monotonic()))
        status = start(process, each)
        assert status == (-signal.SIGKILL if process % 2 else 0), status
    return None


if __name__ == "__main__":
    main()
