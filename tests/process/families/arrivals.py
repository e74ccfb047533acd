"""Runs a program of ``tests/apps/families`` bare and under otelrun, and compares what arrived with what it did.

Each job of such a program is a span, a log record in it and a count of one, made in the process that the span names.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from otelrun.ring.directory import list_runs
from tests.support.programs import run_otelrun, run_python
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.support.otlp_sink import OtlpSink
    from tests.support.programs import Result

APPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "apps", "families")
PATIENT = {"OTELRUN_PROFILE": os.path.join(os.path.dirname(os.path.abspath(__file__)), "patient.yaml")}
DEADLINE_S = 30.0


def app(name: str) -> str:
    """Give the path of a program."""
    return os.path.normpath(os.path.join(APPS, name))


def to_sink(sink: OtlpSink, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the variables that send everything to the sink."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint, **(extra or {})}


def observe(
    args: list[str],
    sink: OtlpSink,
    otelrun_dir: str | os.PathLike[str],
    *,
    env: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> Result:
    """Run ``python *args`` bare, then under otelrun to the sink; both are to end alike, and the run is to leave nothing.

    Args:
        args: the program's path first.
        sink: where everything goes.
        otelrun_dir: the OTELRUN_DIR.
        env: added to both environments.
        python: the program's interpreter.
    """
    bare = run_python(args, env=env, python=python)
    observed = run_otelrun([python, *args], otelrun_dir=otelrun_dir, env=to_sink(sink, env))
    assert (observed.returncode, observed.stdout, observed.stderr) == (bare.returncode, bare.stdout, bare.stderr)
    assert left_behind(otelrun_dir) == []
    return observed


def left_behind(otelrun_dir: str | os.PathLike[str]) -> list[str]:
    """List the rings, and the files of the outboxes, of all runs that have ended."""
    folders = [folder for run in list_runs(os.fspath(otelrun_dir)) for folder in (run.rings, run.outbox)]
    return [os.path.join(folder, name) for folder in folders if os.path.isdir(folder) for name in os.listdir(folder)]


def assert_each_once(sink: OtlpSink, jobs: Iterable[str]) -> dict[int, list[str]]:
    """Check that each job's span, log record and count arrived once, each from a process that is named as itself.

    Returns:
        The jobs of each process id, sorted.
    """
    expected = sorted(jobs)
    count = len(expected)
    wait_for(lambda: _least(sink) >= count, DEADLINE_S, what=f"{count} spans, logs and counts", poll_s=0.1)
    spans, logs = _spans(sink), _logs(sink)
    assert sorted(span.attributes["job"] for span in spans) == expected
    assert {log.body: (log.trace_id, log.span_id) for log in logs} == {
        f"did {span.attributes['job']}": (span.trace_id, span.span_id) for span in spans
    }
    assert len(logs) == len(spans)

    jobs_of: dict[int, list[str]] = defaultdict(list)
    made_by: dict[str, int] = defaultdict(int)
    pid_of: dict[str, int] = {}
    for span in spans:
        instance, pid = span.resource["service.instance.id"], span.resource["process.pid"]
        assert span.attributes["pid"] == pid
        assert pid_of.setdefault(instance, pid) == pid
        made_by[instance] += 1
        jobs_of[pid].append(span.attributes["job"])
    assert _counts(sink) == made_by
    return {pid: sorted(done) for pid, done in jobs_of.items()}


def instances(sink: OtlpSink) -> set[tuple[str, int]]:
    """Give each ``service.instance.id`` with its ``process.pid``, of all that did a job."""
    return {(span.resource["service.instance.id"], span.resource["process.pid"]) for span in _spans(sink)}


def without_numbers(output: bytes) -> list[bytes]:
    """Give the lines of what a server says, sorted, with every number, which may be a process id, as ``N``."""
    return sorted(re.sub(rb"\d+", b"N", line) for line in output.splitlines())


def _least(sink):
    return min(len(_spans(sink)), len(_logs(sink)), sum(_counts(sink).values()))


def _spans(sink):
    return [span for span in sink.spans() if span.scope.name == "work" and "job" in span.attributes]


def _logs(sink):
    return [log for log in sink.logs() if log.body.startswith("did ")]


def _counts(sink):
    """Give the last cumulative value of the counter of jobs, by service instance."""
    last: dict[str, tuple[int, float]] = {}
    for row in sink.metrics():
        if row.name != "work.jobs":
            continue
        assert (row.temporality, row.is_monotonic) == ("CUMULATIVE", True)
        for point in row.points:
            instance = row.resource["service.instance.id"]
            last[instance] = max(last.get(instance, (0, 0.0)), (point.time_ns, point.value))
    return {instance: value for instance, (_, value) in last.items()}
