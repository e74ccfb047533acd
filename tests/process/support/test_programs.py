"""Programs start scrubbed, end within their deadline, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from otelrun.ring.directory import create_run
from otelrun.ring.recovery import claim
from tests.support.programs import Result, run_python, start_python, wait_until_idle

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process


def test_both_streams_and_the_status_are_kept_apart() -> None:
    code = "import sys; print(sys.stdin.read()); print('e', file=sys.stderr); sys.exit(3)"
    result = run_python(["-c", code], stdin=b"in")
    assert result == Result(b"in\n", b"e\n", 3, result.duration_s)


def test_the_environment_is_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_SERVICE_NAME", "OTELRUN_PROFILE", "PYTHONPATH"):
        monkeypatch.setenv(name, "x")
    code = "import os; print([n for n in os.environ if n.startswith(('OTEL', 'PYTHON'))], os.environ['MORE'])"
    assert run_python(["-c", code], env={"MORE": "y"}).stdout == b"[] y\n"


def test_a_program_that_does_not_end_is_killed_and_told() -> None:
    with pytest.raises(AssertionError, match=r"still running after 0\.5 s"):
        run_python(["-c", "import time; print('begun', flush=True); time.sleep(60)"], deadline_s=0.5)


def test_a_running_program_can_be_talked_to_and_killed() -> None:
    with start_python(["-u", "-c", "print(input()); print(input()); input()"]) as program:
        program.write(b"one\ntwo\n")
        assert [program.read_line(), program.read_line()] == [b"one\n", b"two\n"]
        program.send_signal(signal.SIGKILL)
        assert program.finish().returncode == -signal.SIGKILL


def test_output_held_open_by_somebody_else_is_told() -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '2'])"
    with start_python(["-c", code]) as program, pytest.raises(AssertionError, match="outputs are held open"):
        program.finish(0.5)


def test_idle_means_that_no_agent_holds_its_lock(tmp_path: Path) -> None:
    wait_until_idle(tmp_path / "none", 0)
    held = claim(create_run(str(tmp_path)))
    assert held is not None
    with pytest.raises(AssertionError, match="the agents of"):
        wait_until_idle(tmp_path, 0)
    held.release()
    wait_until_idle(tmp_path, 0)


def test_python_on_path_is_the_interpreter_of_the_tests() -> None:
    code = "import shutil; print(shutil.which('python') or shutil.which('python3'))"
    found = run_python(["-c", code]).stdout.decode().strip()
    assert os.path.dirname(found) == os.path.dirname(sys.executable)
