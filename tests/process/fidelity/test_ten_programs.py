"""A program cannot tell, and nobody who watches it from outside can, whether otelrun runs it.

Each program of ``tests/apps/fidelity`` runs bare and under otelrun; stdout, stderr, exit status and death by a signal are
compared byte for byte. What they print does not depend on the process: no pids, ports or times.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.support.pairs import assert_same, run_pair
from tests.support.programs import start_otelrun, start_python, wait_until_idle

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "fidelity")

QUIET = {"OTELRUN_QUIET": "1"}  # where otelrun has to say that it cannot observe, which is one line more on stderr


@dataclass(frozen=True)
class Case:
    """A program, what it is given, and how it ends (so that both failing alike is no success)."""

    name: str
    args: tuple[str, ...]
    returncode: int = 0
    stdin: bytes = b""
    env: dict[str, str] = field(default_factory=dict)


CASES = [
    Case("unicode and bytes", ("plain_output.py", "ä", "")),
    Case("unicode and bytes in a C locale", ("plain_output.py",), env={"LC_ALL": "C", "PYTHONUTF8": "1"}),
    Case("unbuffered", ("-u", "plain_output.py")),
    Case("sys.exit(3)", ("exit_status.py", "sys", "3"), 3),
    Case("sys.exit(text)", ("exit_status.py", "text", "out of tea"), 1),
    Case("SystemExit", ("exit_status.py", "raise", "300"), 300 % 256),
    Case("os._exit", ("exit_status.py", "os", "5"), 5),
    Case("uncaught exception", ("uncaught.py",), 1),
    Case("syntax error", ("-c", "def"), 1),
    Case("no such script", ("missing.py",), 2),
    Case("SIGTERM", ("kills_itself.py", "SIGTERM", "default"), -signal.SIGTERM),
    Case("SIGTERM handled", ("kills_itself.py", "SIGTERM", "handler"), 7),
    Case("SIGTERM ignored", ("kills_itself.py", "SIGTERM", "ignore")),
    Case("SIGKILL", ("kills_itself.py", "SIGKILL", "default"), -signal.SIGKILL),
    Case("SIGINT", ("kills_itself.py", "SIGINT", "default"), -signal.SIGINT),
    Case("SIGABRT", ("kills_itself.py", "SIGABRT", "default"), -signal.SIGABRT),
    Case("threads and atexit", ("threads_and_atexit.py",)),
    Case("logging unconfigured", ("logging_bare.py",)),
    Case("logging configured", ("logging_configured.py",)),
    Case("asyncio", ("asyncio_tasks.py",)),
    Case("children", ("children.py",)),
    Case("stdin", ("reads_stdin.py",), stdin=b"first line\n" + b"x" * 200_000 + b"end"),
    Case("stdin empty", ("reads_stdin.py",)),
    Case("odd arguments", ("odd_arguments.py", "--profile", "prod", "-c", "--to", "", "--", "--version", "a b", "ü")),
    Case("odd interpreter options", ("-O", "-W", "ignore", "-X", "dev", "odd_arguments.py", "-cc")),
    Case("bad arguments", ("odd_arguments.py", "--nothing-like-it"), 2),
    Case("http.server and clients", ("http_in_one_process.py",)),
    Case("user's sitecustomize", ("is_customized.py",), env={"PYTHONPATH": "customized"}),
    Case("package with -m", ("-m", "package_main", "--flag"), 2),
    Case("script on stdin", ("-", "arg"), stdin=b"import sys; print(sys.argv, __name__)\n"),
    Case("program on the command line", ("-c", "import sys; print(sys.argv, __name__)", "--version")),
    Case("isolated", ("-I", "-c", "import sys; print(sys.flags.isolated, sys.argv, sys.path[0])", "x"), env=QUIET),
    Case(
        "no site", ("-S", "-c", "import sys; print(sys.flags.no_site, 'site' in sys.modules, sys.argv)", "x"), env=QUIET
    ),
    Case("version", ("--version",)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_outputs_and_end_are_those_of_the_bare_program(case: Case) -> None:
    pair = run_pair(case.args, stdin=case.stdin, env=case.env, cwd=APPS)
    assert pair.bare.returncode == case.returncode
    assert_same(pair)


@pytest.mark.parametrize("arguments", [(), ("--politely",)], ids=["uncaught", "politely"])
def test_an_interrupt_from_outside_ends_the_program_as_it_does_bare(arguments: tuple[str, ...], tmp_path: Path) -> None:
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
