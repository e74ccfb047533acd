"""The shim is not to be noticed: the program's own sitecustomize runs as bare, and a bad start costs at most one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from otelrun.inheritance import SHIM, add
from otelrun.profile.handoff import write
from otelrun.profile.model import Profile
from tests.support.pairs import Pair, assert_same, run_pair
from tests.support.programs import environment, run_python

pytestmark = pytest.mark.process

SEEN = """
import sys
module = sys.modules.get("sitecustomize")
print(module and (module.__file__, module.__spec__.origin, module.__name__), sys.path, getattr(sys, "customized", None))
"""


@pytest.mark.parametrize(
    "text",
    [
        "import sys; sys.customized = __file__",
        "raise ValueError('mine')",
        "import no_such_module",
        "raise ImportError('mine')",
        "def (",
        "import sys; del sys.modules[__name__]",
        "import sys, types; sys.modules[__name__] = m = types.ModuleType('other'); m.__file__ = 'x'; m.__spec__ = __spec__",
        "import http.server, threading; print(threading.Thread.start.__name__)",
    ],
)
def test_the_programs_own_sitecustomize_runs_as_bare(tmp_path, text):
    (tmp_path / "sitecustomize.py").write_text(text)
    bare = {"PYTHONPATH": str(tmp_path)}
    # not through the launcher: that is a Python program with the same PYTHONPATH, and would run the file once more
    handoff = write(Profile(), run_directory=str(tmp_path), pipeline="agent")

    pair = Pair(run_python(["-c", SEEN], env=bare), run_python(["-c", SEEN], env=add(bare, handoff)))

    assert_same(pair)


@pytest.mark.parametrize("text", ["raise SystemExit(3)", "raise KeyboardInterrupt"])
def test_a_sitecustomize_that_ends_the_interpreter_ends_it_as_bare(tmp_path, text):
    (tmp_path / "sitecustomize.py").write_text(text)
    bare = {"PYTHONPATH": str(tmp_path)}
    handoff = write(Profile(), run_directory=str(tmp_path), pipeline="agent")

    expected = run_python(["-c", SEEN], env=bare)
    found = run_python(["-c", SEEN], env=add(bare, handoff))

    # the traceback of an interpreter that cannot start has one line more: the shim's import
    assert (found.stdout, found.returncode) == (expected.stdout, expected.returncode)
    assert found.stderr.splitlines()[-1:] == expected.stderr.splitlines()[-1:]


def test_without_one_there_is_none(tmp_path):
    assert_same(run_pair(["-c", SEEN]))


def test_the_path_as_the_user_wrote_it_stays(tmp_path):
    path = os.pathsep.join((str(tmp_path), "", "relative", str(tmp_path)))

    assert_same(run_pair(["-c", "import sys; print(sys.path)"], env={"PYTHONPATH": path}, cwd=tmp_path))


def test_a_damaged_handoff_costs_one_line():
    result = run_python(["-c", "print(1)"], env={"PYTHONPATH": SHIM, "OTELRUN_HANDOFF": "damaged"})

    told = b"otelrun: not observed: the handoff in the environment is of another version of otelrun, or damaged\n"
    assert (result.stdout, result.stderr, result.returncode) == (b"1\n", told, 0)


def test_a_stray_shim_does_nothing():
    text = "import sys; print([name for name in sys.modules if name.startswith('otelrun')])"

    result = run_python(["-c", text], env={"PYTHONPATH": SHIM})

    assert (result.stdout, result.stderr, result.returncode) == (b"[]\n", b"", 0)


def test_the_interpreter_is_left_as_it_was():
    text = (
        "import sys; print(sys.warnoptions, sys.flags, sys.excepthook is sys.__excepthook__, sys.gettrace(), sys.getprofile(),"
        " len(sys.path_hooks), sys.getrecursionlimit(), sys.getswitchinterval(), sys.dont_write_bytecode)"
    )

    assert_same(run_pair(["-c", text]))


def test_an_interactive_interpreter_reads_its_input():
    assert_same(run_pair(["-i", "-q"], stdin=b"print(1 + 1)\nimport threading\nexit(4)\n"))


def test_python_starts_as_bare_when_stderr_is_closed():
    result = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -c "print(1)" 2>&-'],
        env=environment({"PYTHONPATH": SHIM, "OTELRUN_HANDOFF": "damaged"}),
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert (result.stdout, result.returncode) == (b"1\n", 0)
