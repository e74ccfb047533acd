"""With ``runtime_metrics`` the endpoint learns what each process of the run used, and the processes do nothing for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc here"),
]

APPS = Path(__file__).parents[2] / "apps"
ASKED = """
file_format: "1.1"
distribution: {otelrun: {extends: default, runtime_metrics: true}}
"""
MIB = 1024 * 1024


def run(tmp_path, program, *options):
    with OtlpSink() as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        result = run_otelrun(
            [*options, sys.executable, os.fspath(APPS / program)], otelrun_dir=tmp_path / "runs", env=env
        )
    return result, sink


def used(sink, pid):
    """Give the newest value of each series about one process: the metric, and the attribute's value if it has one."""
    return {
        (metric.name, *point.attributes.values()): point.value
        for metric in sink.metrics()
        if metric.resource["process.pid"] == pid and metric.scope.name == "otelrun.agent"
        for point in metric.points
    }


def test_each_process_of_the_run_has_its_numbers(tmp_path):
    profile = tmp_path / "profile.yaml"
    profile.write_text(ASKED)
    result, sink = run(tmp_path, "using/usage.py", "--profile", os.fspath(profile))
    assert result.returncode == 0
    pids = [int(line) for line in result.stdout.split()]
    assert len(set(pids)) == 2
    for pid in pids:
        found = used(sink, pid)
        assert 0.5 < found["process.cpu.time", "user"] + found["process.cpu.time", "system"] < 10
        assert 64 * MIB < found["process.memory.usage",] < 400 * MIB
        assert found["process.memory.virtual",] > found["process.memory.usage",]
        assert found["process.thread.count",] == 6  # none of ours
        assert found["process.unix.file_descriptor.count",] >= 23
        assert found["process.context_switches", "voluntary"] > 0
        assert found["process.context_switches", "involuntary"] >= 0
        assert found["process.paging.faults", "minor"] > 64 * MIB / 4096 / 2
        assert found["process.paging.faults", "major"] >= 0
        assert 1 < found["process.uptime",] < 60
        assert len(found) == 11


def test_the_store_has_them_too(tmp_path):
    profile = tmp_path / "profile.yaml"
    profile.write_text(ASKED)
    run(tmp_path, "using/usage.py", "--profile", os.fspath(profile))
    import sqlite3

    (path,) = (tmp_path / "runs").rglob("store.db")
    with sqlite3.connect(path) as store:
        names = {name for (name,) in store.execute("SELECT name FROM metric")}
    store.close()
    assert {"process.cpu.time", "process.memory.usage", "process.thread.count"} <= names


def test_without_it_there_are_none(tmp_path):
    result, sink = run(tmp_path, "hello/hello.py")
    assert result.returncode == 0
    assert not [metric.name for metric in sink.metrics() if metric.name.startswith("process.")]
