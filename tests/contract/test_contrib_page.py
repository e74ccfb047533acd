"""The reference page of others' instrumentations lists those that are compared, in the versions that are installed for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "contrib.md").read_text(encoding="utf-8")
REQUIREMENTS = (ROOT / "tests" / "process" / "contrib" / "requirements.txt").read_text(encoding="utf-8")
COMPARED = (ROOT / "tests" / "process" / "contrib" / "test_same_as_eager.py").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \| `[a-z0-9.]+` \|", PAGE, re.MULTILINE))


def pinned():
    lines = [line for line in REQUIREMENTS.splitlines() if "==" in line]
    return dict(line.split("==") for line in lines)


def test_the_table_has_those_that_are_compared():
    assert sorted(ROWS) == sorted(re.findall(r"    Case\(\"([a-z0-9-]+)\"", COMPARED))
    assert len(ROWS) == 20


@pytest.mark.parametrize("name", [name for name in ROWS if name != "sqlite3"])
def test_a_library_is_in_the_version_of_the_requirements(name):
    library, version = ROWS[name].split()
    assert pinned()[library] == version
    assert pinned()[f"opentelemetry-instrumentation-{name}"] == "0.66b1"
