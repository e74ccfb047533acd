"""A flood from eight threads: with the hold policy nothing is lost, with the drop policy every lost span is counted."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from otelrun.agent import accounting
from otelrun.ring.directory import list_runs
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.process, pytest.mark.timeout(660)]

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "burst.py")
THREADS = 8
DEADLINE_S = 300.0
PROFILE = """
file_format: "1.1"
distribution:
  otelrun:
    extends: default
    exit_budget_ms: 60000
    ring: {{hold_ms: {hold_ms}}}
"""


class Burst(NamedTuple):
    """What became of the spans of one run: at the endpoint, and in the run's accounts."""

    received: int
    distinct: int
    recorded: int
    dropped: int
    torn: int
    destination: dict[str, int]


def run_burst(folder: Path, made: int, hold_ms: int) -> Burst:
    profile = folder / "burst.yaml"
    profile.write_text(PROFILE.format(hold_ms=hold_ms), encoding="utf-8")
    with OtlpSink(is_counting=True) as sink:
        result = run_otelrun(
            ["--profile", str(profile), sys.executable, APP, str(made), str(THREADS)],
            otelrun_dir=folder / "home",
            env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint},
            deadline_s=DEADLINE_S,
        )
        ids = sink.span_ids()
    assert (result.returncode, result.stdout) == (0, b"%d\n" % made)
    (run,) = list_runs(str(folder / "home"))
    state = accounting.read(run)
    (spans,) = (row for row in state["destinations"] if row["signal"] == "spans")
    destination = {what: spans[what] for what in ("exported", "held", "dropped")}
    recorded, dropped = state["recorded"]["spans"], state["dropped"].get("spans", 0)
    told = result.stderr.splitlines()
    assert len(told) <= bool(dropped), "that records are dropped is told once, if the program still runs"
    assert all(b"records more than can be read" in line for line in told)
    return Burst(len(ids), len(set(ids)), recorded, dropped, state["torn"], destination)


@pytest.fixture
def made(request: pytest.FixtureRequest) -> int:
    return 500_000 if request.config.getoption("--full") else 100_000


def test_none_is_lost_where_the_producer_is_held(tmp_path: Path, made: int) -> None:
    burst = run_burst(tmp_path, made, hold_ms=5_000)
    assert burst == Burst(made, made, made, 0, 0, {"exported": made, "held": 0, "dropped": 0})


def test_each_is_received_or_counted_where_nobody_waits(tmp_path: Path, made: int) -> None:
    burst = run_burst(tmp_path, made, hold_ms=0)
    received = made - burst.dropped
    assert burst == Burst(received, received, made, burst.dropped, 0, {"exported": received, "held": 0, "dropped": 0})
    assert burst.dropped > 0, "the flood is no flood"
