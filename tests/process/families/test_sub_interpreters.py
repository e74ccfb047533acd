"""Sub-interpreters: what is recorded in them arrives too, and nothing of otelrun shows."""

from __future__ import annotations

import pytest

from tests.process.families.arrivals import app, assert_each_once, left_behind, to_sink
from tests.support.interpreters import find_interpreter
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun

pytestmark = pytest.mark.process


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_jobs_in_sub_interpreters_arrive(tmp_path, version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    with OtlpSink() as sink:
        result = run_otelrun([python, app("sub_interpreters.py")], otelrun_dir=tmp_path, env=to_sink(sink))
        assert (result.stderr, result.stdout, result.returncode) == (b"", b"None\nNone\n", 3)
        assert_each_once(sink, ["outside", "inside 0", "inside 1", "outside again"])
    assert left_behind(tmp_path) == []
