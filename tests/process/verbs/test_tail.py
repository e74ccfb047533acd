"""``otelrun tail`` beside a program that runs: what happens is told while it happens, and the end of the run ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from otelrun.ring.directory import list_runs
from tests.support.programs import environment, otelrun_command, run_otelrun, run_python, start_otelrun, start_python
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APP = os.fspath(Path(__file__).parents[2] / "apps" / "verbs" / "serving.py")
TAIL = [*otelrun_command()[1:], "tail"]


def start_tail(directory, *words):
    return start_python([*TAIL, *words], env={"OTELRUN_DIR": str(directory), "COLUMNS": "80"})


def test_it_waits_for_a_run_follows_it_live_and_ends_with_it(tmp_path):
    with start_tail(tmp_path, "-f", "json") as tail:
        assert tail.read_line(stream="stderr").startswith(b"otelrun: no run yet; waiting for one")
        with start_otelrun([sys.executable, APP], otelrun_dir=tmp_path) as program:
            program.write(b"/items/7\n")
            first = json.loads(tail.read_line())
            assert (first["endpoint"], first["status"], first["failed"]) == ("GET /items/*", "200", False)
            assert not program.has_ended
            program.write(b"/items/13\n")
            failed = json.loads(tail.read_line())
            assert failed["failure"] == "ValueError: unlucky item 13"
            assert failed["location"] == "serving.py:16 in do_GET"
            assert [log["body"] for log in failed["logs"]] == ["cannot sell /items/13"]
            program.finish()
        result = tail.finish()
    assert result.returncode == 0
    assert result.stderr.endswith(b" is over, 2 requests told\n")
    assert result.stdout.count(b"\n") == 2


def test_it_goes_on_with_the_next_run_where_that_is_wanted(tmp_path):
    with start_tail(tmp_path, "-f", "logfmt", "--follow-runs") as tail:
        for number in (1, 2):
            with start_otelrun([sys.executable, APP], otelrun_dir=tmp_path) as program:
                program.write(b"/run/%d\n" % number)
                program.finish()
            assert b'endpoint="GET /run/*"' in tail.read_line()
        tail.send_signal(signal.SIGINT)
        result = tail.finish()
    assert result.stdout.count(b"type=request") == 2
    assert result.returncode == 130


def test_ctrl_c_ends_it_with_130_and_without_a_word(tmp_path):
    with start_otelrun([sys.executable, APP], otelrun_dir=tmp_path) as program:
        wait_for(lambda: list_runs(str(tmp_path)), 30, what="the run")
        program.write(b"/items/7\n")
        with start_tail(tmp_path) as tail:
            tail.read_line()
            tail.send_signal(signal.SIGINT)
            result = tail.finish()
        program.finish()
    assert (result.returncode, result.stderr) == (130, b"")


def test_a_reader_that_has_gone_ends_it_quietly(tmp_path):
    run_otelrun([sys.executable, APP], otelrun_dir=tmp_path, stdin=b"/a\n/b\n/c\n")
    command = [*otelrun_command(), "tail", "-f", "json"]
    tail = subprocess.Popen(
        command, env=environment({"OTELRUN_DIR": str(tmp_path)}), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    tail.stdout.close()
    _, err = tail.communicate(timeout=60)
    assert b"Traceback" not in err
    assert tail.returncode != 0


def test_of_a_run_that_is_over_the_last_requests_are_told(tmp_path):
    paths = b"".join(b"/items/%d\n" % number for number in range(1, 13))
    run_otelrun([sys.executable, APP], otelrun_dir=tmp_path, stdin=paths)
    result = run_python([*TAIL, "-n", "3"], env={"OTELRUN_DIR": str(tmp_path), "COLUMNS": "80"})
    assert result.returncode == 0
    assert result.stdout.count(b"GET /items/*") == 3
    errors = run_python([*TAIL, "--errors", "--no-follow"], env={"OTELRUN_DIR": str(tmp_path), "COLUMNS": "80"})
    assert (errors.stdout, errors.stderr) == (b"", b"")
    assert run_python([*TAIL, "nothing"], env={"OTELRUN_DIR": str(tmp_path)}).returncode == 1
