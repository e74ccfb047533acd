"""Otelrun itself, or the API it records through, is broken on purpose: the program runs as bare, and one line of the run tells."""

from __future__ import annotations

import shutil
import sys

import pytest

from otelrun import inheritance
from otelrun.profile import handoff
from otelrun.profile.model import Profile
from otelrun.stood_down import read
from tests.process.fidelity.breaking import EXCHANGE, Place
from tests.support.interpreters import find_interpreter
from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

FIRST, THIRD = b"first\n", b"third\n"
EXIT = "import os, sys; print(sys.argv[1:]); sys.exit(6)"


def uninstall(place):
    shutil.rmtree(place.otelrun / "otelrun")


def cut(module):
    def remove(place):
        path = place.otelrun / "otelrun" / module
        path.unlink()
        shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)

    return remove


def test_whole_it_says_nothing_and_records_all(tmp_path):
    place = Place(tmp_path, is_copied=True)

    assert place.run_program({}) == b""
    assert trees(stored_spans(place.state)) == [EXCHANGE] * 4


@pytest.mark.parametrize("step", [FIRST, THIRD])
def test_it_is_uninstalled(tmp_path, step):
    place = Place(tmp_path, is_copied=True)

    told = place.run_program({step: uninstall})

    start = b"otelrun: a part of otelrun is missing" if step == FIRST else b"otelrun: what is started from now on"
    assert told.startswith(start)
    assert told.count(b"\n") == 1


@pytest.mark.parametrize(
    "module",
    [
        "startup/activate.py",
        "startup/hooks.py",
        "stood_down.py",
        "diagnostics.py",
        "profile/model.py",
        "pipeline/providers.py",
        "pipeline/span.py",
        "ring/writer.py",
        "instrumentation/http_client.py",
        "instrumentation/registry.py",
        "lifecycle/fork.py",
    ],
)
def test_a_module_of_it_is_missing(tmp_path, module):
    place = Place(tmp_path, is_copied=True)

    told = place.run_program({FIRST: cut(module)})

    # what cannot write down that it was said says it in each of the two children
    assert told.count(b"\n") <= (2 if module == "stood_down.py" else 1), told
    assert told.startswith((b"otelrun: not observed: ", b"otelrun: a part of otelrun is missing, "))


def test_a_module_of_the_agent_is_missing_and_the_next_start_delivers(tmp_path):
    place = Place(tmp_path, is_copied=True)

    place.run_program({FIRST: cut("agent/work.py")})
    run_otelrun(["true"], otelrun_dir=place.state)

    assert trees(stored_spans(place.state)) == [EXCHANGE] * 4


API = {
    "raises": ("trace/__init__.py", "raise RuntimeError('mine')"),
    "exits": ("trace/__init__.py", "import sys; sys.exit(9)"),
    "is no Python": ("trace/__init__.py", "def ("),
    "is empty": ("__init__.py", ""),
    "lacks what it should have": ("trace/__init__.py", ""),
    "is a namespace": ("trace/readme.txt", ""),
    "divides by zero": ("context/__init__.py", "1 / 0"),
    "says something on importing": ("__init__.py", "raise ImportError('opentelemetry is disabled here')"),
}


@pytest.mark.parametrize("kind", API)
def test_the_programs_own_api(tmp_path, kind):
    python = find_interpreter("3.12")
    if python is None:
        pytest.skip("needs a CPython 3.12 without OpenTelemetry")
    name, text = API[kind]
    path = tmp_path / "own" / "opentelemetry" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    place = Place(tmp_path)

    told = place.run_program({}, env={"PYTHONPATH": str(tmp_path / "own")}, python=python)

    line = b"otelrun: not observed: the OpenTelemetry API in the program's environment cannot be used: "
    assert told.startswith(line)
    assert told.count(b"\n") == 1
    assert [(slug, times) for slug, _, times in read(place.run().path)] == [("api", 3)]


def test_a_namespace_of_the_programs_that_has_no_api_gets_ours_beside_it(tmp_path):
    python = find_interpreter("3.12")
    (tmp_path / "own" / "opentelemetry" / "mine").mkdir(parents=True)
    place = Place(tmp_path)

    assert place.run_program({}, env={"PYTHONPATH": str(tmp_path / "own")}, python=python or sys.executable) == b""
    assert trees(stored_spans(place.state)) == [EXCHANGE] * 4


@pytest.mark.parametrize("way", ["module", "package", "module of -m", "working directory"])
def test_a_module_named_otelrun_is_the_programs(tmp_path, way):
    if way == "package":
        (tmp_path / "otelrun").mkdir()
    (tmp_path / ("otelrun/__init__.py" if way == "package" else "otelrun.py")).write_text("mine = 1")
    (tmp_path / "app.py").write_text("import otelrun; print(otelrun.mine)")
    command = {"module of -m": ["-m", "app"], "working directory": ["-c", "import app"]}.get(way, ["app.py"])

    bare = run_python(command, cwd=tmp_path)
    observed = run_otelrun([sys.executable, *command], cwd=tmp_path)

    assert (observed.stdout, observed.returncode) == (bare.stdout, bare.returncode) == (b"1\n", 0)
    assert observed.stderr == b"otelrun: not observed: the program has a module of its own named otelrun\n"


def test_a_script_named_otelrun_is_the_programs(tmp_path):
    (tmp_path / "otelrun.py").write_text("import sys; print('otelrun.startup.hooks' in sys.modules)")

    observed = run_otelrun([sys.executable, "otelrun.py"], cwd=tmp_path)

    assert (observed.stdout, observed.stderr) == (b"True\n", b"")


def damaged():
    whole = handoff.write(Profile(), run_directory="/nowhere/at/all", pipeline="agent")
    coded, _, directory = whole.partition(".")
    yield "garbage", "\xe4\xf6 not this"
    yield "binary", "\udcff\udcfe.zz"
    yield "truncated", whole[: len(whole) // 2]
    yield "without a directory", coded
    yield "of another version", f"AAAA{coded[4:]}.{directory}"
    yield "of another shape", f"KAIAAABpAwAAAHMBAAAAeA==.{directory}"
    yield "a hundred kilobytes", whole + "0" * 100_000
    yield "digits", "1" * 5000
    yield "a dot", "."


@pytest.mark.parametrize(("kind", "text"), [pytest.param(*pair, id=pair[0]) for pair in damaged()])
def test_a_damaged_handoff(kind, text):
    env = inheritance.add({}, text)

    result = run_python(["-c", EXIT, "a b"], env=env)

    line = b"otelrun: not observed: the handoff in the environment is of another version of otelrun, or damaged\n"
    assert (result.stdout, result.returncode) == (b"['a b']\n", 6)
    assert result.stderr in ((line, b"") if kind == "a hundred kilobytes" else (line,))


def test_a_shim_without_a_handoff_says_nothing():
    result = run_python(["-c", EXIT], env={"PYTHONPATH": inheritance.SHIM})

    assert (result.stdout, result.stderr, result.returncode) == (b"[]\n", b"", 6)
