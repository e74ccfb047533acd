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


def test_the_root_is_the_chosen_one_else_the_state_directory_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    chosen, state = str(tmp_path / "chosen"), str(tmp_path / "state")
    assert state_root({"OTELRUN_DIR": chosen, "XDG_STATE_HOME": state}) == chosen
    assert state_root({"XDG_STATE_HOME": state}) == f"{state}/otelrun"
    assert state_root({}) == f"{tmp_path}/.local/state/otelrun"


@pytest.mark.parametrize("home", ["/dev/null/home", "~"], ids=["cannot be made", "unknown"])
def test_without_a_home_the_root_is_in_the_directory_for_temporary_files(
    home: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda _: home)
    tmp_path.chmod(0o1777)
    assert state_root({"TMPDIR": str(tmp_path)}) == f"{tmp_path}/otelrun-{os.geteuid()}"
    assert state_root({}) == f"/tmp/otelrun-{os.geteuid()}"


def test_in_a_shared_directory_each_user_has_a_root_of_his_own(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)  # an emptyDir of Kubernetes
    root = state_root({"OTELRUN_DIR": str(tmp_path)})
    assert root == f"{tmp_path}/otelrun-{os.geteuid()}"
    run = create_run(root)
    assert list_runs(root) == [run]
    assert state_root({"OTELRUN_DIR": root}) == root


def test_a_run_is_for_its_user_only(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        run = create_run(str(tmp_path / "root"))
    finally:
        os.umask(umask)
    for path in (tmp_path / "root", tmp_path / "root" / "runs", run.path, run.rings, run.outbox):
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
    with pytest.raises(RunDirectoryError, match=r"(Not a directory|File exists); set OTELRUN_DIR to "):
        create_run(str(tmp_path / "file"))
