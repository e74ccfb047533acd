"""multiprocessing: every start method, every way to work in other processes, every way these end."""

from __future__ import annotations

import sys

import pytest

from tests.process.families.arrivals import app, assert_each_once, instances, observe, to_sink
from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun

pytestmark = pytest.mark.process

JOBS = ["1", "2", "3", "4", "5", "6"]
WAYS = {
    "process": JOBS[:3],
    "pool_closed": JOBS,
    "pool_terminated": JOBS,
    "executor": JOBS,
    "executor_recycling": JOBS,
    "os_exit": JOBS[:3],
    "signal": JOBS[:3],
}
CASES = [
    (method, way)
    for method in ("fork", "spawn", "forkserver")
    for way in WAYS
    if not (way == "executor_recycling" and (method == "fork" or sys.version_info < (3, 11)))  # the library refuses it
]


@pytest.mark.parametrize(("method", "way"), CASES)
def test_every_job_arrives_once_from_the_process_that_did_it(tmp_path, method, way):
    with OtlpSink() as sink:
        observe([app("pools.py"), method, way], sink, tmp_path)
        done = assert_each_once(sink, ["before", "after", *WAYS[way]])
    (parent,) = [pid for pid, jobs in done.items() if "before" in jobs]
    assert done[parent] == ["after", "before"]
    assert len(instances(sink)) == len(done)
    by_children = sorted(jobs for pid, jobs in done.items() if pid != parent)
    if len(WAYS[way]) == 3:
        assert by_children == [["1"], ["2"], ["3"]]
    if way == "executor_recycling":
        assert by_children == [["1", "2"], ["3", "4"], ["5", "6"]]


@pytest.mark.parametrize("version", OBSERVED)
def test_forked_workers_of_any_python_record_and_nothing_warns_of_threads(tmp_path, version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    with OtlpSink() as sink:
        result = run_otelrun([python, app("pools.py"), "fork", "pool_closed"], otelrun_dir=tmp_path, env=to_sink(sink))
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
        done = assert_each_once(sink, ["before", "after", *JOBS])
    assert len(instances(sink)) == len(done)
