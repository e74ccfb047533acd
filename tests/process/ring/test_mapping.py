"""A mapped ring and the end of the interpreter: the mapping goes last, and closes nothing of the program's."""

from __future__ import annotations

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.programs import run_python
from tests.support.project import ROOT

pytestmark = pytest.mark.process

PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
from otelrun.ring import mapping
fd = os.open("ring", os.O_RDWR | os.O_CREAT)
os.truncate(fd, 4096)
mapped = mapping.map_file(fd, 4096)
file = open("data", "w", opener=lambda path, flags: os.dup2(os.open(path, flags | os.O_CREAT), max(mapped[1], fd)))
sys.modules["kept"] = file  # goes after the mapping would
file.write("written at the very end")
"""


@pytest.mark.parametrize("version", OBSERVED)
def test_the_end_of_the_interpreter_closes_nothing_of_the_programs(tmp_path, version):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"there is no CPython {version} here")
    result = run_python(["-c", PROGRAM, str(ROOT)], python=python, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, b"")
    assert (tmp_path / "data").read_text() == "written at the very end"
