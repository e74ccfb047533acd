"""A program cannot tell, and nobody who watches it from outside can, whether otelrun runs it.

Each row of the table runs bare and under otelrun, in the same place; stdout, stderr, exit status and death by a signal are
compared byte for byte, and so is what reporters say of themselves, but for ``allowed.ALLOWED``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.process.fidelity.allowed import FINDER, without_allowed
from tests.process.fidelity.place import Place, run_twice
from tests.process.fidelity.table import ROWS, Row
from tests.process.fidelity.tools import find_tools
from tests.process.fidelity.way import NotHereError, python_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.programs import Result

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "fidelity")
pytestmark = pytest.mark.process


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_full = metafunc.config.getoption("--full")
    rows = [row for row in ROWS if is_full or not row.is_full_only]
    metafunc.parametrize("row", rows, ids=lambda row: row.name)


def test_nothing_changes(row: Row, tmp_path: Path) -> None:
    if reason := row.around.needs():
        pytest.skip(reason)
    try:
        python = python_of(row.way)
        tools = find_tools() if row.way.is_of_tools else ""
        bare, observed = run_twice(
            lambda: _make_place(row, tmp_path / "here", python, tools),
            row.way.lay_out,
            row.around,
            tmp_path / "otelrun",
        )
    except NotHereError as missing:
        pytest.skip(str(missing))
    assert bare.returncode == row.program.returncode, bare
    if row.program.is_report:
        bare_report, bare = _split(bare)
        observed_report, observed = _split(observed)
        assert FINDER in observed_report["idle"]["meta_path"], "it is not observed"
        _assert_same_report(bare_report, without_allowed(bare_report, observed_report))
    allowed = [difference.output for difference in (*row.program.sees, *row.way.sees) if difference.output is not None]
    assert _seen(observed, [*row.program.scrub, *allowed]) == _seen(bare, row.program.scrub)


def _make_place(row: Row, folder: Path, python: str, tools: str) -> Place:
    folder.mkdir()
    program = row.program
    for name in program.beside:
        source = os.path.join(APPS, name)
        (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, folder / name)
    text = ""
    if program.file:
        with open(os.path.join(APPS, program.file), encoding="utf-8") as file:
            text = file.read()
    env = {**row.way.env, **program.env}
    return Place(folder, text, program.arguments, python, tools, env, program.stdin)


def _split(result: Result) -> tuple[dict[str, Any], Result]:
    *before, report = result.stdout.splitlines(keepends=True)
    return json.loads(report), type(result)(b"".join(before), result.stderr, result.returncode, result.duration_s)


def _assert_same_report(bare: dict[str, Any], observed: dict[str, Any]) -> None:
    """Compare fact by fact, so that a failure shows the fact."""
    assert observed.keys() == bare.keys()
    differences = {
        f"{section}.{fact}": (value, observed[section].get(fact))
        for section, facts in bare.items()
        for fact, value in facts.items()
        if observed[section].get(fact) != value
    }
    assert differences == {}


def _seen(result: Result, scrub: Sequence[tuple[str, str]]) -> tuple[bytes, bytes, int]:
    stdout, stderr = result.stdout, result.stderr
    for pattern, put in scrub:
        stdout, stderr = (re.sub(pattern.encode(), put.encode(), text) for text in (stdout, stderr))
    return stdout, stderr, result.returncode
