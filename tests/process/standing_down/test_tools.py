"""Tools are not the user's program: they run bare, without a word, and what they start is observed. Other commands just run."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from otelrun.ring.directory import list_runs
from otelrun.stood_down import read
from tests.support.programs import environment, run_otelrun, run_python

pytestmark = pytest.mark.process

SHOW = "import sys; print('otelrun.pipeline.providers' in sys.modules, flush=True)"
TOOL = f"{SHOW}\nimport os, subprocess\nfor env in (None, {{}}): subprocess.run([sys.executable, '-c', {SHOW!r}], check=True, env=env)\n"


def noted(otelrun_dir):
    (run,) = list_runs(str(otelrun_dir))
    return [slug for slug, _, _ in read(run.path)]


@pytest.mark.parametrize("name", ["poetry", "pip3.12", "tox", "pylsp"])
def test_a_console_script(tmp_path, name):
    script = tmp_path / name
    script.write_text(f"#!{sys.executable}\n{TOOL}")
    script.chmod(0o755)

    result = run_otelrun([str(script)], otelrun_dir=tmp_path / "state")

    assert (result.stdout, result.stderr) == (b"False\nTrue\nTrue\n", b"")
    assert noted(tmp_path / "state") == [f"tool-{name.rstrip('.123')}"]


@pytest.mark.parametrize("options", [[], ["-I"]])
def test_a_tool_that_becomes_the_program(tmp_path, options):
    script = tmp_path / "poetry"
    script.write_text(f"#!{sys.executable}\nimport os, sys; os.execvp(sys.argv[2], sys.argv[2:])\n")
    script.chmod(0o755)

    result = run_otelrun([str(script), "run", sys.executable, *options, "-c", SHOW])

    assert (result.stdout, result.stderr) == (b"True\n", b"")


def test_a_module_of_the_standard_library(tmp_path):
    (tmp_path / "mine.py").write_text("")
    command = ["-m", "compileall", "-q", "mine.py"]

    bare = run_python(command, cwd=tmp_path)
    observed = run_otelrun([sys.executable, *command], otelrun_dir=tmp_path / "state", cwd=tmp_path)

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)
    assert noted(tmp_path / "state") == ["tool-compileall"]


def test_a_module_in_isolation(tmp_path):
    (tmp_path / "mine.py").write_text("")
    command = ["-I", "-m", "compileall", "-q", "mine.py"]

    bare = run_python(command, cwd=tmp_path)
    observed = run_otelrun([sys.executable, *command], otelrun_dir=tmp_path / "state", cwd=tmp_path)

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)
    assert noted(tmp_path / "state") == ["tool-compileall"]


def test_a_virtual_environment_is_made_as_bare(tmp_path):
    result = run_otelrun([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "made")])
    assert (result.stdout, result.stderr, result.returncode) == (b"", b"", 0)

    made = run_python(["-c", SHOW], python=str(tmp_path / "made" / "bin" / "python"))
    assert made.stdout == b"False\n"


def test_pytest_is_the_users_program(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "def test_it():\n    import sys; assert 'otelrun.startup.hooks' in sys.modules\n"
    )

    result = run_otelrun([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=tmp_path)

    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize(
    "command",
    [
        ["true"],
        ["false"],
        ["sh", "-c", "echo $0 $1; exit 5", "a b"],
        ["env", "-i", "/bin/echo", "x"],
        ["ls", "/nowhere"],
    ],
    ids=lambda command: command[0],
)
def test_a_command_that_is_not_python_just_runs(command):
    bare = run_otelrun(command, env={"OTELRUN_DISABLED": "1"})
    observed = run_otelrun(command)

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)


def test_a_binary_that_becomes_another_user_just_runs():
    found = shutil.which("su", path=environment()["PATH"] + ":/bin:/usr/bin")
    if found is None or not os.stat(found).st_mode & 0o4000:
        pytest.skip("there is none here")
    bare = run_otelrun([found, "--version"], env={"OTELRUN_DISABLED": "1"})
    observed = run_otelrun([found, "--version"])

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)
