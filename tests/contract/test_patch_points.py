"""What otelrun patches is there, with the parameters it is written for, in every CPython and every gRPC at hand.

By default each CPython found, and of gRPC the oldest and the newest that installs for one; with ``--full`` every minor.
The run time does the same check at each single point, and leaves out the one that fails, with one line.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter, make_environment
from tests.support.programs import environment, run_python

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
SCRIPT = os.fspath(ROOT / "tests" / "contract" / "points.py")
PAGE = ROOT / "docs" / "reference" / "patch-points.md"
MARK = "<!-- made by tests/contract/test_patch_points.py --update-golden -->"

GONE = {"threading.Thread._set_ident": (3, 14)}
"""Points that are not needed from some CPython on."""

OLDEST_SERVER = (1, 60)
"""``grpc.server`` before says that it is not instrumented."""

OLDEST = {"3.10": "1.42", "3.11": "1.49", "3.12": "1.59", "3.13": "1.66", "3.14": "1.76"}
"""The first minor with a wheel for this CPython, from the oldest that is supported."""

BY_DEFAULT = (("3.10", "1.42"), ("3.11", "1.60"), ("3.13", "newest"))
MINORS = tuple(f"1.{minor}" for minor in range(42, 86) if minor not in (45, 52, 77, 79))  # those that were released


def points(what, python=sys.executable, *folders):
    """Give what is patched, by instrumentation."""
    path = os.pathsep.join([os.fspath(ROOT), *map(os.fspath, folders)])
    done = run_python([SCRIPT, what], env={"PYTHONPATH": path, "OTELRUN_QUIET": "1"}, python=python)
    assert (done.returncode, done.stderr) == (0, b"")
    return json.loads(done.stdout)


def as_page(found):
    """Give the list of the page."""
    return "\n".join(
        f"## `{name}`\n\n" + "".join(f"- `{point}`\n" for point in each) for name, each in sorted(found.items())
    )


@functools.cache
def documented(what):
    """Give what the page lists, by instrumentation."""
    sections = PAGE.read_text(encoding="utf-8").partition(MARK)[2].split("\n## `")[1:]
    listed = {section.partition("`")[0]: re.findall(r"^- `([\w.]+)`$", section, re.MULTILINE) for section in sections}
    return {name: each for name, each in listed.items() if name.startswith("grpc.") == (what == "grpc")}


def test_the_page_lists_each_point(request):
    found = {**points("stdlib"), **points("grpc")}
    assert found.pop("notices") == []
    if request.config.getoption("--update-golden"):
        before = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(f"{before}{MARK}\n\n{as_page(found)}", encoding="utf-8")
    assert as_page(found) == PAGE.read_text(encoding="utf-8").partition(f"{MARK}\n\n")[2]


@pytest.mark.parametrize("version", OBSERVED)
def test_each_point_of_the_standard_library_is_there(version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    found = points("stdlib", python)
    assert found.pop("notices") == []
    gone = {point for point, since in GONE.items() if tuple(map(int, version.split("."))) >= since}
    assert found == {name: sorted({*each} - gone) for name, each in documented("stdlib").items()}


def is_numbered(version):
    return tuple(map(int, version.split(".")))


def cells(is_full):
    """Give the pairs of CPython and gRPC to look at."""
    if not is_full:
        return BY_DEFAULT
    every = [
        (python, minor) for python in OLDEST for minor in MINORS if is_numbered(minor) >= is_numbered(OLDEST[python])
    ]
    return (*every, *((python, "newest") for python in OLDEST))


def pytest_generate_tests(metafunc):
    if "cell" in metafunc.fixturenames:
        pairs = cells(metafunc.config.getoption("--full"))
        metafunc.parametrize("cell", pairs, ids=[f"CPython {python}, grpcio {minor}" for python, minor in pairs])


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    """Give, for each CPython, one of an environment that has the OpenTelemetry API."""

    @functools.cache
    def make(version):
        python = find_interpreter(version)
        if python is None:
            return None
        folder = tmp_path_factory.mktemp(f"python{version}")
        return make_environment(folder, python, "opentelemetry-api", "six", "typing-extensions")

    return make


def test_each_point_of_every_grpc_is_there(cell, interpreter, tmp_path):
    version, minor = cell
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    wanted = "grpcio" if minor == "newest" else f"grpcio=={minor}.*"
    pip = [sys.executable, "-m", "pip", "--python", python, "-qq", "--disable-pip-version-check", "install"]
    options = ["--no-deps", "--only-binary", ":all:", "--target", os.fspath(tmp_path)]
    subprocess.run([*pip, *options, wanted], env=environment(), check=True, timeout=120)
    found = points("grpc", python, tmp_path)
    notices = found.pop("notices")
    expected = documented("grpc")
    if minor != "newest" and is_numbered(minor) < OLDEST_SERVER:
        expected = {**expected, "grpc.server": []}
        assert notices == ["not instrumented: gRPC servers need grpcio 1.60 or newer"]
    else:
        assert notices == []
    assert found == expected
