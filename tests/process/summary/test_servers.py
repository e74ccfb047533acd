"""Servers that are stopped by Ctrl-C, and what a program can see of the summary that is to come."""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.otlp_sink import free_port
from tests.support.programs import DEADLINE_S, otelrun_command, wait_until_idle
from tests.support.terminal import Terminal
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

FAMILIES = Path(__file__).parents[2] / "apps" / "families"
SEES = """
import json, os, sys
atexit = sys.modules.get("atexit")
import atexit as loaded, fcntl, signal, termios, threading
print(json.dumps({
    "modules": sorted(name for name in sys.modules if not name.startswith("otelrun") and name != "__future__"),
    "atexit": loaded._ncallbacks(),
    "descriptors": sorted(os.listdir("/proc/self/fd")),
    "signals": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
    "threads": threading.active_count(),
    "modes": repr(termios.tcgetattr(2)),
    "environment": sorted(os.environ),
}))
"""
PATIENT = {"TERM": "dumb", "OTELRUN_STRICT": "1"}  # whatever else the machine is busy with


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
    except OSError:
        return b""


def test_the_requests_of_http_server_are_summed_up_after_ctrl_c(tmp_path):
    port = free_port()
    (tmp_path / "page.html").write_text("here")
    command = [*otelrun_command(), sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with Terminal(command, {"OTELRUN_DIR": str(tmp_path / "runs"), **PATIENT}, cwd=tmp_path) as terminal:
        wait_for(lambda: ask(f"http://127.0.0.1:{port}/page.html"), DEADLINE_S, what="the page")
        assert ask(f"http://127.0.0.1:{port}/page.html?again")
        terminal.type(b"\x03")
        assert terminal.wait() == 0
        text = terminal.text
    assert "\nKeyboard interrupt received, exiting.\n" in text
    headline, calm, look = text.splitlines()[-3:]
    assert re.fullmatch(r"otelrun: http\.server · run \w{4} · .* m?s · \d requests, none failed", headline)
    assert re.fullmatch(r"  GET /page.html \d \S .*", calm)
    assert look.startswith("  look otelrun ui ")


def test_four_workers_of_gunicorn_are_one_summary(tmp_path):
    port = free_port()
    command = [*otelrun_command(), sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "4", "--log-level", "error", "wsgi:application"]
    with Terminal(command, {"OTELRUN_DIR": str(tmp_path), **PATIENT}, cwd=FAMILIES) as terminal:
        pids = set()

        def has_met_two() -> bool:
            pids.add(ask(f"http://127.0.0.1:{port}/job"))
            return len(pids - {b""}) > 1

        wait_for(has_met_two, DEADLINE_S, what="answers of two workers")
        terminal.type(b"\x03")
        assert terminal.wait() == 0
        wait_until_idle(tmp_path)
        text = terminal.text
    assert text.count("otelrun: gunicorn · run ") == 1
    assert text.splitlines()[-1].startswith("  look otelrun ui ")


@pytest.mark.parametrize("mode", ["full", "off"])
def test_a_program_sees_one_function_of_atexit_more_and_nothing_else(tmp_path, mode):
    program = tmp_path / "sees.py"
    program.write_text(SEES)
    words = [sys.executable, str(program)]
    env = {"OTELRUN_DIR": str(tmp_path), "OTELRUN_SUMMARY": mode, **PATIENT}
    reports = []
    for command in (words, [*otelrun_command(), *words]):
        with Terminal(command, env) as terminal:
            assert terminal.wait() == 0
            reports.append(json.loads(next(line for line in terminal.text.splitlines() if line.startswith("{"))))
    wait_until_idle(tmp_path)
    bare, observed = reports
    assert observed.pop("atexit") == bare.pop("atexit") + (mode == "full")
    assert observed == bare


def test_a_sub_interpreter_that_ends_says_nothing(tmp_path):
    command = [*otelrun_command(), sys.executable, os.fspath(FAMILIES / "sub_interpreters.py")]
    with Terminal(command, {"OTELRUN_DIR": str(tmp_path), **PATIENT}) as terminal:
        terminal.type(b"\x04")
        assert terminal.wait() == 3
        wait_until_idle(tmp_path)
        assert terminal.text.count("otelrun: sub_interpreters · run ") == 1
        assert "7 calls" in terminal.text
