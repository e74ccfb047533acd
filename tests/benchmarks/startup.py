"""What starting a program costs: CPU time of bare Python, of otelrun, and of ``opentelemetry-instrument``, interleaved.

    python tests/benchmarks/startup.py [--rounds 9] [--json FILE] [--upstream DIRECTORY]

CPU time is user and system time of the started process up to its end (``os.wait4``), launcher included, since it becomes the
program; the agent works beside it and is not in it. The program's share is measured by starting it as the launcher would,
with the shim and a handoff; the launcher's share is the rest. Upstream runs without exporters, which is its cheapest form.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from typing import Any

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, ROOT)

from otelrun.inheritance import add  # noqa: E402 - from this checkout
from otelrun.profile import handoff  # noqa: E402
from otelrun.profile.model import LoggerProvider, MeterProvider, Profile, TracerProvider  # noqa: E402
from tests.support.programs import environment, wait_until_idle  # noqa: E402

LAUNCHER = os.path.join(ROOT, "tests", "support", "launcher", "otelrun_from_checkout.py")
OURS = "http_server,http_client,futures,grpc_client,grpc_server,grpc_aio_client,grpc_aio_server"
UPSTREAM_ALONE = {
    "OTEL_PYTHON_DISTRO": "distro",
    "OTEL_PYTHON_CONFIGURATOR": "configurator",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": OURS,
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}
PROGRAMS = {
    "empty": "pass",
    "stdlib service": "import http.server, http.client, logging, threading, json, asyncio",
}


def cpu_ms(command: list[str], env: dict[str, str]) -> float:
    """Run a command to its end and give its CPU time in ms."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def measure(text: str, rounds: int, upstream: str | None, runs: str) -> dict[str, list[float]]:
    """Measure one program in all ways, one after the other, ``rounds`` times; the first round warms up and is dropped."""
    profile = Profile(
        tracer_provider=TracerProvider(), meter_provider=MeterProvider(), logger_provider=LoggerProvider()
    )
    handed_run = os.path.join(runs, "handed")
    os.makedirs(os.path.join(handed_run, "rings"))
    handed = handoff.write(profile, run_directory=handed_run, pipeline="agent")
    program = [sys.executable, "-c", text]
    ways: dict[str, tuple[list[str], dict[str, str]]] = {
        "bare": (program, environment()),
        "program": (program, add(environment(), handed)),
        "otelrun": ([sys.executable, LAUNCHER, *program], environment({"OTELRUN_DIR": runs})),
    }
    if upstream:
        python = os.path.join(upstream, "python")
        command = [os.path.join(upstream, "opentelemetry-instrument"), python, "-c", text]
        ways["upstream bare"] = ([python, "-c", text], environment())
        ways["opentelemetry-instrument"] = (command, environment(UPSTREAM_ALONE))
    times: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(rounds + 1):
        for way, (command, env) in ways.items():
            taken = cpu_ms(command, env)
            if way == "otelrun":
                wait_until_idle(runs)
            if turn:
                times[way].append(taken)
    return times


def summarise(times: dict[str, list[float]]) -> dict[str, float]:
    """Give the medians and what was added to bare, in ms."""
    median = {way: statistics.median(values) for way, values in times.items()}
    found = {
        "bare_ms": median["bare"],
        "program_added_ms": median["program"] - median["bare"],
        "launcher_added_ms": median["otelrun"] - median["program"],
        "otelrun_added_ms": median["otelrun"] - median["bare"],
        "otelrun_ratio": median["otelrun"] / median["bare"],
    }
    if "opentelemetry-instrument" in median:
        found["upstream_added_ms"] = median["opentelemetry-instrument"] - median["upstream bare"]
        found["upstream_ratio"] = median["opentelemetry-instrument"] / median["upstream bare"]
        found["upstream_added_over_ours"] = found["upstream_added_ms"] / found["otelrun_added_ms"]
    return {name: round(value, 2) for name, value in found.items()}


def machine() -> dict[str, Any]:
    """Say where this was measured."""
    return {
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", metavar="FILE", help="write the results and the machine's facts")
    parser.add_argument("--upstream", metavar="DIRECTORY", help="bin directory that has opentelemetry-instrument")
    arguments = parser.parse_args()
    beside = os.path.dirname(sys.executable)
    upstream = arguments.upstream or beside
    if not os.path.exists(os.path.join(upstream, "opentelemetry-instrument")):
        upstream = None
    results: dict[str, Any] = {"machine": machine(), "rounds": arguments.rounds, "programs": {}}
    for name, text in PROGRAMS.items():
        with tempfile.TemporaryDirectory(prefix="otelrun-startup-") as runs:
            times = measure(text, arguments.rounds, upstream, runs)
        found = summarise(times)
        results["programs"][name] = {"summary": found, "cpu_ms": times}
        print(f"{name}: bare {found['bare_ms']:.1f} ms CPU")
        print(
            f"  otelrun                   +{found['otelrun_added_ms']:.1f} ms ({found['otelrun_ratio']:.2f} x bare): "
            f"launcher +{found['launcher_added_ms']:.1f}, program +{found['program_added_ms']:.1f}"
        )
        if "upstream_ratio" in found:
            print(
                f"  opentelemetry-instrument  +{found['upstream_added_ms']:.1f} ms ({found['upstream_ratio']:.2f} x bare): "
                f"{found['upstream_added_over_ours']:.1f} times what otelrun adds"
            )
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=2)


if __name__ == "__main__":
    main()
