"""The program's environment differs from the launcher's by PYTHONPATH and the handoff, and by nothing else."""

from __future__ import annotations

import os

import pytest

from otelrun.inheritance import SHIM, add, read_context, remove, with_shim, without_shim, write_context

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


@pytest.mark.parametrize("before", [{}, {"TRACEPARENT": "x,=y", "BAGGAGE": "\udcff"}, {"TRACESTATE": "old"}])
def test_a_context_is_added_and_what_was_there_can_be_shown(before):
    given = {"TRACEPARENT": "new", "TRACESTATE": None, "BAGGAGE": "a=b,c=d"}
    shown = {name: before.get(name) for name in given}

    built = before | write_context(shown, given)

    assert {name: built.get(name) for name in given} == given
    hidden, is_stale = read_context({name: value for name, value in built.items() if value is not None})
    assert not is_stale
    assert shown == {name: hidden.get(name, built.get(name)) for name in given}


def test_what_somebody_has_changed_since_is_not_hidden():
    built = write_context({}, {"TRACEPARENT": "new", "BAGGAGE": "a=b"})

    assert read_context({**built, "TRACEPARENT": "newer"}) == ({"BAGGAGE": None}, False)
    assert read_context({"OTELRUN_CONTEXT": built["OTELRUN_CONTEXT"]}) == ({}, False)


def test_a_context_that_is_there_already_needs_no_note():
    assert write_context({"TRACEPARENT": "same"}, {"TRACEPARENT": "same"}) == {}
    stale = write_context({"TRACEPARENT": "same"}, {"TRACEPARENT": "same"}, is_stale=True)
    assert read_context({"TRACEPARENT": "same", **stale}) == ({}, True)


@pytest.mark.parametrize("note", ["", "x", "A=B", "A=zz=-", "=-=-=", "A=-=zz", ",,stal", "\0"])
def test_a_damaged_note_hides_nothing(note):
    assert read_context({"A": "1", "OTELRUN_CONTEXT": note}) == ({}, False)


def test_the_context_of_an_outer_run_stays_for_the_inner_one_and_not_for_a_program_that_is_not_observed():
    environment = {"TRACEPARENT": "t", "OTELRUN_CONTEXT": "note", "OTELRUN_HANDOFF": "outer"}

    assert add(environment, "inner")["OTELRUN_CONTEXT"] == "note"
    assert remove(environment) == {"TRACEPARENT": "t"}
