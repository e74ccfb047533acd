"""The environment with the libraries that upstream instruments."""

from __future__ import annotations

import pytest

from tests.support.contrib_environment import NotInstallableError, prepare


@pytest.fixture(scope="session")
def contrib_python():
    """Give its interpreter. The first one to ask waits while it is made."""
    try:
        return prepare()
    except NotInstallableError as error:
        pytest.skip(f"the package index cannot be reached, or lacks what is pinned: {error}")
