"""The boundary at which otelrun's own failures end."""

from __future__ import annotations

import functools
import signal
import sys

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
    assert notices == [("guarded:this", "this failed, the program goes on: UnprintableError")]


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


def test_a_program_at_its_recursion_limit_is_told_nothing(notices):
    def down(depth):
        if depth:
            return down(depth - 1)
        with guarded("this"):
            raise RecursionError("maximum recursion depth exceeded")
        return None

    down(sys.getrecursionlimit() * 3 // 5)
    assert notices == []
    down(0)
    assert notices == [
        ("guarded:this", "this failed, the program goes on: RecursionError: maximum recursion depth exceeded")
    ]


class Handler:
    def raises(self, *_):
        raise TimeoutError("the program's")

    def __call__(self, *_):
        raise SystemExit(3)


def raises(*_):
    raise TimeoutError("the program's")


@pytest.fixture
def alarmed():
    before = signal.getsignal(signal.SIGALRM)
    yield lambda handler: signal.signal(signal.SIGALRM, handler)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (raises, TimeoutError),
        (lambda *_: raises(), TimeoutError),
        (Handler().raises, TimeoutError),
        (functools.partial(raises, 1), TimeoutError),
        (Handler(), SystemExit),
    ],
)
@pytest.mark.parametrize("drops_exits", [False, True])
def test_what_a_signal_handler_raises_in_the_middle_of_it_is_the_programs(alarmed, handler, expected, drops_exits):
    alarmed(handler)

    with pytest.raises(expected), guarded("work", drops_exits=drops_exits):
        signal.raise_signal(signal.SIGALRM)


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), BaseException("x")])
def test_other_peoples_code_may_say_what_it_likes(error, capfd):
    with guarded(f"their work {error!r}", drops_exits=True):
        raise error
    with pytest.raises(type(error)), guarded("our work"):
        raise error

    assert capfd.readouterr().err.count("\n") == 1


def test_an_interrupt_passes_everywhere():
    for drops_exits in (False, True):
        with pytest.raises(KeyboardInterrupt), guarded("work", drops_exits=drops_exits):
            raise KeyboardInterrupt
