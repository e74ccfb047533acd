"""The test suites of two small projects pass under otelrun as bare; ``tests/suites/projects.py`` runs all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.suites.project_table import PROJECTS
from tests.suites.projects import NotInstallableError, compare, prepare

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

SMALL = ("flask", "structlog")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    """One folder for both: they share the launcher's environment."""
    folder: Path = tmp_path_factory.mktemp("suites")
    return folder


@pytest.mark.timeout(300)
@pytest.mark.parametrize("project", [project for project in PROJECTS if project.name in SMALL], ids=lambda p: p.name)
def test_each_test_of_the_suite_ends_as_it_does_bare(project, scratch: Path) -> None:
    try:
        suite = prepare(project, str(scratch))
    except NotInstallableError as error:
        pytest.skip(f"the package index cannot be reached, or lacks what is pinned: {error}")
    found = compare(suite)
    assert set(found.bare.values()) <= {"passed", "skipped", "xfailed"}
    assert len(found.bare) > 400
    assert found.lasting == {}
