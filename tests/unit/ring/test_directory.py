"""Run directories are private, and found by what people type."""

from __future__ import annotations

import os

import pytest

from otelrun.errors import NotFoundError, RunDirectoryError
from otelrun.ring.directory import RunDirectory, create_run, find_run, list_runs, state_root


def test_the_root_is_where_it_was_asked_for():
    assert state_root({"OTELRUN_DIR": "/a/../b"}) == "/b"
    assert state_root({"XDG_STATE_HOME": "/state"}) == "/state/otelrun"
    assert state_root({}) == os.path.expanduser("~/.local/state/otelrun")


def test_a_run_is_private(tmp_path):
    run = create_run(str(tmp_path / "root"))
    for path in (run.path, run.rings, run.outbox):
        assert os.stat(path).st_mode & 0o777 == 0o700
    assert {os.path.dirname(path) for path in (run.store, run.lock, run.log, run.profile, run.description)} == {run.path}


def test_two_runs_of_one_second_differ(tmp_path):
    assert len({create_run(str(tmp_path)).run_id for _ in range(5)}) == 5


def test_a_root_that_others_can_write_is_refused(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(RunDirectoryError, match="every user"):
        create_run(str(tmp_path))


def test_a_root_that_is_a_file_or_a_link_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError):
        create_run(str(tmp_path / "file"))
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(RunDirectoryError, match="not a directory"):
        create_run(str(tmp_path / "link"))


def test_runs_are_found_by_either_end_of_their_id(tmp_path):
    names = ["20260101-000000-aaaa", "20260102-000000-bbbb", "20260102-000001-cccc"]
    for name in names:
        (tmp_path / "runs" / name).mkdir(parents=True)
    root = str(tmp_path)
    assert [run.run_id for run in list_runs(root)] == names[::-1]
    assert find_run(root, None).run_id == find_run(root, "last").run_id == names[2]
    assert find_run(root, "aaaa").run_id == find_run(root, "20260101").run_id == names[0]
    with pytest.raises(NotFoundError, match="names 2 runs"):
        find_run(root, "20260102")
    with pytest.raises(NotFoundError, match="no run 'zzz'"):
        find_run(root, "zzz")


def test_without_runs_there_is_none(tmp_path):
    assert list_runs(str(tmp_path)) == []
    with pytest.raises(NotFoundError, match="no runs below"):
        find_run(str(tmp_path), None)


def test_the_id_is_the_directorys_name():
    assert RunDirectory("/a/b/x-1").run_id == "x-1"
