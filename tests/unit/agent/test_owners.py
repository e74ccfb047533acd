from __future__ import annotations

import os

import pytest

from otelrun.agent import owners
from otelrun.agent.owners import Processes
from otelrun.ring.identity import start_ticks

NOBODY = 2**22 + 1  # above the largest process id of Linux


def test_this_process_is_alive():
    processes = Processes()
    processes.watch(os.getpid(), start_ticks(os.getpid()))
    assert processes.is_alive(os.getpid(), start_ticks(os.getpid()))
    assert processes.is_any_alive()


def test_process_that_never_was_is_dead():
    processes = Processes()
    processes.watch(NOBODY, 0)
    assert not processes.is_any_alive()


def test_id_that_is_another_process_by_now_is_dead():
    processes = Processes()
    processes.watch(os.getpid(), 1)
    assert not processes.is_alive(os.getpid(), 1)


def test_process_not_watched_counts_as_dead():
    assert not Processes().is_alive(os.getpid(), start_ticks(os.getpid()))


def test_without_pidfds_the_start_time_tells(monkeypatch):
    monkeypatch.setattr(owners, "_open_pidfd", lambda _: None)
    processes = Processes()
    processes.watch(os.getpid(), start_ticks(os.getpid()))
    assert processes.is_any_alive()
    processes.wait(0)
    monkeypatch.setattr(owners, "is_running", lambda *_: False)
    assert not processes.is_any_alive()


@pytest.mark.parametrize("entry", ["", "OTELRUN_HANDOFF=", "OTELRUN_HANDOFF=not one"])
def test_process_with_another_environment_is_no_member(entry, monkeypatch):
    assert not owners._belongs(f"A=1\0{entry}\0".encode(), "/run")
