"""Sub-interpreters: what is recorded in them arrives too, and nothing of otelrun shows."""

from __future__ import annotations

import pytest

from tests.process.families.arrivals import DEADLINE_S, app, assert_each_once, instances, left_behind, to_sink
from tests.support.interpreters import find_interpreter
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

WHERE = ("outside", "inside 0", "inside 1")


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_jobs_in_sub_interpreters_that_live_side_by_side_arrive(tmp_path, version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    with OtlpSink() as sink:
        env = to_sink(sink, {"OTEL_BSP_SCHEDULE_DELAY": "50"})
        with start_otelrun([python, app("sub_interpreters.py")], otelrun_dir=tmp_path, env=env) as program:
            wait_for(lambda: len(sink.spans()) == len(WHERE), DEADLINE_S, what="what all have done at first")
            result = program.finish()
        wait_until_idle(tmp_path)
        assert (result.stderr, result.stdout, result.returncode) == (b"", b"None\n" * 4, 3)
        jobs = [f"{where}, {when}" for when in ("at first", "at last") for where in WHERE]
        assert_each_once(sink, [*jobs, "outside, alone"])
    assert {pid for _, pid in instances(sink)} == {program.pid}
    assert len(instances(sink)) == len(WHERE)
    assert left_behind(tmp_path) == []
