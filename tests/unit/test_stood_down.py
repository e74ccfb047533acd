"""Processes that are left alone write down why: one file per reason, whatever their number and their Python."""

from __future__ import annotations

import ast
import os

import pytest

from otelrun import stood_down
from otelrun.profile import handoff
from otelrun.profile.model import Profile


def record(directory, slug="tool-pip", text="not observed: pip"):
    return stood_down.record(os.fsencode(directory), slug, text)


def test_the_first_of_a_run_is_told_from_all_others_and_all_are_counted(tmp_path):
    assert [record(tmp_path) for _ in range(1000)] == [True] + [False] * 999
    assert record(tmp_path, "python-2.7", "not observed: Python 2.7")

    assert stood_down.read(str(tmp_path)) == [
        ("python-2.7", "not observed: Python 2.7", 1),
        ("tool-pip", "not observed: pip", 1000),
    ]
    assert os.stat(tmp_path / "stood_down").st_mode & 0o777 == 0o700


def test_what_was_imported_is_a_folder_of_its_own(tmp_path):
    directory = os.fsencode(tmp_path)
    assert stood_down.record(directory, "flask", "opentelemetry-instrumentation-flask", stood_down.IMPORTED)
    assert not stood_down.record(directory, "flask", "opentelemetry-instrumentation-flask", stood_down.IMPORTED)

    assert stood_down.read(str(tmp_path), stood_down.IMPORTED) == [("flask", "opentelemetry-instrumentation-flask", 2)]
    assert stood_down.read(str(tmp_path)) == []


def test_who_is_first_and_not_done_with_writing_is_not_overwritten(tmp_path):
    (tmp_path / "stood_down").mkdir()
    (tmp_path / "stood_down" / "tool-pip").write_bytes(b"\0not observed: pip\0")

    assert stood_down.read(str(tmp_path)) == [("tool-pip", "not observed: pip", 3)]


def test_where_nothing_can_be_written_everybody_is_the_first(tmp_path):
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "gone", tmp_path / "file", ""):
        assert record(directory)
        assert record(directory)
        assert stood_down.read(str(directory)) == []


@pytest.mark.parametrize("directory", ["", "/runs/20261127", "/runs/ä\udcff"])
def test_a_handoff_names_the_directory_in_plain_sight(directory):
    text = handoff.write(Profile(), run_directory=directory, pipeline="agent")

    assert text.isascii()
    assert stood_down.run_directory(text) == os.fsencode(directory)
    assert handoff.read(text).run_directory == directory


@pytest.mark.parametrize("text", ["", "x", "x.", "x.0", "x.zz", "x.é"])
def test_a_damaged_handoff_names_none(text):
    assert stood_down.run_directory(text) == b""


def test_it_is_parsed_by_any_python(tmp_path):
    with open(stood_down.__file__, encoding="ascii") as file:
        tree = ast.parse(file.read())
    later = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.MatMult)
    assert not [node for node in ast.walk(tree) if isinstance(node, later)]
    assert all(node.returns is None for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
