"""A process for which otelrun is switched off is a bare one: nothing of otelrun's and of OpenTelemetry's is or was in it."""

from __future__ import annotations

import json
import os

import pytest

from otelrun import inheritance
from otelrun.profile import handoff
from otelrun.profile.model import Profile
from otelrun.ring.directory import list_runs
from otelrun.stood_down import read
from tests.support.interpreters import find_interpreter
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

APP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "apps", "standing_down", "surroundings.py"))
CHILD = (
    "import os, subprocess, sys; subprocess.run([sys.executable, {app!r}], env=dict(os.environ, **{off!r}), check=True)"
)
SWITCHES = [("OTELRUN_DISABLED", "1"), ("OTEL_SDK_DISABLED", "true")]


def seen(result):
    assert (result.stderr, result.returncode) == (b"", 0)
    found = json.loads(result.stdout)
    found["inherited"] = [line for line in found["inherited"] if not line.startswith("_=")]  # the shell's own
    return found


@pytest.fixture(params=("3.10", "3.11", "3.12", "3.13"))
def python(request):
    found = find_interpreter(request.param)
    if found is None:
        pytest.skip(f"there is no CPython {request.param} here")
    return found


@pytest.mark.parametrize(("name", "value"), SWITCHES)
def test_the_program_of_a_launcher_that_is_switched_off_is_bare(tmp_path, python, name, value):
    env = {name: value, "OTELRUN_DIR": str(tmp_path)}

    bare = seen(run_python([APP], python=python, env=env))
    observed = seen(run_otelrun([python, APP], otelrun_dir=tmp_path, env=env))

    assert observed == bare
    assert list_runs(str(tmp_path)) == []


@pytest.mark.parametrize(("name", "value"), SWITCHES)
def test_a_child_that_is_switched_off_in_an_observed_program_is_bare(tmp_path, python, name, value):
    env = {"OTELRUN_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join((str(tmp_path), ""))}
    text = CHILD.format(app=APP, off={name: value})

    bare = seen(run_python(["-c", text], python=python, env=env))
    observed = seen(run_otelrun([python, "-c", text], otelrun_dir=tmp_path, env=env))

    assert observed == bare
    (run,) = list_runs(str(tmp_path))
    assert read(run.path) == [("disabled", f"not observed: {name} is set", 1)]


@pytest.mark.parametrize(("name", "value"), SWITCHES)
@pytest.mark.parametrize("path", [None, "", "/nowhere"])
def test_an_environment_that_has_both_the_shim_and_the_switch_makes_a_bare_program(tmp_path, python, name, value, path):
    given = {name: value} if path is None else {name: value, "PYTHONPATH": path}
    text = handoff.write(Profile(), run_directory=str(tmp_path / "gone"), pipeline="agent")

    bare = seen(run_python([APP], python=python, env=given))
    observed = seen(run_python([APP], python=python, env=inheritance.add(given, text)))

    assert observed == bare


def test_to_say_no_is_not_to_switch_it_off(tmp_path):
    env = {"OTELRUN_DISABLED": "0", "OTEL_SDK_DISABLED": "false"}
    python = find_interpreter("3.12")

    result = run_otelrun(
        [python or "python", "-c", "import sys; print('otelrun' in sys.modules)"], otelrun_dir=tmp_path, env=env
    )

    assert result.stdout == b"True\n"
