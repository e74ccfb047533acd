"""Options and fixtures of the whole test suite."""

from __future__ import annotations

import signal

import pytest

from otelrun import diagnostics
from otelrun.instrumentation import sources
from tests.support.golden import Golden


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the files of tests/golden")
    parser.addoption("--update-screenshots", action="store_true", help="make the pictures of docs/images anew")
    parser.addoption(
        "--full",
        action="store_true",
        help="run the loss tests at their full size, and every row of the fidelity table: minutes instead of seconds",
    )


def pytest_configure() -> None:
    """Have the tests' programs hear what a shell has its background jobs ignore, and ``nohup`` what it runs."""
    for number, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGQUIT, signal.SIG_DFL),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with its golden file: ``golden.check("name.txt", text)``."""
    return Golden(is_updating=request.config.getoption("--update-golden"))


@pytest.fixture(autouse=True)
def captured_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have notices printed: pytest has put a file of its own in the place of stderr."""
    monkeypatch.setattr(diagnostics, "_is_still_stderr", lambda: True)


@pytest.fixture(autouse=True)
def providers_of_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have instrumentations use no provider that another test's pipeline gave them."""
    monkeypatch.setattr(sources, "_given", {})
