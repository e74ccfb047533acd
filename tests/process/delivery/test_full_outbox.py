"""A flood into a small outbox: an endpoint that is slow loses nothing, one that is away gets the newest, and all are counted."""

from __future__ import annotations

import os
import sys

import pytest

from otelrun.agent import accounting
from otelrun.ring.directory import list_runs
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import run_otelrun
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "burst.py")
DEADLINE_S = 120.0
MADE = 40_000
PROFILE = """
file_format: "1.1"
distribution:
  otelrun:
    extends: default
    exit_budget_ms: {budget_ms}
    outbox_limit_mb: 1
    ring: {{size: 262144, hold_ms: 20000}}
"""


def flood(folder, url, budget_ms):
    profile = folder / "flood.yaml"
    profile.write_text(PROFILE.format(budget_ms=budget_ms), encoding="utf-8")
    command = ["--profile", str(profile), sys.executable, APP, str(MADE), "2"]
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
    result = run_otelrun(command, otelrun_dir=folder / "home", env=env, deadline_s=DEADLINE_S)
    assert (result.returncode, result.stdout) == (0, b"%d\n" % MADE)
    return result


def spans_of(folder):
    """Give the account of the spans of the first run."""
    state = accounting.read(list_runs(str(folder / "home"))[-1])
    [row] = [row for row in state["destinations"] if row["signal"] == "spans"]
    return row, state["recorded"]["spans"]


def test_slow_endpoint_holds_the_program_and_loses_nothing(tmp_path):
    with OtlpSink(is_counting=True) as sink:
        flood(tmp_path, sink.http_endpoint, budget_ms=60_000)
        ids = sink.span_ids()
    row, recorded = spans_of(tmp_path)
    assert (row["exported"], row["held"], row["dropped"], recorded) == (MADE, 0, 0, MADE)
    assert (len(ids), len(set(ids))) == (MADE, MADE)


def test_endpoint_that_is_away_gets_what_was_held_and_the_rest_is_counted(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    flood(tmp_path, url, budget_ms=100)
    row, recorded = spans_of(tmp_path)
    assert row["exported"] == 0
    assert row["held"] + row["dropped"] == recorded == MADE
    assert row["reasons"] == {"outbox full": row["dropped"]}
    [run] = list_runs(str(tmp_path / "home"))
    assert os.path.getsize(os.path.join(run.outbox, "spans-0")) < 3 * 1024 * 1024
    with open(run.log, encoding="utf-8") as log:
        assert log.read().count("outbox full, dropping the oldest traces") == 1
    with OtlpSink(http_port=port, is_counting=True) as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
        run_otelrun([sys.executable, "-c", ""], otelrun_dir=tmp_path / "home", env=env)
        wait_for(lambda: not os.listdir(run.outbox), DEADLINE_S)
        ids = sink.span_ids()
    assert (len(ids), len(set(ids))) == (row["held"], row["held"])
    row, _ = spans_of(tmp_path)
    assert (row["exported"] + row["dropped"], row["held"]) == (MADE, 0)
