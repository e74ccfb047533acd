"""Options and fixtures of the whole test suite."""

from __future__ import annotations

import pytest

from tests.support.golden import Golden


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the files of tests/golden")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with its golden file: ``golden.check("name.txt", text)``."""
    return Golden(is_updating=request.config.getoption("--update-golden"))
