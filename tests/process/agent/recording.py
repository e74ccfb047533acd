"""A program that records spans, logs and a counter straight into its ring, and ends as it is told. Not a test.

python recording.py COUNT ENDING
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

from otelrun.profile import handoff
from otelrun.ring.record import LOG, SPAN, SUM_CELLS, Scope
from otelrun.ring.recorder import Recorder, Sizes

TRACE_ID = 0x0123456789ABCDEF0123456789ABCDEF


def make_recorder(hold_ns=50_000_000):
    mine = handoff.read(os.environ["OTELRUN_HANDOFF"])
    ring = mine.profile().otelrun.ring
    return Recorder(
        os.path.join(mine.run_directory, "rings"),
        lambda: {"service.name": "recording", "process.pid": os.getpid()},
        sizes=Sizes(ring.size, ring.tables_size),
        hold_ns=hold_ns,
    )


def record_span(recorder, number, name="work"):
    scope = recorder.scope(Scope("test.scope", "1.0", "", {}))
    now = time.time_ns()
    attributes = {"number": number, "http.request.method": "GET", "url.path": "/checkout"}
    recorder.record(SPAN, (TRACE_ID, number + 1, 0, 0x101, name, 1, now - 1000, now, attributes, scope))


def record_log(recorder, number):
    scope = recorder.scope(Scope("test.scope", "1.0", "", {}))
    now = time.time_ns()
    recorder.record(LOG, (now, now, TRACE_ID, number + 1, 1, 9, "INFO", f"line {number}", {}, "", scope, 0))


def count(recorder, total):
    scope = recorder.scope(Scope("test.scope", "1.0", "", {}))
    definition = ("counter", "work.done", "1", "Work done", scope, {"kind": "test"}, (), time.time_ns())
    writer, first = recorder.series(definition, SUM_CELLS)
    writer.doubles[first] = total
    writer.words[first + 1] = time.time_ns()


def record_all(recorder, total, name="work"):
    for number in range(total):
        record_span(recorder, number, name)


def record_large(recorder, total):
    """Record a span that no socket's buffer can hold."""
    record_span(recorder, 0, "x" * 10_000_000)
    wait_for_stdin()


def leave_a_child(recorder, total):
    if os.fork() == 0:
        record_all(recorder, total, "child")
        os._exit(0)
    os.wait()


def leave_a_daemon(recorder, total):
    if os.fork() == 0:
        os.setsid()
        for fd in (0, 1, 2):
            os.close(fd)
        time.sleep(1.0)  # says nothing for longer than the agent's patience with silence
        record_all(recorder, total, "daemon")
        os._exit(0)


def describe_wait(wait):
    try:
        return f"child {wait()}"
    except ChildProcessError:
        return "no child"


def look_for_children(*_):
    print(*map(describe_wait, (os.wait, lambda: os.waitpid(-1, 0), lambda: os.waitpid(-1, os.WNOHANG))), sep="\n")
    usage = os.times()
    print(signal.sigpending(), usage.children_user, usage.children_system)
    print(subprocess.run(["true"], check=False).returncode)


def wait_for_stdin(*_):
    print("recorded", flush=True)
    sys.stdin.read()


def record_steadily(recorder, total):
    """Go on recording, a span a millisecond, until standard input ends; then print how many there are."""
    number = total
    print("recorded", flush=True)
    while not select.select([sys.stdin], [], [], 0.001)[0]:
        record_span(recorder, number)
        number += 1
    print(number, flush=True)


ENDINGS = {
    "return": lambda *_: None,
    "kill": lambda *_: os.kill(os.getpid(), signal.SIGKILL),
    "term": lambda *_: os.kill(os.getpid(), signal.SIGTERM),
    "os_exit": lambda *_: os._exit(3),
    "exec": lambda *_: os.execv(sys.executable, [sys.executable, __file__, "0", "return"]),
    "fork": leave_a_child,
    "daemonize": leave_a_daemon,
    "wait": wait_for_stdin,
    "steady": record_steadily,
    "large": record_large,
    "waitpid": look_for_children,
}


def main():
    total, ending = int(sys.argv[1]), sys.argv[2]
    recorder = make_recorder()
    record_all(recorder, total)
    for number in range(total):
        record_log(recorder, number)
    if total:
        count(recorder, total)
    ENDINGS[ending](recorder, total)


main()
