"""Makes a span and shows which variables of a trace context the program sees. Usage: work.py NAME"""

import os
import sys

from opentelemetry import trace

tracer = trace.get_tracer("work")
NAMES = ("TRACEPARENT", "TRACESTATE", "BAGGAGE", "OTELRUN_CONTEXT")


def show_variables(name):
    with tracer.start_as_current_span(name):
        print(name, {variable: os.environ[variable] for variable in NAMES if variable in os.environ}, flush=True)


if __name__ == "__main__":
    show_variables(sys.argv[1])
