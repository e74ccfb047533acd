"""A program may call its modules what it likes, also what the standard library calls its own."""

from __future__ import annotations

import pytest

from tests.support.pairs import assert_same, run_pair

pytestmark = pytest.mark.process


@pytest.mark.parametrize("name", ["logging", "threading", "http", "queue", "random", "token"])
def test_a_module_named_like_one_of_the_standard_library_is_the_programs(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("print('mine')")
    (tmp_path / "app.py").write_text(f"import {name}; print({name}.__file__)")
    assert_same(run_pair([str(tmp_path / "app.py")]))
