"""multiprocessing: every start method, every way to work in other processes, every way these end."""

from __future__ import annotations

import sys

import pytest

from tests.process.families.arrivals import app, assert_each_once, instances, observe
from tests.support.otlp_sink import OtlpSink

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
