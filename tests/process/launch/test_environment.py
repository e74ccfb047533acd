"""``os.environ`` and the functions that start programs are what they are without otelrun."""

from __future__ import annotations

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.pairs import Pair, assert_same, run_pair
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

SEEN = """
import os, posix, sys
print({name: value for name, value in os.environ.items() if "OTELRUN" not in name}, "OTELRUN_HANDOFF" in os.environ)
print(sorted(posix.environ) == sorted(os.environb), os.environ.get("PYTHONPATH"), os.getenvb(b"PYTHONPATH"))
"""
CHANGED = """
import os, subprocess, sys
def child(**how):
    code = "import os; print(os.environ.get('PYTHONPATH'), 'OTELRUN_HANDOFF' in os.environ, sorted(os.environ)[:3])"
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", code], check=True, **how)
child()
os.environ["PYTHONPATH"] = "/changed"
child()
child(env=os.environ)
os.environ["PYTHONPATH"] = ""
child()
del os.environ["PYTHONPATH"]
child()
child(env={})
child(env={b"PYTHONPATH": b"/b", "A": "1"})
os.putenv("PYTHONPATH", "/put")
child()
os.unsetenv("PYTHONPATH")
child()
saved = dict(os.environ)
os.environ.clear()
child()
os.environ.update(saved)
child()
"""
FUNCTIONS = """
import copy, inspect, os, pickle, posix, sys, _posixsubprocess, subprocess
for name in ("putenv", "unsetenv", "execv", "execve", "posix_spawn", "posix_spawnp"):
    function = getattr(os, name)
    print(function.__name__, function.__qualname__, function.__module__, function.__doc__, inspect.signature(function), function.__text_signature__)
    print(pickle.loads(pickle.dumps(function)) is function, copy.deepcopy(function) is function, function is getattr(posix, name))
    for arguments in ((), (1,), ("a",), ("a", "b"), (1, 2, 3), ("", [], {}), ("/bin/true", [], None), (object(),) * 3):
        if (name, len(arguments)) in (("putenv", 2), ("unsetenv", 1)) and isinstance(arguments[0], str):
            continue
        try:
            function(*arguments)
        except BaseException as error:
            print(name, arguments[:1] and type(arguments[0]), type(error).__name__, error)
print(os.execve in os.supports_fd, getattr(subprocess, "_fork_exec", _posixsubprocess.fork_exec) is _posixsubprocess.fork_exec)
for variables in ({"a=b": "1"}, {"a": 1}, {1: "a"}, {"a": "\\0"}, [], "ab", {"PYTHONPATH": 1}):
    for start in (
        lambda: subprocess.run(["/bin/true"], env=variables).returncode,
        lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], variables), 0)[1],
        lambda: os.execve("/no/such/file", ["true"], variables),
    ):
        try:
            print(start())
        except Exception as error:
            print(variables, type(error).__name__, error, error.__cause__, error.__context__)
try:
    os.environ["a"] = "\\0"
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("value", [None, "", "/a", ":", "/a::/b:"])
def test_the_environment_is_the_bare_one(value):
    assert_same(run_pair(["-c", SEEN], env={} if value is None else {"PYTHONPATH": value}))


@pytest.mark.parametrize("value", [None, "/a"])
def test_children_see_what_the_program_made_of_it(value):
    assert_same(run_pair(["-c", CHANGED], env={} if value is None else {"PYTHONPATH": value}))


@pytest.mark.parametrize("version", OBSERVED)
def test_functions_that_start_programs_look_and_fail_as_bare(version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    arguments = ["-bb", "-c", FUNCTIONS]
    assert_same(Pair(run_python(arguments, python=python), run_otelrun([python, *arguments])))
