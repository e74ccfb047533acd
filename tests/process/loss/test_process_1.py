"""Process 1 of a container takes its agent with it when it ends: what it recorded is delivered before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import DEADLINE_S, environment, run_otelrun

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "ending.py")
LAUNCHER = os.path.join(os.path.dirname(__file__), "..", "..", "support", "launcher", "otelrun_from_checkout.py")
CONTAINER = ["unshare", "--user", "--map-root-user", "--fork", "--pid", "--mount-proc"]
MADE = 20
NOTICEABLE_S = 1.0


def can_make_a_container() -> bool:
    if shutil.which(CONTAINER[0]) is None:
        return False
    return subprocess.run([*CONTAINER, "true"], check=False, capture_output=True, timeout=DEADLINE_S).returncode == 0


pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not can_make_a_container(), reason="needs user and process namespaces"),
]


def run_contained(otelrun_dir, endpoint):
    env = {"OTELRUN_DIR": str(otelrun_dir), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    command = [*CONTAINER, sys.executable, LAUNCHER, sys.executable, APP, str(MADE), "sys_exit"]
    return subprocess.run(
        command, env=environment(env), check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S
    )


def test_all_is_delivered_when_it_has_ended(tmp_path):
    with OtlpSink() as sink:
        result = run_contained(tmp_path, sink.http_endpoint)
        assert (result.returncode, result.stderr) == (3, b"")
        assert sorted(span.attributes["number"] for span in sink.spans()) == list(range(MADE))
        assert [log.body for log in sink.logs()] == [f"made {number}" for number in range(MADE)]
        assert [point.value for row in sink.metrics() for point in row.points] == [MADE]


def test_it_does_not_wait_for_an_endpoint_that_is_away_and_the_next_start_delivers(tmp_path):
    port = free_port()
    started = time.monotonic()
    result = run_contained(tmp_path, f"http://127.0.0.1:{port}")
    assert result.returncode == 3
    assert result.stderr.count(b"\n") <= 1, "one line says that telemetry is held"
    assert time.monotonic() - started < NOTICEABLE_S + 1
    with OtlpSink(http_port=port) as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        run_otelrun([sys.executable, "-c", "pass"], otelrun_dir=tmp_path, env=env)
        assert sorted(span.attributes["number"] for span in sink.spans()) == list(range(MADE))
