"""Golden files compare, and are rewritten only when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.golden import Golden

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_updated_compares_equal_afterwards(tmp_path: Path) -> None:
    Golden(is_updating=True, folder=tmp_path).check("a/b.txt", "text\n")
    Golden(is_updating=False, folder=tmp_path).check("a/b.txt", "text\n")


@pytest.mark.parametrize("text", ["other\n", ""])
def test_a_difference_or_a_missing_file_is_told(tmp_path: Path, text: str) -> None:
    Golden(is_updating=True, folder=tmp_path).check("there.txt", "text\n")
    for name in ("there.txt", "missing.txt"):
        with pytest.raises(AssertionError, match="--update-golden"):
            Golden(is_updating=False, folder=tmp_path).check(name, text)
