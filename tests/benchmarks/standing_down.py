"""What it costs a process to stand down, reason by reason, beside an interpreter that starts bare.

    python tests/benchmarks/standing_down.py [--rounds 15] [--json FILE]

Given is the time that ``site`` takes to import ``sitecustomize``, which is all that otelrun does there: the interpreter measures
it itself (``-X importtime``), so that the noise of starting processes is not in it. Least of all rounds, since what disturbs
only adds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, ROOT)

from otelrun import inheritance  # noqa: E402 - from this checkout
from otelrun.profile import handoff  # noqa: E402
from otelrun.profile.model import Profile  # noqa: E402
from tests.support.interpreters import find_interpreter  # noqa: E402
from tests.support.programs import environment  # noqa: E402

LIMIT_MS = 5.0
OLD = "3.9"


def import_ms(command: list[str], env: dict[str, str]) -> float:
    """Start an interpreter and give how long it imported ``sitecustomize``, with all that imports, in ms."""
    result = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]], env=env, capture_output=True, text=True, check=True
    )
    lines = [line.split("|") for line in result.stderr.splitlines() if line.rstrip().endswith("sitecustomize")]
    return max(int(line[1]) for line in lines) / 1000


def ways(directory: str) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Give each way to start: the command, and its environment."""
    text = handoff.write(Profile(), run_directory=directory, pipeline="agent")
    bare, carried = environment(), inheritance.add(environment(), text)
    tool = os.path.join(directory, "poetry")
    with open(tool, "w", encoding="utf-8"):
        pass
    program = [sys.executable, "-c", "pass"]
    path = os.pathsep.join((carried["PYTHONPATH"], "/nowhere/ddtrace/bootstrap"))
    found = {
        "bare": (program, bare),
        "OTELRUN_DISABLED=1": (program, {**carried, "OTELRUN_DISABLED": "1"}),
        "another agent": (program, {**carried, "PYTHONPATH": path}),
        "a tool": ([sys.executable, tool], carried),
        "observed": (program, carried),
    }
    old = find_interpreter(OLD)
    if old is not None:
        found[f"bare {OLD}"] = ([old, "-c", "pass"], bare)
        found[f"Python {OLD}"] = ([old, "-c", "pass"], carried)
    return found


def main() -> None:
    """Measure, print a table, write JSON; fail where standing down takes too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", metavar="FILE", help="write the results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="otelrun-standing-down-") as directory:
        os.mkdir(os.path.join(directory, "rings"))
        starts = ways(directory)
        times = {
            way: min(import_ms(command, env) for _ in range(arguments.rounds + 1))
            for way, (command, env) in starts.items()
        }
    added = {}
    for way, took in times.items():
        if not way.startswith("bare"):
            added[way] = round(took - times[f"bare {OLD}" if way.startswith("Python") else "bare"], 3)
            print(f"{way:20} +{added[way]:.2f} ms")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"added_ms": added}, file, indent=2)
    slow = [way for way, took in added.items() if way != "observed" and took > LIMIT_MS]
    if slow:
        raise SystemExit(f"more than {LIMIT_MS} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
