"""Run a command of somebody else's test suite bare and under otelrun, and compare what it says of each test.

Knows nothing of any suite: a suite gives its command, its environment, and how to read its outcomes.
"""

from __future__ import annotations

import collections
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.programs import LAUNCHER, environment, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Outcomes = dict[str, str]
"""What a suite says of each test: its id, and ``ok``, ``FAIL``, ``ERROR``, ``skipped: why`` or what else there is."""

ABSENT = "did not run"
BARE = "bare"
OBSERVED = "under otelrun"
WAYS = (BARE, OBSERVED)

_AGENT_DEADLINE_S = 60.0

_sessions: set[int] = set()
_is_over = threading.Event()


@dataclass(frozen=True)
class Ending:
    """How a command ended. ``status`` is None where it was killed at its deadline, negative for death by a signal."""

    status: int | None
    output: str

    def __str__(self) -> str:
        """Say it in words, as the outcome of the whole command."""
        if self.status is None:
            return "killed at its deadline"
        return f"killed by {signal.Signals(-self.status).name}" if self.status < 0 else f"exit status {self.status}"


@dataclass(frozen=True)
class Difference:
    """A test of which the two ways say different things."""

    test: str
    bare: str
    observed: str

    def __str__(self) -> str:
        """One line of a report."""
        return f"{self.test}: {BARE} {self.bare}; {OBSERVED} {self.observed}"


def find_differences(bare: Outcomes, observed: Outcomes) -> list[Difference]:
    """Give the tests whose outcomes differ, in the order of their ids; one that did not run differs from all that did."""
    pairs = (
        (test, bare.get(test, ABSENT), observed.get(test, ABSENT)) for test in sorted(bare.keys() | observed.keys())
    )
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def count_kinds(outcomes: Outcomes) -> dict[str, int]:
    """Count the outcomes by their kind, the part before a colon."""
    return dict(collections.Counter(outcome.partition(":")[0] for outcome in outcomes.values()))


def run_way(
    way: str, command: Sequence[str], *, scratch: str, env: Mapping[str, str] | None = None, deadline_s: float
) -> Ending:
    """Run a command to its end, in a session of its own so that nothing of it is left.

    Args:
        way: one of WAYS.
        command: starts with the path of an interpreter.
        scratch: an existing directory: the command's working directory, and its TMPDIR lies in it.
        env: added to the scrubbed environment.
        deadline_s: seconds until all its processes are killed; for an agent that lives on, a minute more.

    Raises:
        AssertionError: the agent lives on after the command; the message names its run.
    """
    temporary = tempfile.mkdtemp(prefix="t", dir=scratch)
    added = {"TMPDIR": temporary} | dict(env or {})
    if way == BARE:
        return _run(command, environment(added), scratch, deadline_s)
    runs = tempfile.mkdtemp(prefix="otelrun-suite-")
    try:
        ending = _run(
            [sys.executable, LAUNCHER, *command], environment({"OTELRUN_DIR": runs} | added), scratch, deadline_s
        )
        wait_until_idle(runs, _AGENT_DEADLINE_S)
        return ending
    finally:
        shutil.rmtree(runs, ignore_errors=True)


def end_all() -> None:
    """Kill what other threads run at this moment, with all its processes; they start nothing any more."""
    _is_over.set()
    for session in tuple(_sessions):
        _end(session)


def _end(session: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def _run(command: Sequence[str], env: Mapping[str, str], scratch: str, deadline_s: float) -> Ending:
    if _is_over.is_set():
        raise CancelledError
    with tempfile.TemporaryFile(dir=scratch) as output:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _sessions.add(process.pid)
        try:
            status: int | None = process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process.pid)  # what the command left behind, and itself at its deadline
            process.wait()
            _sessions.discard(process.pid)
        output.seek(0)
        return Ending(status, output.read().decode("utf-8", "replace"))
