"""Leftover runs are claimed once, those first that were tried longest ago."""

from __future__ import annotations

import os

import pytest

from otelrun.ring.directory import RunDirectory
from otelrun.ring.recovery import claim, leftovers


@pytest.fixture
def root(tmp_path):
    for name, has_ring in (("1-old", True), ("2-empty", False), ("3-new", True)):
        run = tmp_path / "runs" / name
        (run / "rings").mkdir(parents=True)
        (run / "outbox").mkdir()
        if has_ring:
            (run / "rings" / "1.ring").write_text("x")
    return str(tmp_path)


def test_runs_with_something_undelivered_are_claimed_oldest_first(root):
    claims = list(leftovers(root))
    assert [claimed.run.run_id for claimed in claims] == ["1-old", "3-new"]
    assert list(leftovers(root)) == []
    for claimed in claims:
        claimed.release()
    again = list(leftovers(root))
    assert len(again) == 2
    for claimed in again:
        claimed.release()


def test_a_run_that_was_tried_comes_after_the_others(root):
    for claimed in leftovers(root):
        claimed.release()
    os.utime(RunDirectory(os.path.join(root, "runs", "1-old")).lock, (2_000_000_000, 2_000_000_000))
    claims = list(leftovers(root))
    assert [claimed.run.run_id for claimed in claims] == ["3-new", "1-old"]
    for claimed in claims:
        claimed.release()


def test_an_outbox_counts_too(root):
    with open(os.path.join(root, "runs", "2-empty", "outbox", "x"), "w"):
        pass
    claims = list(leftovers(root))
    assert len(claims) == 3
    for claimed in claims:
        claimed.release()


def test_a_run_that_cannot_be_locked_is_nobodys(tmp_path):
    assert claim(RunDirectory(str(tmp_path / "gone"))) is None


def test_the_lock_is_private(root):
    claimed = claim(RunDirectory(os.path.join(root, "runs", "1-old")))
    assert os.stat(claimed.run.lock).st_mode & 0o777 == 0o600
    claimed.release()
