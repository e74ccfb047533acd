"""Somebody removes the run's directory, or a part of it, while the run goes on: the program goes on, and the agent ends by itself."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from otelrun.ring.directory import list_runs
from tests.process.families.arrivals import PATIENT, app, assert_each_once, to_sink
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import start_otelrun
from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="finds the agent in /proc"),
]

AT_LEAST = 500
WAITING = (
    "import sys; print('ready', flush=True); sys.stdin.read(); sys.path.insert(0, {!r}); import work; work.do('a')"
)
DEADLINE_S = 20.0


def agents_of(otelrun_dir):
    """Find otelrun's own processes that hold files of this directory open, removed or not."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                if not comm.read().startswith("otelrun-"):
                    continue
            targets = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue  # ended meanwhile
        if any(target.startswith(f"{otelrun_dir}/") for target in targets):
            found.append(int(pid))
    return found


def remove(otelrun_dir, part):
    if part == "all":
        shutil.rmtree(otelrun_dir)
        return
    (run,) = list_runs(os.fspath(otelrun_dir))
    shutil.rmtree(run.path if part == "run" else run.rings)


@pytest.mark.parametrize("part", ["all", "run", "rings"])
def test_before_the_first_record_recording_is_off_with_one_line(tmp_path, part):
    state = tmp_path / "state"
    command = [sys.executable, "-c", WAITING.format(os.path.dirname(app("work.py")))]
    with OtlpSink() as sink, start_otelrun(command, otelrun_dir=state, env=to_sink(sink)) as program:
        assert program.read_line() == b"ready\n"
        wait_for(lambda: agents_of(state), DEADLINE_S)
        remove(state, part)
        result = program.finish()
        assert (result.returncode, result.stdout) == (0, b"ready\n")
        assert result.stderr.startswith(b"otelrun: not recording: ")
        assert result.stderr.count(b"\n") == 1
        wait_for(lambda: not agents_of(state), DEADLINE_S, what="the agent to end")


@pytest.mark.parametrize("part", ["all", "run", "rings"])
def test_during_the_run_all_that_is_recorded_arrives_all_the_same(tmp_path, part):
    state = tmp_path / "state"
    with OtlpSink() as sink:
        env = to_sink(sink, {"OTEL_BSP_SCHEDULE_DELAY": "50", **PATIENT})
        with start_otelrun([sys.executable, app("busy.py"), str(AT_LEAST)], otelrun_dir=state, env=env) as program:
            wait_for(sink.spans, DEADLINE_S)
            wait_for(lambda: agents_of(state), DEADLINE_S)
            remove(state, part)
            result = program.finish()
        assert (result.returncode, result.stderr) == (0, b"")
        wait_for(lambda: not agents_of(state), DEADLINE_S, what="the agent to end")
        done = int(result.stdout.split()[-1])
        assert len(sink.spans()) == len(sink.logs()) == done
        assert_each_once(sink, [f"job {number}" for number in range(done)])
