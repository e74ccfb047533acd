"""How much longer a program is there for its exit summary, on a terminal: from its last line to the end of its process.

    python tests/benchmarks/exit_summary.py [--rounds 9] [--spans 20]

Interleaved with the same program without a summary. ``--spans 100000`` is a large run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from time import monotonic

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, ROOT)

from tests.support.programs import DEADLINE_S, otelrun_command, wait_until_idle  # noqa: E402 - from this checkout
from tests.support.terminal import Terminal  # noqa: E402

PROGRAM = """
import sys, time
from opentelemetry import trace
tracer = trace.get_tracer("benchmark")
for number in range(int(sys.argv[1]) // 4):
    with tracer.start_as_current_span(f"GET /{number % 20}", kind=trace.SpanKind.SERVER):
        for _ in range(3):
            with tracer.start_as_current_span("SELECT", kind=trace.SpanKind.CLIENT, attributes={"db.system": "sqlite"}):
                pass
    if number % 500 == 0:
        time.sleep(0.05)
time.sleep(1)
print("the end", flush=True)
"""


def wait_ms(spans: int, mode: str, runs: str) -> tuple[float, str]:
    """Run it once; give how long it was there after its last line, and what was written after that."""
    command = [*otelrun_command(), sys.executable, "-c", PROGRAM, str(spans)]
    with Terminal(command, {"OTELRUN_DIR": runs, "OTELRUN_SUMMARY": mode, "TERM": "dumb"}) as terminal:
        deadline = monotonic() + DEADLINE_S
        while b"the end" not in terminal.read() and monotonic() < deadline:
            terminal.process.poll()
        begun = monotonic()
        terminal.process.wait(DEADLINE_S)
        taken = monotonic() - begun
        written = terminal.text.partition("the end\n")[2]
    wait_until_idle(runs)
    return taken * 1000, written


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--spans", type=int, default=20)
    arguments = parser.parse_args()
    times: dict[str, list[float]] = {"off": [], "full": []}
    written = ""
    with tempfile.TemporaryDirectory(prefix="otelrun-summary-") as runs:
        for _ in range(arguments.rounds):
            for mode, found in times.items():
                taken, said = wait_ms(arguments.spans, mode, runs)
                found.append(taken)
                written = said or written
    for mode, found in times.items():
        print(f"{mode:<5} median {statistics.median(found):6.1f} ms, least {min(found):6.1f}, most {max(found):6.1f}")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n{written}")


if __name__ == "__main__":
    main()
