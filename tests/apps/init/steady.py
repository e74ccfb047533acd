"""Makes N spans, says so, and lives on until it is killed.

Usage: steady.py N
"""

import signal
import sys

from opentelemetry import trace

tracer = trace.get_tracer("app")
for number in range(int(sys.argv[1])):
    with tracer.start_as_current_span("work", attributes={"number": number}):
        pass
print("made", flush=True)
while True:
    signal.pause()
