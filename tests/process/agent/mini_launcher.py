"""A launcher in miniature: makes a run, starts its agent, and becomes the program. Not a test.

    python mini_launcher.py ROOT EXPORTERS PROGRAM [ARGUMENTS]

EXPORTERS is JSON: ``{"endpoint": URL, "kind": …, "exit_budget_ms": …, "store": …, …}``; other keys are fields of ``Exporter``.
With ``"is_broken": true`` each worker of the agent fails as soon as there is something to read.
Prints ``<run directory> <agent pid>`` on stderr's place, the file ROOT/started.
"""

from __future__ import annotations

import json
import os
import sys

from otelrun.agent import loop, process
from otelrun.profile import handoff
from otelrun.profile.model import (
    Exporter,
    LoggerProvider,
    MeterProvider,
    MetricReader,
    Otelrun,
    Processor,
    Profile,
    Ring,
    Store,
    TracerProvider,
)
from otelrun.ring.directory import create_run


def build_profile(options):
    endpoint = options.pop("endpoint")
    kind = options.pop("kind", "otlp_http")
    own = Otelrun(
        exit_budget_ms=options.pop("exit_budget_ms", 2000),
        store=Store(
            enabled=options.pop("store", True),
            keep_runs=options.pop("keep_runs", 20),
            max_run_mb=options.pop("max_run_mb", 256),
        ),
        self_metrics=options.pop("self_metrics", False),
        ring=Ring(size=options.pop("ring_size", 4 * 1024 * 1024)),
    )
    interval_ms = options.pop("interval_ms", 60_000)
    delay_ms = options.pop("schedule_delay_ms", 100)

    def exporter(path):
        return Exporter(kind, endpoint=endpoint + (f"/v1/{path}" if kind == "otlp_http" else ""), **options)

    return Profile(
        name="test",
        tracer_provider=TracerProvider((Processor("batch", exporter("traces"), schedule_delay_ms=delay_ms),)),
        logger_provider=LoggerProvider((Processor("batch", exporter("logs"), schedule_delay_ms=delay_ms),)),
        meter_provider=MeterProvider((MetricReader(exporter("metrics"), interval_ms=interval_ms),)),
        otelrun=own,
    )


def fail(*_):
    raise RuntimeError("broken")


def main():
    root, options, *program = sys.argv[1:]
    options = json.loads(options)
    keep_stdout = options.pop("keep_stdout", False)
    if options.pop("is_broken", False):
        loop.follow = fail
    run = create_run(root)
    text = handoff.write(build_profile(options), run_directory=run.path, pipeline="agent")
    process.describe(run, text, {"run_id": run.run_id, "command": program, "root_pid": os.getpid()})
    pid = process.start(run, root_pid=os.getpid(), keep_stdout=keep_stdout)
    with open(os.path.join(root, "started"), "w", encoding="utf-8") as file:
        file.write(f"{run.path} {pid}")
    environment = {**os.environ, "OTELRUN_HANDOFF": text}
    os.execve(sys.executable, [sys.executable, *program], environment)


main()
