"""Programs that are started inside a span are part of its trace, whichever way they are started."""

from __future__ import annotations

import os
import sys

import pytest

from tests.process.families.arrivals import to_sink
from tests.process.propagation_across.rows import OWN, interpreter, rows
from tests.support.otlp_sink import OtlpSink
from tests.support.pairs import assert_same, run_pair
from tests.support.programs import run_otelrun, run_python
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APPS = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", "..", "apps", "propagation_across"))
WAYS = (
    "run",
    "environment_kept",
    "environment_dropped",
    "environment_bytes",
    "shell",
    "preexec",
    "check_output",
    "popen",
    "system",
    "posix_spawn",
    "posix_spawn_dropped",
    "posix_spawnp",
    "spawnv",
    "spawnve",
    "spawnlp",
    "execv",
    "execve",
    "execvp",
    "execlpe",
    "asyncio_exec",
    "asyncio_shell",
    "asyncio_dropped",
    "fork",
    "process_fork",
    "process_spawn",
    "process_forkserver",
)


def pytest_generate_tests(metafunc):
    if "version" in metafunc.fixturenames:
        metafunc.parametrize(("version", "way"), list(rows(WAYS, is_full=metafunc.config.getoption("--full"))))


def test_a_child_is_part_of_the_span_that_started_it_and_sees_what_it_sees_bare(tmp_path, version, way):
    python = interpreter(version)
    args = [os.path.join(APPS, "starting.py"), way, python]
    with OtlpSink() as sink:
        observed = run_otelrun([python, *args], otelrun_dir=tmp_path, env=to_sink(sink))
        assert (observed.returncode, observed.stderr) == (0, b"")
        if version == OWN:  # the others have no OpenTelemetry without otelrun
            assert observed.stdout == run_python(args).stdout
        wait_for(lambda: len(sink.spans()) >= 5, 20)
        spans = sink.spans()
    above = {span.span_id: span for span in spans}
    children = [span for span in spans if span.name == "child"]
    assert sorted(above[child.parent_span_id].name for child in children) == ["first", "second"]
    assert all(above[child.parent_span_id].trace_id == child.trace_id for child in children)
    assert [span.parent_span_id for span in spans if span.name in ("first", "second", "after")] == ["", "", ""]
    assert len({span.trace_id for span in spans}) == 3


def test_threads_that_start_programs_at_once_do_not_mix_their_contexts(tmp_path):
    observed = run_otelrun([sys.executable, os.path.join(APPS, "interleaved.py"), "25", str(tmp_path)])
    assert (observed.returncode, observed.stderr) == (0, b"")
    assert observed.stdout.decode().splitlines() == ["wrong []", "False False", ""]


def test_commands_and_failures_inside_a_span_are_those_of_a_bare_run():
    assert_same(run_pair([os.path.join(APPS, "shells.py")]))


def test_audit_hooks_are_told_what_happens():
    pair = run_pair([os.path.join(APPS, "auditing.py")])
    outside, inside = pair.observed.stdout.decode().split("inside\n")
    assert pair.bare.stdout.decode().split("inside\n") == [outside, outside]
    assert outside == "os.system True\nsubprocess.Popen true None\nos.exec /bin/true None\n"
    assert inside == "os.system False\nsubprocess.Popen true None\nos.exec /bin/true environment\n"
