"""A share of CPython's own regression tests says under otelrun what it says bare; ``tests/suites/cpython.py`` runs them all."""

from __future__ import annotations

import sys

import pytest

from tests.suites.cpython import CI_FILES, compare_file
from tests.suites.cpython_known import KNOWN, is_known
from tests.suites.outcomes import OBSERVED
from tests.suites.regrtest import has_file, run_file
from tests.support.interpreters import find_interpreter

pytestmark = pytest.mark.process

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
DEADLINE_S = 110.0


def interpreter_with(file: str) -> str:
    """Give the interpreter that the tests' own environment is made of, which has nothing of otelrun's installed."""
    python = find_interpreter(VERSION)
    if python is None:
        pytest.skip(f"there is no CPython {VERSION} here that belongs to no environment")
    if not has_file(python, file):
        pytest.skip(f"this installation of CPython {VERSION} has no test.{file}")
    return python


@pytest.mark.parametrize("file", CI_FILES)
def test_a_file_says_the_same_of_each_test(file: str) -> None:
    comparison = compare_file(interpreter_with(file), VERSION, file, DEADLINE_S)
    assert comparison.bare.get("ok")
    assert [str(each) for each in comparison.differences if not is_known(each.test, VERSION)] == []


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.file)
def test_what_is_known_to_differ_passes_without_its_reason(known) -> None:
    if VERSION not in known.versions:
        pytest.skip(f"differs only on CPython {', '.join(known.versions)}")
    python = interpreter_with(known.file)

    outcomes = run_file(OBSERVED, python, known.file, only=known.ids, env=dict(known.settings), deadline_s=DEADLINE_S)
    assert outcomes.pop(known.file).startswith("exit status 0, ")
    assert outcomes == dict.fromkeys(known.ids, "ok")
