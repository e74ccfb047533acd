"""A flood into a small outbox: an endpoint that is slow loses nothing, one that is away gets the newest, and all are counted."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from otelrun.agent import accounting
from otelrun.ring import layout
from otelrun.ring.directory import list_runs
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import run_otelrun, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "burst.py")
DEADLINE_S = 120.0
MADE = 40_000
LIMIT = 1024 * 1024
PROFILE = """
file_format: "1.1"
distribution:
  otelrun:
    extends: default
    exit_budget_ms: {budget_ms}
    outbox_limit_mb: 1
    ring: {{size: 262144, hold_ms: 20000}}
"""


class SlowSink(OtlpSink):
    """Takes its time for the first answers."""

    def __init__(self):
        super().__init__(is_counting=True)
        self.may_answer = threading.Event()

    def receive(self, *arguments):
        self.may_answer.wait(DEADLINE_S)
        return super().receive(*arguments)


@pytest.fixture
def command(tmp_path):
    """Give what makes the flood; takes the budget."""

    def build(budget_ms):
        profile = tmp_path / "flood.yaml"
        profile.write_text(PROFILE.format(budget_ms=budget_ms), encoding="utf-8")
        return ["--profile", str(profile), sys.executable, APP, str(MADE), "2"]

    return build


def positions(folder):
    """Give how far the program has written its ring, and the agent the outbox; nothing before both are there."""
    found = []
    for run in list_runs(str(folder / "home")):
        paths = [os.path.join(run.rings, name) for name in os.listdir(run.rings)]
        outbox = os.path.join(run.outbox, "spans-0")
        if paths and os.path.exists(outbox):
            with open(paths[0], "rb") as ring:
                words = memoryview(ring.read(layout.HEADER_SIZE)).cast("Q")
            found = [words[layout.WORD_HEAD], os.path.getsize(outbox)]
    return found


def wait_until_held(folder):
    """Wait until nothing moves any more: the outbox has what it may have, and the program waits for its ring."""
    seen = []

    def is_still():
        seen.append(positions(folder))
        return seen[-1] and seen[-50:] == [seen[-1]] * 50

    wait_for(is_still, DEADLINE_S)
    assert LIMIT // 2 < seen[-1][1] < LIMIT


def spans_of(folder):
    """Give the account of the spans of the first run."""
    state = accounting.read(list_runs(str(folder / "home"))[-1])
    [row] = [row for row in state["destinations"] if row["signal"] == "spans"]
    return row, state["recorded"]["spans"]


def test_slow_endpoint_holds_the_program_and_loses_nothing(tmp_path, command):
    with SlowSink() as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        with start_otelrun(command(60_000), otelrun_dir=tmp_path / "home", env=env) as program:
            wait_until_held(tmp_path)
            sink.may_answer.set()
            result = program.finish(DEADLINE_S)
        assert (result.returncode, result.stdout) == (0, b"%d\n" % MADE)
        wait_until_idle(tmp_path / "home", DEADLINE_S)
        ids = sink.span_ids()
    row, recorded = spans_of(tmp_path)
    assert (row["exported"], row["held"], row["dropped"], recorded) == (MADE, 0, 0, MADE)
    assert (len(ids), len(set(ids))) == (MADE, MADE)


def test_endpoint_that_is_away_gets_what_was_held_and_the_rest_is_counted(tmp_path, command):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
    result = run_otelrun(command(100), otelrun_dir=tmp_path / "home", env=env, deadline_s=DEADLINE_S)
    assert (result.returncode, result.stdout) == (0, b"%d\n" % MADE)
    row, recorded = spans_of(tmp_path)
    assert row["exported"] == 0
    assert row["held"] + row["dropped"] == recorded == MADE
    assert row["reasons"] == {"outbox full": row["dropped"]}
    [run] = list_runs(str(tmp_path / "home"))
    assert os.path.getsize(os.path.join(run.outbox, "spans-0")) < 3 * 1024 * 1024
    with open(run.log, encoding="utf-8") as log:
        assert log.read().count("outbox full, dropping the oldest traces") == 1
    with OtlpSink(http_port=port, is_counting=True) as sink:
        run_otelrun([sys.executable, "-c", ""], otelrun_dir=tmp_path / "home", env=env)
        wait_for(lambda: not os.listdir(run.outbox), DEADLINE_S)
        ids = sink.span_ids()
    assert (len(ids), len(set(ids))) == (row["held"], row["held"])
    row, _ = spans_of(tmp_path)
    assert (row["exported"] + row["dropped"], row["held"]) == (MADE, 0)
