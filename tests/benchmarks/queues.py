"""What an item costs more under ``queue``'s instrumentation: put and got by one thread, with and without a current context.

    python tests/benchmarks/queues.py [JSON FILE]

``queue`` is loaded once per side, and one copy stays bare. How it is measured is in ``sides.py``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile

from opentelemetry import context, trace

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))

from otelrun.instrumentation import queue as instrumentation
from otelrun.instrumentation.patching import Ledger
from tests.benchmarks.sides import LOOPS, build_ours, measure, write_json


def load_queue(*, is_patched):
    """Load a copy of ``queue``."""
    usual = sys.modules["queue"]
    spec = importlib.util.find_spec("queue")
    module = importlib.util.module_from_spec(spec)
    sys.modules["queue"] = module
    try:
        spec.loader.exec_module(module)
        if is_patched:
            instrumentation.apply(Ledger(), {})
    finally:
        sys.modules["queue"] = usual
    return module


def put_and_get(queue):
    """Give a function that puts and gets ``LOOPS`` items in the current context."""
    items = queue.Queue()

    def run():
        for number in range(LOOPS):
            items.put(number)
            items.get()

    return run


def put_inside(queue, producer):
    """Give a function that puts ``LOOPS`` items in the context ``producer``, and gets them outside of it."""
    items = queue.Queue()

    def run():
        for number in range(LOOPS):
            token = context.attach(producer)
            items.put(number)
            context.detach(token)
            items.get()

    return run


def main():
    bare, patched = load_queue(is_patched=False), load_queue(is_patched=True)
    with tempfile.TemporaryDirectory() as directory:
        recorder, ours = build_ours(directory)
        with ours.traces.get_tracer("benchmark").start_as_current_span("request") as span:
            producer = trace.set_span_in_context(span)
        cases = {
            "no context is current": {"bare": put_and_get(bare), "otelrun": put_and_get(patched)},
            "put in a span, got outside": {
                "bare": put_inside(bare, producer),
                "otelrun": put_inside(patched, producer),
            },
        }
        best, dropped = measure(cases, recorder)
    print(f"{'us of CPU in the calling thread':32} {'bare':>8} {'+otelrun':>9}")
    for case, us in best.items():
        print(f"{case:32} {us['bare']:8.2f} {us['otelrun'] - us['bare']:9.2f}")
    write_json(best, dropped)


if __name__ == "__main__":
    main()
