"""The program's environment differs from the launcher's by PYTHONPATH and the handoff, and by nothing else."""

from __future__ import annotations

import os

import pytest

from otelrun.launch.environment import (
    build_bare_environment,
    build_environment,
    shim_folder,
    without_locale_coercion,
)

OTHER_SHIM = "/elsewhere/otelrun/launch/shim"


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ({}, shim_folder()),
        ({"PYTHONPATH": ""}, shim_folder()),
        ({"PYTHONPATH": "/a"}, f"{shim_folder()}{os.pathsep}/a"),
        ({"PYTHONPATH": f"{os.pathsep}/a"}, f"{shim_folder()}{os.pathsep}{os.pathsep}/a"),
        ({"PYTHONPATH": f"{shim_folder()}{os.pathsep}/a"}, f"{shim_folder()}{os.pathsep}/a"),
        ({"PYTHONPATH": f"{OTHER_SHIM}{os.pathsep}/a", "OTELRUN_HANDOFF": "outer"}, f"{shim_folder()}{os.pathsep}/a"),
    ],
)
def test_the_shim_comes_first_and_once(existing, expected):
    built = build_environment({"HOME": "/root", **existing}, "text")

    assert built == {"HOME": "/root", "PYTHONPATH": expected, "OTELRUN_HANDOFF": "text"}


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ({"PYTHONPATH": "/a"}, {"PYTHONPATH": "/a"}),
        ({"PYTHONPATH": ""}, {"PYTHONPATH": ""}),
        ({"PYTHONPATH": shim_folder(), "OTELRUN_HANDOFF": "outer"}, {}),
        ({"PYTHONPATH": f"{OTHER_SHIM}{os.pathsep}/a"}, {"PYTHONPATH": "/a"}),
    ],
)
def test_nothing_of_an_outer_run_reaches_a_program_that_is_not_observed(existing, expected):
    assert build_bare_environment(existing) == expected


def test_the_given_environment_is_left_alone():
    given = {"PYTHONPATH": "/a"}

    build_environment(given, "text")

    assert given == {"PYTHONPATH": "/a"}


@pytest.mark.parametrize(
    ("environment", "initial", "expected"),
    [
        ({"LC_CTYPE": "C.UTF-8"}, frozenset({"HOME"}), {}),
        ({"LC_CTYPE": "C.UTF-8"}, frozenset({"LC_CTYPE"}), {"LC_CTYPE": "C.UTF-8"}),
        ({"LC_CTYPE": "C.UTF-8"}, None, {"LC_CTYPE": "C.UTF-8"}),
        ({"LC_CTYPE": "de_DE"}, frozenset(), {"LC_CTYPE": "de_DE"}),
    ],
)
def test_a_locale_set_by_the_launchers_interpreter_is_taken_out(environment, initial, expected):
    assert without_locale_coercion(environment, initial) == expected


def test_the_shim_is_alone_in_its_folder():
    files = [name for name in os.listdir(shim_folder()) if name not in ("__pycache__", "sitecustomize.pyc")]

    assert files == ["sitecustomize.py"]
