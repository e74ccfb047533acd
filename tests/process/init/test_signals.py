"""Signals reach the program, once each; orphans are reaped; a terminal is handed over and taken back."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

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
from tests.support.programs import DEADLINE_S, environment, start_otelrun
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


class Terminal:
    """A program that is the leader of a session with a terminal of its own."""

    def __init__(self, words, env):
        self.controller, device = pty.openpty()
        command = ["setsid", "--ctty", sys.executable, str(LAUNCHER), *words]
        self.process = subprocess.Popen(command, env=environment(env), stdin=device, stdout=device, stderr=device)
        os.close(device)
        self.seen = b""

    def type(self, keys):
        os.write(self.controller, keys)

    def read_until(self, wanted):
        os.set_blocking(self.controller, False)
        wait_for(lambda: wanted in self.read(), DEADLINE_S, what=f"{wanted!r} on the terminal")

    def read(self):
        with suppress(OSError):  # nothing yet, or all ends of it are closed
            self.seen += os.read(self.controller, 4096)
        return self.seen

    def state(self):
        return Path(f"/proc/{self.process.pid}/stat").read_bytes().rpartition(b")")[2].split()[0]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        os.close(self.controller)


@pytest.fixture
def terminal(tmp_path):
    terminal = Terminal(["--init", *python(LISTENER, "SIGINT", "SIGTERM", "SIGUSR1")], {"OTELRUN_DIR": str(tmp_path)})
    yield terminal
    terminal.close()


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
