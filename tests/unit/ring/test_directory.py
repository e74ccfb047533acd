"""Runs have directories of their own, for their user only, in the order of time."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from otelrun.errors import NotFoundError, RunDirectoryError
from otelrun.ring.directory import create_run, find_run, list_runs, state_root

if TYPE_CHECKING:
    from pathlib import Path


def test_the_root_is_the_chosen_one_else_the_state_directory_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert state_root({"OTELRUN_DIR": "/var/lib/otelrun", "XDG_STATE_HOME": "/state"}) == "/var/lib/otelrun"
    assert state_root({"XDG_STATE_HOME": "/state"}) == "/state/otelrun"
    assert state_root({}) == "/home/somebody/.local/state/otelrun"


def test_a_run_is_for_its_user_only(tmp_path: Path) -> None:
    run = create_run(str(tmp_path / "root"))
    for path in (tmp_path / "root" / "runs", run.path, run.rings, run.outbox):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700


def test_runs_of_one_second_are_listed_newest_first(tmp_path: Path) -> None:
    made = [create_run(str(tmp_path)) for _ in range(20)]
    assert list_runs(str(tmp_path)) == made[::-1]


def test_a_run_is_found_by_either_end_of_its_id_or_as_the_last(tmp_path: Path) -> None:
    first, last = create_run(str(tmp_path)), create_run(str(tmp_path))
    assert find_run(str(tmp_path), first.run_id) == first
    assert find_run(str(tmp_path), last.run_id[-13:]) == last
    assert find_run(str(tmp_path), None) == find_run(str(tmp_path), "last") == last
    with pytest.raises(NotFoundError, match="names 2 runs"):
        find_run(str(tmp_path), first.run_id[:8])
    with pytest.raises(NotFoundError, match="no run 'nothing'"):
        find_run(str(tmp_path), "nothing")


def test_a_directory_that_everybody_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(RunDirectoryError, match="can be written by every user; chmod it to 700"):
        create_run(str(tmp_path))


def test_a_place_where_none_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match=r"Not a directory|File exists"):
        create_run(str(tmp_path / "file"))
