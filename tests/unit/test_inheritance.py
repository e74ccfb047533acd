"""The program's environment differs from the launcher's by PYTHONPATH and the handoff, and by nothing else."""

from __future__ import annotations

import os

import pytest

from otelrun.inheritance import SHIM, add, remove, with_shim, without_shim

OTHER_SHIM = "/elsewhere/otelrun/launch/shim"


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ({}, SHIM),
        ({"PYTHONPATH": ""}, f"{SHIM}{os.sep}"),
        ({"PYTHONPATH": "/a"}, f"{SHIM}{os.pathsep}/a"),
        ({"PYTHONPATH": f"{os.pathsep}/a"}, f"{SHIM}{os.pathsep}{os.pathsep}/a"),
        ({"PYTHONPATH": f"{SHIM}{os.pathsep}/a"}, f"{SHIM}{os.pathsep}/a"),
        ({"PYTHONPATH": f"{OTHER_SHIM}{os.pathsep}/a", "OTELRUN_HANDOFF": "outer"}, f"{SHIM}{os.pathsep}/a"),
    ],
)
def test_the_shim_comes_first_and_once(existing, expected):
    built = add({"HOME": "/root", **existing}, "text")

    assert built == {"HOME": "/root", "PYTHONPATH": expected, "OTELRUN_HANDOFF": "text"}


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ({"PYTHONPATH": "/a"}, {"PYTHONPATH": "/a"}),
        ({"PYTHONPATH": ""}, {"PYTHONPATH": ""}),
        ({"PYTHONPATH": SHIM, "OTELRUN_HANDOFF": "outer"}, {}),
        ({"PYTHONPATH": f"{SHIM}{os.sep}"}, {"PYTHONPATH": ""}),
        ({"PYTHONPATH": f"{OTHER_SHIM}{os.pathsep}/a"}, {"PYTHONPATH": "/a"}),
    ],
)
def test_nothing_of_an_outer_run_reaches_a_program_that_is_not_observed(existing, expected):
    assert remove(existing) == expected


@pytest.mark.parametrize("value", [None, "", "/a", os.pathsep, f"/a{os.pathsep}", f"{os.pathsep}/a"])
def test_every_value_of_the_path_comes_back(value):
    assert without_shim(with_shim(value)) == value


def test_the_given_environment_is_left_alone():
    given = {"PYTHONPATH": "/a"}

    add(given, "text")

    assert given == {"PYTHONPATH": "/a"}


def test_the_shim_is_alone_in_its_folder():
    files = [name for name in os.listdir(SHIM) if name not in ("__pycache__", "sitecustomize.pyc")]

    assert files == ["sitecustomize.py"]
