"""A day in little: 200 short-lived processes in one run, the endpoint now up, now away: nothing lost, nothing piles up."""

from __future__ import annotations

import os
import statistics
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from otelrun.agent import accounting
from otelrun.ring.directory import list_runs
from tests.process.loss.agents import agents_of
from tests.support.otlp_sink import Behaviour, OtlpSink, free_port
from tests.support.programs import start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from otelrun.ring.directory import RunDirectory

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "many.py")
PROCESSES = 200
EACH = 20
"""Spans, log records and counts of each process."""
STATES = [Behaviour(), None, Behaviour(status=503), Behaviour(hang=True)]
CHANGES = 20
"""How often the endpoint's state changes while the program runs."""

DEADLINE_S = 120.0
SAMPLE_S = 0.1
PROFILE = """
file_format: "1.1"
distribution:
  otelrun:
    extends: default
    exit_budget_ms: 60000
"""


def memory_kb(run: RunDirectory) -> int:
    """Give what the processes of the run's agent have in memory of their own, files aside; 0 without any."""
    total = 0
    for agent in agents_of(run):
        with suppress(OSError), open(f"/proc/{agent.pid}/smaps_rollup", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))
    return total


def test_nothing_is_lost_and_nothing_piles_up(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seconds = 180 if request.config.getoption("--full") else 40
    profile = tmp_path / "long.yaml"
    profile.write_text(PROFILE, encoding="utf-8")
    home = tmp_path / "home"
    samples: list[int] = []
    with OtlpSink(http_port=free_port()) as sink:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        }
        command = ["--profile", str(profile), sys.executable, APP, str(PROCESSES), str(seconds), str(EACH)]
        with (
            sink.flapping(STATES, seconds / CHANGES),
            start_otelrun(command, otelrun_dir=home, env=env) as program,
        ):
            run = wait_for(lambda: list_runs(str(home)), DEADLINE_S, what="the run")[0]

            def is_over() -> bool:
                samples.append(memory_kb(run))
                return program.has_ended

            wait_for(is_over, seconds + DEADLINE_S, what="the program's end", poll_s=SAMPLE_S)
            result = program.finish()
        wait_until_idle(home, DEADLINE_S)
    assert (result.returncode, result.stdout) == (0, b"")
    lines = result.stderr.splitlines()
    assert [line for line in lines if not line.startswith(b"otelrun: ")] == []
    assert len(lines) <= CHANGES
    check_received(sink)
    check_memory([sample for sample in samples if sample])
    check_clean(run)


def check_received(sink: OtlpSink) -> None:
    """Each span and log record came once; each process counted its own, and was an instance of its own."""
    made = (PROCESSES + 1) * EACH
    assert sink.counts()["traces"] == sink.counts()["logs"] == made
    assert sorted(span.attributes["number"] for span in sink.spans()) == list(range(made))
    assert sorted(log.body for log in sink.logs()) == sorted(f"made {number}" for number in range(made))
    counted: dict[str, list[float | None]] = {}
    for metric in sink.metrics():
        values = counted.setdefault(metric.resource["service.instance.id"], [])
        values += [point.value for point in metric.points]
    assert [max(value or 0 for value in values) for values in counted.values()] == [EACH] * (PROCESSES + 1)


def check_memory(samples: list[int]) -> None:
    third = len(samples) // 3
    middle, last = statistics.median(samples[third : 2 * third]), statistics.median(samples[2 * third :])
    print(f"{len(samples)} samples; middle third {middle} kB, last third {last} kB, most {max(samples)} kB")
    assert third > 10
    assert last <= 1.1 * middle


def check_clean(run: RunDirectory) -> None:
    assert os.listdir(run.rings) + os.listdir(run.outbox) == []
    assert [
        name for _, _, names in os.walk(run.path) for name in names if name.endswith((".new", "-journal", "-wal"))
    ] == []
    state = accounting.read(run)
    made = (PROCESSES + 1) * EACH
    assert (state["recorded"]["spans"], state["recorded"]["logs"], state["torn"]) == (made, made, 0)
