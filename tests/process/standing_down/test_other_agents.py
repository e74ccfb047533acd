"""Where another agent observes a program, otelrun leaves it to that one, in whichever order the two are started.

The launchers and start-up files here do what those of the real agents do, as far as it matters between two agents.
"""

from __future__ import annotations

import os
import sys

import pytest

from otelrun import inheritance
from otelrun.profile.handoff import write
from otelrun.profile.model import Profile
from otelrun.ring.directory import list_runs
from otelrun.stood_down import read
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

LAUNCHER = """#!{python}
import os, sys
folder = {folder!r}
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
os.execv(sys.argv[1], sys.argv[1:])
"""
BEGIN = "import sys\nsys.modules.setdefault({module!r}, sys)\nsys.agents = getattr(sys, 'agents', 0) + 1\n"
CHAINING = """
import os
folder = os.path.dirname(__file__)
sys.path.remove(folder)
before = sys.modules.pop("sitecustomize")
try:
    import sitecustomize
except ImportError:
    sys.modules["sitecustomize"] = before
"""
EXECUTING = """
import os, sys
from importlib.machinery import PathFinder
sys.path.remove(os.path.dirname(__file__))
spec = PathFinder.find_spec("sitecustomize", path=sys.path)
if spec is not None:
    spec.loader.load_module("sitecustomize")
"""
AGENTS = {
    "ddtrace-run": ("ddtrace/bootstrap", BEGIN.format(module="ddtrace") + CHAINING),
    "newrelic-admin": ("newrelic/bootstrap", EXECUTING + BEGIN.format(module="newrelic")),  # the agent begins last
    "elasticapm-run": ("elasticapm/instrumentation/wrapper", BEGIN.format(module="elasticapm")),
    "opentelemetry-instrument": ("opentelemetry/instrumentation/auto_instrumentation", BEGIN.format(module="_nothing")),
}
OTHERS = {"OTEL_PYTHON_DISTRO": "distro"}  # otelrun's is installed beside these tests, and would be chosen
PROGRAM = "import http.client, sys; print(sys.agents, 'otelrun' in sys.modules, bool(http.client.HTTPConnection.putrequest.__closure__)); sys.exit(3)"


@pytest.fixture(params=AGENTS)
def agent(request, tmp_path):
    """Install the agent: its launcher, and its folder with a sitecustomize."""
    below, text = AGENTS[request.param]
    folder = tmp_path / below
    folder.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(text)
    launcher = tmp_path / request.param
    launcher.write_text(LAUNCHER.format(python=sys.executable, folder=str(folder)))
    launcher.chmod(0o755)
    return str(launcher)


def assert_left_alone(result, otelrun_dir, agent, *, expected):
    reason = f"not observed by otelrun: {os.path.basename(agent)} observes this process already"
    assert (result.stdout, result.returncode) == (expected.stdout, 3)
    assert result.stdout == b"1 False False\n"
    assert result.stderr == f"otelrun: {reason}\n".encode()
    (run,) = list_runs(str(otelrun_dir))
    assert [(slug, text) for slug, text, _ in read(run.path)] == [(f"agent-{os.path.basename(agent)}", reason)]


def test_otelrun_starts_its_launcher(tmp_path, agent):
    program = [agent, sys.executable, "-c", PROGRAM]
    expected = run_python(program[1:], python=agent)

    result = run_otelrun(program, otelrun_dir=tmp_path / "state", env=OTHERS)

    assert_left_alone(result, tmp_path / "state", agent, expected=expected)


def test_its_launcher_starts_otelrun(tmp_path, agent):
    expected = run_python([sys.executable, "-c", PROGRAM], python=agent)
    script = tmp_path / "python"  # for otelrun's own launcher
    script.write_text(f'#!/bin/sh\nexec {agent} {sys.executable} "$@"\n')
    script.chmod(0o755)

    result = run_otelrun(
        [sys.executable, "-c", PROGRAM], otelrun_dir=tmp_path / "state", python=str(script), env=OTHERS
    )

    assert_left_alone(result, tmp_path / "state", agent, expected=expected)


def test_one_of_several_processes_is_left_alone_and_the_others_are_observed(tmp_path, agent):
    show = "import sys; print('otelrun' in sys.modules, flush=True)"
    start = f"subprocess.call([*{[agent]!r}[:n], sys.executable, '-c', {show!r}])"
    text = f"import subprocess, sys; {show}; [{start} for n in (0, 1, 1, 0)]"

    result = run_otelrun([sys.executable, "-c", text], otelrun_dir=tmp_path / "state", env=OTHERS)

    assert result.stdout == b"True\nTrue\nFalse\nFalse\nTrue\n"
    assert result.stderr.count(b"\n") == 1


LATE = """
import sys, http.client
def seen():
    finders = [getattr(finder, "__module__", "") for finder in sys.meta_path]
    return bool(http.client.HTTPConnection.putrequest.__closure__), any("otelrun" in name for name in finders)
print(seen())
{begin}
print(seen())
sys.exit(3)
"""


@pytest.mark.parametrize("where", ["program", "sitecustomize"])
def test_one_that_comes_late_finds_nothing_of_otelruns(tmp_path, where):
    for name, text in (
        ("ddtrace/__init__.py", ""),
        ("ddtrace/bootstrap/__init__.py", ""),
        (
            "ddtrace/bootstrap/preload.py",
            "import http.client; print(bool(http.client.HTTPConnection.putrequest.__closure__))",
        ),
        ("ddtrace/auto.py", "import ddtrace.bootstrap.preload"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    begin = "import ddtrace.auto"
    if where == "sitecustomize":
        (tmp_path / "sitecustomize.py").write_text(f"import http.client\n{begin}")
    program = LATE.format(begin=begin if where == "program" else "")

    # the launcher's own interpreter has no part in it: it would run the sitecustomize, too
    text = write(Profile(), run_directory=str(tmp_path), pipeline="agent")
    result = run_python(["-c", program], env=inheritance.add({"PYTHONPATH": str(tmp_path)}, text))

    seen = b"(True, True)\nFalse\n" if where == "program" else b"False\n(False, False)\n"
    assert (result.stdout, result.returncode) == (seen + b"(False, False)\n", 3)
    assert result.stderr == b"otelrun: not observed by otelrun: ddtrace observes this process already\n"
