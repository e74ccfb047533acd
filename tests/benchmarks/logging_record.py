"""What a log line costs more under ``logging``'s instrumentation: ours on the ring, and the SDK's own handler where it has one.

    python tests/benchmarks/logging_record.py [JSON FILE]

Lines are formatted and written to a stream that keeps nothing, inside a span. ``logging`` is loaded once per case, and one copy
stays bare. How it is measured is in ``sides.py``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile

from opentelemetry import trace
from opentelemetry._logs import _internal as logs_internal

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))

from otelrun.instrumentation import logging as instrumentation
from otelrun.instrumentation.patching import Ledger
from tests.benchmarks.sides import LOOPS, build_ours, build_sdk, measure, write_json

UNNAMED = {"export": False}
CORRELATION = {"export": False, "correlation": True}
EXPORT = {}
BOTH = {"correlation": True}


class Nowhere:
    """A stream that keeps nothing."""

    def write(self, text):
        pass

    def flush(self):
        pass


def load_logger(options=None, level="INFO"):
    """Load a copy of ``logging`` and give a logger of it that writes nowhere, instrumented if there are options."""
    usual = sys.modules["logging"]
    spec = importlib.util.find_spec("logging")
    module = importlib.util.module_from_spec(spec)
    sys.modules["logging"] = module
    try:
        spec.loader.exec_module(module)
        if options is not None:
            instrumentation.apply(Ledger(), options)
    finally:
        sys.modules["logging"] = usual
    module.basicConfig(stream=Nowhere(), level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return module.getLogger("shop.cart")


def inside(tracer, logger):
    """Give a function that logs ``LOOPS`` lines inside a span."""

    def run():
        with tracer.start_as_current_span("request"):
            for number in range(LOOPS):
                logger.info("added %s to the cart of %s", number, "ada")

    return run


def outside(logger):
    """Give a function that logs ``LOOPS`` lines outside of any span."""

    def run():
        for number in range(LOOPS):
            logger.info("added %s to the cart of %s", number, "ada")

    return run


def main():
    with tempfile.TemporaryDirectory() as directory:
        recorder, ours = build_ours(directory)
        trace._TRACER_PROVIDER = ours.traces
        tracer = ours.traces.get_tracer("benchmark")
        bare, unnamed, correlating, exporting, both, on_sdk = (
            load_logger(options) for options in (None, UNNAMED, CORRELATION, EXPORT, BOTH, BOTH)
        )
        logs_internal._LOGGER_PROVIDER = ours.logs
        exporting.info("takes its provider")
        both.info("takes its provider")
        logs_internal._LOGGER_PROVIDER = build_sdk().logs
        on_sdk.info("takes its provider")
        cases = {
            "no format names an id, inside": {"bare": inside(tracer, bare), "otelrun": inside(tracer, unnamed)},
            "export alone, inside": {"bare": inside(tracer, bare), "otelrun": inside(tracer, exporting)},
            "correlation, outside a span": {"bare": outside(bare), "otelrun": outside(correlating)},
            "correlation, inside a span": {"bare": inside(tracer, bare), "otelrun": inside(tracer, correlating)},
            "correlation and export, inside": {
                "bare": inside(tracer, bare),
                "otelrun": inside(tracer, both),
                "sdk": inside(tracer, on_sdk),
            },
        }
        best, dropped = measure(cases, recorder)
    print(f"{'us of CPU in the calling thread':32} {'bare':>8} {'+otelrun':>9} {'+sdk':>8} {'sdk/otelrun':>12}")
    for case, us in best.items():
        ours = us["otelrun"] - us["bare"]
        sdk = f"{us['sdk'] - us['bare']:8.2f} {(us['sdk'] - us['bare']) / ours:11.1f}x" if "sdk" in us else ""
        print(f"{case:32} {us['bare']:8.2f} {ours:9.2f} {sdk}")
    write_json(best, dropped)


if __name__ == "__main__":
    main()
