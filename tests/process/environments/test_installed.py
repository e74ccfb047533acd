"""otelrun as a tool of its own: installed from its wheel in one environment, linked from elsewhere, for programs of others."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

import pytest

from otelrun import __version__
from tests.support.interpreters import OBSERVED, find_interpreter, make_environment
from tests.support.programs import environment, wait_until_idle
from tests.support.project import ROOT
from tests.support.store_rows import stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "exchange", "exchange.py")
EXCHANGE = [("client", "GET", [("server", "GET", [])])]


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    """Install the wheel as ``pipx`` and ``uv tool`` do; give the link to its script. The dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("tool")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-qq",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    subprocess.run(build, env=environment(), check=True, timeout=60)
    (wheel,) = folder.glob("otelrun-*.whl")
    python = make_environment(folder / "environment", sys.executable, "--no-deps", str(wheel))
    (site,) = (folder / "environment" / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    link = folder / "bin" / "otelrun"
    link.parent.mkdir()
    link.symlink_to(os.path.join(os.path.dirname(python), "otelrun"))
    return os.fspath(link)


def run(command, otelrun_dir):
    env = environment({"OTELRUN_DIR": os.fspath(otelrun_dir)})
    os.makedirs(otelrun_dir, exist_ok=True)
    result = subprocess.run(command, env=env, cwd=otelrun_dir, capture_output=True, timeout=60, check=False)
    wait_until_idle(otelrun_dir)
    return result


def test_it_is_the_one_from_the_wheel(tool, tmp_path):
    result = run([tool, "--version"], tmp_path)

    assert (result.stdout, result.stderr, result.returncode) == (f"otelrun {__version__}\n".encode(), b"", 0)
    text = "import os, otelrun; print(os.path.dirname(otelrun.__file__))"
    python = os.path.join(os.path.dirname(os.path.realpath(tool)), "python")
    assert run([python, "-c", text], tmp_path).stdout.decode().startswith(os.path.dirname(os.path.dirname(python)))


@pytest.mark.parametrize("profile", ["default", "dev", "prod"])
def test_the_wheel_brings_the_profiles(tool, tmp_path, profile):
    result = run([tool, "--profile", profile, sys.executable, "-c", "print(1)"], tmp_path)

    assert (result.stdout, result.returncode) == (b"1\n", 0)


@pytest.mark.parametrize("version", OBSERVED)
def test_a_program_of_another_environment_is_observed(tool, tmp_path, version):
    interpreter = find_interpreter(version)
    if interpreter is None:
        pytest.skip(f"there is no CPython {version} here")
    python = make_environment(tmp_path / "environment", interpreter)

    result = run([tool, python, APP], tmp_path / "runs")

    assert (result.stdout.splitlines()[-1], result.stderr, result.returncode) == (b"204", b"", 3)
    assert trees(stored_spans(tmp_path / "runs")) == EXCHANGE
