"""With ``--init`` the program ends as it ends without, and finds what it finds without."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.process.init.containers import APPS, needs_containers, python, run_contained
from tests.support.pairs import assert_same, run_pair
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

ENDS = {
    "pass": 0,
    "import sys; sys.exit(3)": 3,
    "import os; os.kill(os.getpid(), 9)": -signal.SIGKILL,
    "import os; os.kill(os.getpid(), 15)": -signal.SIGTERM,
    "import os; os.kill(os.getpid(), 11)": -signal.SIGSEGV,
}


@pytest.mark.parametrize(("code", "status"), ENDS.items())
def test_program_ends_as_it_ends_bare(code, status):
    assert run_otelrun(["--init", *python(code + "\n")]).returncode == status


@needs_containers
@pytest.mark.parametrize(("code", "status"), ENDS.items())
def test_process_1_ends_with_the_status_a_shell_would_report(tmp_path, code, status):
    result = run_contained(["--init", *python(code + "\n")], tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (status if status >= 0 else 128 - status, b"", b"")


def test_program_finds_what_it_finds_bare(tmp_path):
    app = str(APPS / "init" / "surroundings.py")
    assert_same(
        run_pair([app, "--init", "a b"], options=["--init"], stdin=b"in\n", env={"ODD": "a=b\nc"}, cwd=tmp_path)
    )


def test_program_is_a_child_in_a_process_group_of_its_own():
    code = "import os\nprint(os.getppid() != int(os.environ['TEST']), os.getpgrp() == os.getpid())"
    result = run_otelrun(["--init", *python(code)], env={"TEST": str(os.getpid())})
    assert result.stdout == b"True True\n"


@pytest.mark.parametrize("env", [{"OTELRUN_INIT": "1"}, {"OTELRUN_INIT": "1", "OTELRUN_DISABLED": "1"}])
def test_variable_asks_for_it_too_also_where_nothing_is_observed(env):
    result = run_otelrun(python("import os, sys\nprint(os.getpgrp() == os.getpid())\nsys.exit(3)"), env=env)
    assert (result.stdout, result.stderr, result.returncode) == (b"True\n", b"", 3)


@needs_containers
def test_command_that_is_not_python_has_its_init(tmp_path):
    result = run_contained(["--init", "sh", "-c", "echo $$ $PPID; exit 5"], tmp_path)
    assert (result.stdout.split()[1], result.stderr, result.returncode) == (b"1", b"", 5)


def test_outputs_end_with_the_program_and_not_with_its_init():
    code = "import os, sys\nos.closerange(0, 3)\nos.execv(sys.executable, [sys.executable, '-c', 'pass'])"
    assert run_otelrun(["--init", *python(code)]).returncode == run_python(["-c", code]).returncode


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--profile", "./missing.yaml", *python("print('ran')\n")], 2),
        (["--profile", "nosuch", *python("print('ran')\n")], 2),
        (["nosuchcommand"], 127),
        ([os.path.dirname(sys.executable)], 126),
    ],
)
def test_mistakes_are_told_as_without_it_and_leave_no_child(tmp_path, words, status):
    without = run_otelrun(words, cwd=tmp_path)
    result = run_otelrun(["--init", *words], cwd=tmp_path)
    assert (without.returncode, without.stdout, result.stderr) == (status, b"", without.stderr)
    assert (result.returncode, result.stdout) == (without.returncode, without.stdout)


def test_command_that_the_system_refuses_is_told_by_the_child(tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    without = run_otelrun([str(script)])
    result = run_otelrun(["--init", str(script)])
    assert (result.returncode, result.stderr) == (126, without.stderr)
    assert without.stderr != b""
