"""The program's descriptors are the program's: whatever it closes and opens, otelrun neither takes nor closes one of them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from otelrun.ring.directory import list_runs
from otelrun.store.queries import open_store
from tests.process.pipeline.programs import processes, run
from tests.support.programs import environment, otelrun_command, run_otelrun, wait_until_idle
from tests.support.store_rows import stored_spans

pytestmark = pytest.mark.process


def test_a_daemon_that_closed_everything_keeps_its_own_files_in_its_children(tmp_path):
    result = run(
        tmp_path,
        """
        def work(name):
            with tracer.start_as_current_span(name):
                pass

        work("before")
        os.closerange(3, 256)
        files = [open(os.path.join(sys.path[0] or ".", os.devnull), "w") for _ in range(5)]
        pid = os.fork()
        if pid == 0:
            work("child")
            for file in files:
                os.fstat(file.fileno())
            os._exit(0)
        print(os.waitpid(pid, 0)[1])
        work("after")
        """,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "0\n", "")
    parent, child = processes(tmp_path)
    assert [[span.name for span in process.spans] for process in (parent, child)] == [["before", "after"], ["child"]]


def test_a_closed_stderr_stays_closed_and_what_takes_its_place_is_not_written_to(tmp_path):
    program = f"""
import os
os.closerange(0, 3)
from opentelemetry import trace, metrics
files = [os.open({str(tmp_path / "data")!r} + str(number), os.O_RDWR | os.O_CREAT) for number in range(2)]
with trace.get_tracer("app").start_as_current_span("span"):
    pass
try:
    os.fstat(2)
    os._exit(5)
except OSError:
    pass
files.append(os.open({str(tmp_path / "data2")!r}, os.O_RDWR | os.O_CREAT))
metrics.get_meter("app").create_counter("counter").add(-1)
"""
    result = run_otelrun([sys.executable, "-c", program])
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert [(tmp_path / f"data{number}").read_bytes() for number in range(3)] == [b"", b"", b""]


def test_a_program_that_may_open_next_to_nothing_is_recorded(tmp_path):
    program = "from opentelemetry import trace; trace.get_tracer('app').start_span('span').end()"
    limited = ["sh", "-c", 'ulimit -S -n 8 && exec "$@"', "sh", *otelrun_command(), sys.executable, "-c", program]
    env = environment({"OTELRUN_DIR": str(tmp_path)})
    result = subprocess.run(limited, env=env, capture_output=True, timeout=60, check=False)
    wait_until_idle(tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert [span.name for span in stored_spans(tmp_path)] == ["span"]


@pytest.mark.parametrize("closing", ["<&-", "<&- >&-"])
def test_a_run_that_begins_without_standard_streams_has_one_agent_which_keeps_its_lock(tmp_path, closing):
    program = "import logging; logging.warning('said')"
    shell = f'"$@" {closing}'
    command = ["sh", "-c", shell, "sh", *otelrun_command(), sys.executable, "-c", program]
    subprocess.run(command, env=environment({"OTELRUN_DIR": str(tmp_path)}), check=True, capture_output=True)
    wait_until_idle(tmp_path)

    (run_directory,) = list_runs(str(tmp_path))
    assert not os.path.exists(run_directory.log)  # no second one, which would have recovered what the first is at
    with open_store(run_directory.store) as store:
        assert [log.body for log in store.logs_outside_traces(limit=2)] == ["said"]
