"""An interrupt from outside ends a program under otelrun as it does bare."""

from __future__ import annotations

import os
import signal
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.support.programs import start_otelrun, start_python, wait_until_idle

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "fidelity")


@pytest.mark.parametrize("arguments", [(), ("--politely",)], ids=["uncaught", "politely"])
def test_it_ends_as_bare(arguments: tuple[str, ...], tmp_path: Path) -> None:
    program = ["interrupted.py", *arguments]
    ends = []
    for start in (
        start_python(program, cwd=APPS),
        start_otelrun([sys.executable, *program], otelrun_dir=tmp_path, cwd=APPS),
    ):
        with start as running:
            assert running.read_line() == b"ready\n"
            running.send_signal(signal.SIGINT)
            result = running.finish()
            ends.append((result.stdout, result.stderr, result.returncode))
    wait_until_idle(tmp_path)
    bare, observed = ends
    assert bare[2] == (130 if arguments else -signal.SIGINT)
    assert observed == bare


def request(url: str) -> None:
    urllib.request.urlopen(url, timeout=30).close()


def without_requests(log: bytes) -> bytes:
    """Leave out the server's line for the request, which has the time in it."""
    return b"".join(line for line in log.splitlines(keepends=True) if b'"GET /interrupted.py ' not in line)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_as_bare(number: signal.Signals, tmp_path: Path) -> None:
    program = ["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    ends = []
    for start in (
        start_python(program, cwd=APPS),
        start_otelrun([sys.executable, *program], otelrun_dir=tmp_path, cwd=APPS),
    ):
        with start as running:
            port = running.read_line().partition(b" port ")[2].split()[0]
            request(f"http://127.0.0.1:{int(port)}/interrupted.py")  # it is past its start
            running.send_signal(number)
            result = running.finish()
            ends.append((result.stdout.partition(b"\n")[2], without_requests(result.stderr), result.returncode))
    wait_until_idle(tmp_path)
    bare, observed = ends
    assert bare == (
        (b"\nKeyboard interrupt received, exiting.\n", b"", 0) if number == signal.SIGINT else (b"", b"", -number)
    )
    assert observed == bare
