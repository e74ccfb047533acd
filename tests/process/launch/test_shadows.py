"""A file of the program's own with a name of the standard library is never run by otelrun's asking for the library's."""

from __future__ import annotations

import sys

import pytest

from tests.support.pairs import run_pair

pytestmark = pytest.mark.process

PROGRAM = """
import logging, threading, http.server
logging.warning("hi")
{own}
print("end")
"""
NEEDED = ("uuid", "typing", "platform", "inspect", "contextvars", "dataclasses")
NOT_NEEDED = ("queue", "random", "calendar", "statistics")


@pytest.mark.parametrize("is_imported", [False, True], ids=["lies there", "is imported"])
@pytest.mark.parametrize("name", [*NEEDED, *NOT_NEEDED])
def test_a_file_beside_the_script_is_the_programs_affair(tmp_path, name, is_imported):
    (tmp_path / f"{name}.py").write_text(f"print('mine: {name}')")
    program = tmp_path / "main.py"
    program.write_text(PROGRAM.format(own=f"import {name}" if is_imported else ""))
    pair = run_pair([str(program)])
    told = b""
    if pair.observed.stderr != pair.bare.stderr and name in NEEDED:
        told = (
            "otelrun: not observed: the OpenTelemetry API in the program's environment cannot be used: ModuleNotFoundError:"
            f" {tmp_path / name}.py hides a module of the standard library\n"
        ).encode()
    assert (pair.observed.stdout, pair.observed.returncode) == (pair.bare.stdout, pair.bare.returncode)
    assert pair.observed.stderr.replace(told, b"", 1) == pair.bare.stderr


def test_it_is_told_which_file_it_is(tmp_path):
    (tmp_path / "uuid.py").write_text("print('mine')")
    pair = run_pair(["-c", PROGRAM.format(own="")], cwd=tmp_path)
    assert sys.platform != "linux" or b"uuid.py hides a module of the standard library\n" in pair.observed.stderr
