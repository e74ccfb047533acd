"""A process that becomes another program, again and again."""

from __future__ import annotations

import os
import sys

import pytest

from otelrun.ring.directory import list_runs
from tests.process.families.arrivals import app, assert_each_once, left_behind, to_sink
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

TIMES = 50
FEW = 3


def test_each_image_of_a_process_is_observed_and_their_rings_do_not_pile_up(tmp_path):
    command = [sys.executable, app("replaced.py"), str(TIMES)]
    with OtlpSink() as sink, start_otelrun(command, otelrun_dir=tmp_path, env=to_sink(sink)) as program:
        assert program.read_line() == b"the last\n"
        (run,) = list_runs(os.fspath(tmp_path))
        wait_for(lambda: len(os.listdir(run.rings)) <= FEW, 5, what="the rings of the images that are gone to go")
        result = program.finish()
        wait_until_idle(tmp_path)
        assert (result.returncode, result.stderr) == (0, b"")
        done = assert_each_once(sink, [f"image {number}" for number in range(TIMES + 1)])
    assert list(done) == [program.pid]
    assert left_behind(tmp_path) == []
