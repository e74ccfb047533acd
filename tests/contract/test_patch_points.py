"""What otelrun patches is there, with the parameters it is written for, in every CPython and every gRPC at hand.

By default each CPython found, and of gRPC the oldest and the newest that installs for one; with ``--full`` every minor.
The run time does the same check at each single point, and leaves out the one that fails, with one line.
"""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.support import grpc_versions
from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.programs import run_python

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
SCRIPT = os.fspath(ROOT / "tests" / "contract" / "points.py")
PAGE = ROOT / "docs" / "reference" / "patch-points.md"
MARK = "<!-- made by tests/contract/test_patch_points.py --update-golden -->"

INSTALLED = ("grpc.", "opentelemetry_context")

GONE = {"threading.Thread._set_ident": (3, 14)}
"""Points that are not needed from some CPython on."""


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
    return {name: each for name, each in listed.items() if name.startswith(INSTALLED) == (what == "grpc")}


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


def pytest_generate_tests(metafunc):
    if "cell" in metafunc.fixturenames:
        grpc_versions.parametrize(metafunc)


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    """Give, for each CPython, one of an environment that has the OpenTelemetry API, or None."""
    make = grpc_versions.maker("opentelemetry-api")
    return functools.cache(lambda version: make(version, tmp_path_factory.mktemp(f"python{version}")))


def test_each_point_of_every_grpc_is_there(cell, interpreter, tmp_path):
    version, minor = cell
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    grpc_versions.install(minor, python, tmp_path)
    found = points("grpc", python, tmp_path)
    notices = found.pop("notices")
    expected = documented("grpc")
    if grpc_versions.has_server(minor):
        assert notices == []
    else:
        expected = {**expected, "grpc.server": []}
        assert notices == [grpc_versions.NO_SERVER]
    assert found == expected
