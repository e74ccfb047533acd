"""Where ``--init`` cannot do its work the program runs without it, and is told so in one line."""

from __future__ import annotations

import os
import signal

import pytest

from otelrun.cli import launching
from otelrun.cli.wishes import Wishes
from otelrun.launch import init


class BecomeError(Exception):
    """Stands in for the end of this process's own life."""


@pytest.fixture
def launch(monkeypatch):
    """Launch a program with ``--init``; give what was told."""
    told = []

    def become(target, environment):
        raise BecomeError(target.executable)

    monkeypatch.setattr(launching, "execute", become)
    monkeypatch.setattr(launching, "tell", lambda slug, text: told.append((slug, text)))

    def launch():
        with pytest.raises(BecomeError, match="/bin/sh"):
            launching.launch_command(["/bin/sh"], Wishes(init=True), {"OTELRUN_DISABLED": "1"})
        return told

    return launch


def test_system_that_has_no_init_runs_the_program_without(monkeypatch, launch):
    monkeypatch.setattr(init, "is_possible", lambda: False)
    assert launch() == [("init", "--init works on Linux only; the program runs without it")]


def test_fork_that_fails_changes_nothing_and_runs_the_program_without(monkeypatch, launch):
    def refuse():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    def state():
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        return mask, signal.getsignal(signal.SIGCHLD), sorted(os.listdir("/proc/self/fd"))

    monkeypatch.setattr(os, "fork", refuse)
    before = state()
    text = "--init: no child can be made ([Errno 11] Resource temporarily unavailable); the program runs without it"
    assert launch() == [("init", text)]
    assert state() == before
