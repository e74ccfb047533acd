"""Apply all of otelrun's own instrumentations of the standard library, or of what is installed, and print what they patched.

    points.py stdlib|grpc

A script. Needs otelrun on ``sys.path``; for gRPC also the OpenTelemetry API, which is patched, too. Prints one JSON object: instrumentation → the points, each
``module.Class.function``; and under ``notices`` what otelrun had to tell.
"""

from __future__ import annotations

import importlib
import json
import sys

OPTIONS = {
    "asyncio": {"task_spans": ["*"], "loop_lag": True, "slow_callback_ms": 100},
    "http_server": {"body_sizes": True},
}
HELPERS = ("eventlet_locks", "http_server_command")  # for one other library, and for one way to start a server


def label(owner, name):
    return ".".join([owner.__module__, owner.__qualname__, name] if isinstance(owner, type) else [owner.__name__, name])


def main():
    from otelrun import diagnostics
    from otelrun.instrumentation import registry
    from otelrun.instrumentation.patching import Ledger

    found = {"notices": []}
    diagnostics.add_listener(lambda _, text: found["notices"].append(text))
    for trigger, modules in registry.OWN.items():
        if trigger.startswith(("grpc", "opentelemetry")) != (sys.argv[1] == "grpc"):
            continue
        for name in modules:
            if name in HELPERS:
                continue
            importlib.import_module(trigger)
            ledger = Ledger()
            options = OPTIONS.get(registry.entry_point_name(name), {})
            importlib.import_module(f"otelrun.instrumentation.{name}").apply(ledger, options)
            found[name] = sorted(label(owner, attribute) for owner, attribute, *_ in ledger._entries)
            ledger.undo()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
