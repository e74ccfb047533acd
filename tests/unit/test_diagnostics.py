"""The boundary at which otelrun's own failures end."""

from __future__ import annotations

import pytest

from otelrun import diagnostics
from otelrun.diagnostics import guarded


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.fixture
def notices(monkeypatch):
    told = []
    monkeypatch.delenv("OTELRUN_STRICT", raising=False)
    monkeypatch.setenv("OTELRUN_QUIET", "1")
    monkeypatch.setattr(diagnostics, "_told", set())
    monkeypatch.setattr(diagnostics, "_listeners", [lambda slug, text: told.append((slug, text))])
    return told


def test_a_failure_is_told_once_and_goes_no_further(notices):
    for _ in range(2):
        with guarded("this"):
            raise ValueError("broken")
    assert notices == [("guarded:this", "this failed, the program goes on: ValueError: broken")]


def test_an_error_that_cannot_be_printed_goes_no_further(notices):
    with guarded("this"):
        raise UnprintableError
    assert notices == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_the_programs_passes(notices, kind):
    with pytest.raises(kind), guarded("this"):
        raise kind
    assert notices == []


def test_at_the_recursion_limit_a_failure_goes_no_further(monkeypatch):
    monkeypatch.setenv("OTELRUN_QUIET", "1")
    monkeypatch.delenv("OTELRUN_STRICT", raising=False)
    ended = []

    def down():
        try:
            with guarded("this"):
                down()
        except RecursionError:  # no room for the boundary itself
            return
        ended.append(True)

    down()
    assert ended
