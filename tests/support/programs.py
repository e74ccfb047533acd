"""Run real interpreters, bare and under otelrun from this checkout, with a deadline on everything.

Every program starts with a scrubbed environment: no ``OTEL_*``, ``OTELRUN_*`` or ``PYTHON*`` of the person who runs the
tests, this interpreter first on PATH, and for otelrun a directory of runs of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otelrun.ring.directory import RunDirectory, list_runs
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

    from typing_extensions import Self

DEADLINE_S = 30.0
LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launcher", "otelrun_from_checkout.py")
_SCRUBBED = ("OTEL_", "OTELRUN_", "PYTHON")


@dataclass(frozen=True)
class Result:
    """How a program ended. ``returncode`` is negative for death by a signal."""

    stdout: bytes
    stderr: bytes
    returncode: int
    duration_s: float


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Build the environment of a program: this one's, scrubbed, then ``extra``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SCRUBBED)}
    kept["PATH"] = os.path.dirname(sys.executable) + os.pathsep + kept.get("PATH", os.defpath)
    return kept | dict(extra or {})


class Running:
    """A started program. As a context manager it kills what is left of it (the program, not its children)."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], cwd: str | os.PathLike[str] | None) -> None:
        """Start it with pipes on all three streams; both outputs are read at once by threads."""
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            command, env=env, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._arrived = threading.Condition()
        self._output: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self._given = {"stdout": 0, "stderr": 0}
        self._pumps = [
            threading.Thread(target=self._pump, args=(name, getattr(self._process, name)), daemon=True)
            for name in self._output
        ]
        for pump in self._pumps:
            pump.start()

    @property
    def pid(self) -> int:
        """The process id (under otelrun: the program's own, since the launcher execs)."""
        return self._process.pid

    @property
    def stdout(self) -> bytes:
        """What it has written so far."""
        return self._output["stdout"]

    @property
    def stderr(self) -> bytes:
        """What it has written so far."""
        return self._output["stderr"]

    @property
    def has_ended(self) -> bool:
        """Whether it has ended; it is reaped then."""
        return self._process.poll() is not None

    def write(self, data: bytes) -> None:
        """Write to its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def read_line(self, deadline_s: float = DEADLINE_S, *, stream: str = "stdout") -> bytes:
        """Give the next whole line it writes, with its end.

        Raises:
            AssertionError: none came in time, or the stream ended.
        """
        with self._arrived:
            self._arrived.wait_for(lambda: self._has_line(stream) or not self._is_open(stream), deadline_s)
            if not self._has_line(stream):
                raise AssertionError(f"no line on {stream} within {deadline_s} s; so far: {self._output}")
            start = self._given[stream]
            end = self._output[stream].index(b"\n", start) + 1
            self._given[stream] = end
            return self._output[stream][start:end]

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def finish(self, deadline_s: float = DEADLINE_S, *, stdin: bytes = b"") -> Result:
        """Write ``stdin``, close it, and wait for the end.

        Raises:
            AssertionError: it did not end, or somebody still holds its outputs open, in time; it is killed then.
        """
        assert self._process.stdin is not None
        deadline = time.monotonic() + deadline_s
        with contextlib.suppress(BrokenPipeError):  # it need not read its stdin
            self._process.stdin.write(stdin)
            self._process.stdin.close()
        try:
            returncode = self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {deadline_s} s: {self._process.args}; {self._output}") from None
        duration_s = time.monotonic() - self._started
        for pump in self._pumps:
            pump.join(max(0.1, deadline - time.monotonic()))
            if pump.is_alive():
                raise AssertionError(f"ended, but its outputs are held open: {self._process.args}; {self._output}")
        return Result(self.stdout, self.stderr, returncode, duration_s)

    def kill(self) -> None:
        """Kill it if it lives, and reap it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE_S)

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running and nothing open."""
        self.kill()
        for pump in self._pumps:
            pump.join(1)
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # what it never read
                self._process.stdin.close()

    def _pump(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            while data := os.read(stream.fileno(), 65_536):
                with self._arrived:
                    self._output[name] += data
                    self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()

    def _has_line(self, stream: str) -> bool:
        return b"\n" in self._output[stream][self._given[stream] :]

    def _is_open(self, stream: str) -> bool:
        return self._pumps[list(self._output).index(stream)].is_alive()


def otelrun_command(python: str = sys.executable) -> tuple[str, ...]:
    """Give the words that run otelrun from this checkout, on the interpreter ``python``."""
    return (python, LAUNCHER)


def start_python(
    args: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    python: str = sys.executable,
) -> Running:
    """Start ``python *args``, bare."""
    return Running([python, *args], environment(env), cwd)


def start_otelrun(
    args: Sequence[str],
    *,
    otelrun_dir: str | os.PathLike[str],
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    python: str = sys.executable,
) -> Running:
    """Start ``otelrun *args`` on the interpreter ``python``; the command is part of ``args``.

    Args:
        args: e.g. ``["--profile", "dev", sys.executable, "app.py"]`` or ``["show", "--json"]``.
        otelrun_dir: its OTELRUN_DIR.
        env: added to the scrubbed environment.
        cwd: where it starts.
        python: the launcher's interpreter.
    """
    added = {"OTELRUN_DIR": os.fspath(otelrun_dir)} | dict(env or {})
    return Running([*otelrun_command(python), *args], environment(added), cwd)


def run_python(
    args: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    python: str = sys.executable,
    deadline_s: float = DEADLINE_S,
) -> Result:
    """Run ``python *args``, bare, to its end."""
    with start_python(args, env=env, cwd=cwd, python=python) as program:
        return program.finish(deadline_s, stdin=stdin)


def run_otelrun(
    args: Sequence[str],
    *,
    otelrun_dir: str | os.PathLike[str] | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    python: str = sys.executable,
    deadline_s: float = DEADLINE_S,
    is_agent_awaited: bool = True,
) -> Result:
    """Run ``otelrun *args`` to its end, and wait for its agent to be gone.

    Args:
        args: e.g. ``[sys.executable, "app.py"]``; see ``start_otelrun``.
        otelrun_dir: its OTELRUN_DIR; None makes one that is removed again.
        stdin: what it reads.
        env: added to the scrubbed environment.
        cwd: where it starts.
        python: the launcher's interpreter.
        deadline_s: for the program, and again for the agent.
        is_agent_awaited: False returns when the program has ended.
    """
    directory = tempfile.mkdtemp(prefix="otelrun-test-") if otelrun_dir is None else os.fspath(otelrun_dir)
    try:
        with start_otelrun(args, otelrun_dir=directory, env=env, cwd=cwd, python=python) as program:
            result = program.finish(deadline_s, stdin=stdin)
        if is_agent_awaited:
            wait_until_idle(directory, deadline_s)
        return result
    finally:
        if otelrun_dir is None:
            shutil.rmtree(directory, ignore_errors=True)


def wait_until_idle(otelrun_dir: str | os.PathLike[str], deadline_s: float = DEADLINE_S) -> None:
    """Wait until no run below ``otelrun_dir`` has an agent any more.

    Raises:
        AssertionError: an agent lives on; the message names its run.
    """
    wait_for(lambda: not _busy_runs(os.fspath(otelrun_dir)), deadline_s, what=f"the agents of {otelrun_dir} to end")


def _busy_runs(otelrun_dir: str) -> list[str]:
    return [run.run_id for run in list_runs(otelrun_dir) if _is_locked(run.lock, is_expected=_has_agent(run))]


def _has_agent(run: RunDirectory) -> bool:
    """Say whether the launcher announced an agent: between that and the agent's lock there is a moment."""
    try:
        with open(run.description, encoding="utf-8") as description:
            return bool(json.load(description)["pipeline"] == "agent")
    except (OSError, ValueError):  # there is none, or no room for it was found
        return False


def _is_locked(path: str, *, is_expected: bool) -> bool:
    import fcntl

    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return is_expected
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
