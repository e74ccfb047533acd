"""Makes N spans, each with a log record and a count, in two halves, and ends in the way it is told.

Usage: ending.py N ENDING. Says "half" and "made" when a half is made and goes on when it is sent a line; the last thing it says
is "ending" with the monotonic clock and how long its first thread has waited for a processor so far, in ns. Endings by a signal wait for it; an end while a thread still records says "recorded"
and the number of each span that has ended.
"""

import itertools
import logging
import os
import signal
import sys
import threading
import time

from opentelemetry import metrics, trace

tracer = trace.get_tracer("loss")
counter = metrics.get_meter("loss").create_counter("loss.made")
logger = logging.getLogger("loss")
logger.addHandler(logging.NullHandler())
logger.setLevel(logging.INFO)


def make(number):
    with tracer.start_as_current_span("work", attributes={"number": number}):
        logger.info("made %d", number)
    counter.add(1)


def say(text):
    os.write(1, f"{text}\n".encode())


def say_ending():
    with open("/proc/self/schedstat") as file:
        waited_ns = file.read().split()[1]
    say(f"ending {time.monotonic_ns()} {waited_ns}")


def wait_for_signal():
    say_ending()
    while True:
        signal.pause()


def wait_for_signal_in_c():
    say_ending()
    sum(itertools.repeat(1))  # for ever, and never back in the interpreter's loop


def exit_in_handler():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
    wait_for_signal()


def raise_at_the_end():
    say_ending()
    raise ValueError("the end")


def leave_from_a_thread():
    say_ending()
    threading.Thread(target=os._exit, args=(4,)).start()
    threading.Event().wait()


def go_on_as(command, *arguments):
    say_ending()
    os.execv(command, [command, *arguments])


def end_while_a_thread_records(count):
    has_begun = threading.Event()

    def record():
        for number in itertools.count(count):
            make(number)
            say(f"recorded {number}")
            has_begun.set()
            time.sleep(0.0005)

    threading.Thread(target=record, daemon=True).start()
    has_begun.wait()
    say_ending()


def exit_after_10_ms():
    time.sleep(0.01)
    say_ending()


def end(ending, count):
    {
        "exit": say_ending,
        "sys_exit": lambda: (say_ending(), sys.exit(3)),
        "exception": raise_at_the_end,
        "signal": wait_for_signal,
        "handler": exit_in_handler,
        "in_c": wait_for_signal_in_c,
        "abort": lambda: (say_ending(), os.abort()),
        "os_exit": lambda: (say_ending(), os._exit(4)),
        "os_exit_in_thread": leave_from_a_thread,
        "execv_python": lambda: go_on_as(sys.executable, __file__, str(count), "again"),
        "execv_other": lambda: go_on_as("/bin/echo", "the next program"),
        "daemon_thread": lambda: end_while_a_thread_records(count),
        "exit_after_10_ms": exit_after_10_ms,
    }[ending]()


def main():
    count, ending = int(sys.argv[1]), sys.argv[2]
    if ending == "again":  # the second program of execv
        for number in range(count, 2 * count):
            make(number)
        return say_ending()
    for number in range(count // 2):
        make(number)
    say("half")
    sys.stdin.readline()
    for number in range(count // 2, count):
        make(number)
    say("made")
    sys.stdin.readline()
    return end(ending, count)


if __name__ == "__main__":
    main()
