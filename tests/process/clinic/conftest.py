"""The clinic runs where upstream's instrumentation of ``sqlite3`` is installed: in the environment of tests/process/contrib."""

from __future__ import annotations

import pytest

from tests.support.contrib_environment import NotInstallableError, prepare


@pytest.fixture(scope="session")
def clinic_python():
    """Give the interpreter. The first one to ask waits while its environment is made."""
    try:
        return prepare()
    except NotInstallableError as error:
        pytest.skip(f"the package index cannot be reached, or lacks what is pinned: {error}")
