"""The environment that the README's commands make: made once, used again, and honest about what failed."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.otlp_sink import free_port
from tests.support.programs import run_python
from tests.support.project import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

EMPTY_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "nothing"
version = "1"
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    """Copy the script to a checkout of nothing that nobody can install without a registry."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "own_venv.py", tmp_path / ".ci")
    (tmp_path / "pyproject.toml").write_text(EMPTY_PROJECT)
    (tmp_path / "constraints.txt").write_text("")
    return str(tmp_path / ".ci" / "own_venv.py")


def test_an_unreachable_registry_is_told_in_plain_words(script: str, tmp_path: Path) -> None:
    env = {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": f"http://127.0.0.1:{free_port()}/simple",
        "PIP_RETRIES": "0",
        "PIP_NO_INPUT": "1",
        "PIP_FIND_LINKS": "",
        "PIP_UPGRADE": "1",
        "PIP_FORCE_REINSTALL": "1",
    }
    result = run_python([script, ".venv-it"], env=env)
    first, *_ = result.stderr.decode().splitlines()
    assert first.endswith("the package registry did not answer; is there a network, a proxy, an index set for pip?")
    assert (result.stdout, result.returncode) == (b"", 1)
    assert not (tmp_path / ".venv-it" / "otelrun-ready").exists()


def test_what_stands_ready_is_used_again(script: str, tmp_path: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import own_venv as v; print(v._fingerprint(()))"
    fingerprint = run_python(["-c", code, str(tmp_path / ".ci")]).stdout.decode().strip()
    python = tmp_path / ".venv-it" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / ".venv-it" / "otelrun-ready").write_text(fingerprint)
    result = run_python([script, ".venv-it"])
    assert (result.stdout.decode().strip(), result.stderr, result.returncode) == (str(python), b"", 0)
