"""Signals reach the program, once each; orphans are reaped; a terminal is handed over and taken back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.process.init.containers import (
    APPS,
    LAUNCHER,
    first_child_of,
    needs_containers,
    python,
    run_contained,
    start_contained,
)
from tests.support.programs import DEADLINE_S, environment, otelrun_command, start_otelrun
from tests.support.terminal import Terminal
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

LISTENER = str(APPS / "init" / "listener.py")
KNOWN = ["SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGQUIT", "SIGALRM", "SIGTSTP", "SIGCONT", "SIGTERM"]


def test_every_signal_that_can_be_caught_is_forwarded(tmp_path):
    with start_otelrun(["--init", *python(LISTENER, *KNOWN)], otelrun_dir=tmp_path) as program:
        assert program.read_line() == b"ready\n"
        for name in KNOWN:
            program.send_signal(getattr(signal, name))
            assert program.read_line() == f"{name}\n".encode()
        assert program.finish().returncode == 7


@needs_containers
def test_process_1_forwards_what_it_would_die_of_elsewhere(tmp_path):
    container = start_contained(["--init", *python(LISTENER, *KNOWN)], tmp_path)
    assert container.stdout.readline() == b"ready\n"
    process_1 = first_child_of(container.pid)
    for name in KNOWN:
        os.kill(process_1, getattr(signal, name))
        assert container.stdout.readline() == f"{name}\n".encode()
    assert (*container.communicate(timeout=DEADLINE_S), container.returncode) == (b"", b"", 7)


def test_signal_that_the_program_does_not_catch_kills_both_in_the_same_way(tmp_path):
    with start_otelrun(["--init", *python(LISTENER)], otelrun_dir=tmp_path) as program:
        assert program.read_line() == b"ready\n"
        program.send_signal(signal.SIGTERM)
        result = program.finish()
    assert (result.returncode, result.stderr) == (-signal.SIGTERM, b"")


def test_signal_that_was_ignored_from_the_start_stays_ignored(tmp_path):
    command = f"trap '' HUP; exec {sys.executable} {LAUNCHER} --init {sys.executable} {LISTENER} SIGUSR1"
    env = environment({"OTELRUN_DIR": str(tmp_path)})
    pipe = subprocess.PIPE
    with subprocess.Popen(["sh", "-c", command], env=env, stdin=pipe, stdout=pipe) as program:
        assert program.stdout.readline() == b"ready\n"
        program.send_signal(signal.SIGHUP)
        program.send_signal(signal.SIGUSR1)
        assert program.stdout.readline() == b"SIGUSR1\n"
        program.stdin.close()
        assert program.wait(DEADLINE_S) == 0


@needs_containers
def test_orphans_are_reaped(tmp_path):
    result = run_contained(["--init", *python(str(APPS / "init" / "orphans.py"), 20)], tmp_path)
    assert (result.stdout, result.stderr, result.returncode) == (b"20 0\n", b"", 0)


@pytest.fixture
def terminal(tmp_path):
    words = ["--init", *python(LISTENER, "SIGINT", "SIGTERM", "SIGUSR1")]
    with Terminal([*otelrun_command(), *words], {"OTELRUN_DIR": str(tmp_path), "OTELRUN_SUMMARY": "off"}) as terminal:
        yield terminal


def test_ctrl_c_reaches_the_program_once(terminal):
    terminal.read_until(b"ready")
    terminal.type(b"\x03")
    terminal.read_until(b"SIGINT")
    terminal.process.send_signal(signal.SIGUSR1)  # after a second SIGINT, if there were one
    terminal.read_until(b"SIGUSR1")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(DEADLINE_S) == 7
    terminal.read()
    assert terminal.seen.replace(b"^C", b"").split() == [b"ready", b"SIGINT", b"SIGUSR1", b"SIGTERM"]


def test_ctrl_z_stops_both_and_both_go_on(terminal):
    terminal.read_until(b"ready")
    terminal.type(b"\x1a")
    wait_for(lambda: terminal.state() == b"T", DEADLINE_S, what="otelrun to stop with its program")
    terminal.process.send_signal(signal.SIGCONT)
    terminal.type(b"\x03")
    terminal.read_until(b"SIGINT")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(DEADLINE_S) == 7
