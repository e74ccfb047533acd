"""One run at a time: the miniature launcher, a recording program, and what is left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from otelrun.agent import accounting
from otelrun.ring.directory import RunDirectory
from tests.support.otlp_sink import OtlpSink
from tests.support.waiting import wait_for

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
DEADLINE_S = 30.0


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state not in (b"Z", b"X")


def worker_of(guard):
    """Give the worker of a guard once it has the name of one; 0 where there is none."""
    with suppress(OSError):
        for pid in map(int, Path(f"/proc/{guard}/task/{guard}/children").read_text().split()):
            if is_running(pid) and Path(f"/proc/{pid}/comm").read_text() == "otelrun-agent\n":
                return pid
    return 0


def kill(*pids):
    """Kill processes, and see them gone."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(is_running, pids)), DEADLINE_S, what="the killed to be gone")


class Runs:
    """Starts runs below one state directory and ends what is left of them."""

    def __init__(self, root):
        self.root = root
        self._agents = []
        self._programs = []

    def start(self, sink_url, *program, as_pid_1=False, stderr=subprocess.PIPE, is_quiet=True, **options):
        options = {"endpoint": sink_url, **options}
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OTELRUN_QUIET": str(int(is_quiet))}
        script, *arguments = program
        prefix = ["unshare", "-pf", "--mount-proc"] if as_pid_1 else []
        process = subprocess.Popen(
            [
                *prefix,
                sys.executable,
                HERE / "mini_launcher.py",
                self.root,
                json.dumps(options),
                script if script.startswith("-") else HERE / script,
                *arguments,
            ],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        self._programs.append(process)
        return Run(self, process)

    def register(self, agent):
        self._agents.append(agent)

    def close(self):
        for process in self._programs:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for guard in self._agents:
            for pid in (guard, worker_of(guard)):
                if pid and is_running(pid):
                    os.kill(pid, signal.SIGKILL)


class Run:
    """One run: its program, its agent, its directory."""

    def __init__(self, runs, process):
        self.process = process
        self._runs = runs
        self._started = None

    def _read_started(self):
        if self._started is None:
            path = os.path.join(self._runs.root, "started")
            run_path, pid = wait_for(lambda: os.path.exists(path) and Path(path).read_text().split(), DEADLINE_S)
            os.unlink(path)
            self._started = RunDirectory(run_path), int(pid)
            self._runs.register(self._started[1])
        return self._started

    @property
    def directory(self):
        return self._read_started()[0]

    @property
    def agent(self):
        return self._read_started()[1]

    @property
    def worker(self):
        """The process that does the agent's work now; ``agent`` is the guard that keeps one at work."""
        return wait_for(lambda: worker_of(self.agent), DEADLINE_S, what="a worker")

    def finish(self):
        """Wait for the program; give its exit status and what it printed."""
        self.directory  # noqa: B018 - read before the next run overwrites it
        stdout, stderr = self.process.communicate(timeout=DEADLINE_S)
        assert stderr == b""
        return self.process.returncode, stdout.decode()

    def wait_for_agent(self):
        pid = self.agent
        wait_for(lambda: not is_running(pid), DEADLINE_S, what="the agent to end by itself")

    def wait_for_line(self, wanted):
        assert self.process.stdout.readline().decode().strip() == wanted

    def state(self):
        return accounting.read(self.directory)

    def destinations(self):
        return {row["signal"]: (row["exported"], row["dropped"], row["held"]) for row in self.state()["destinations"]}

    def wait_until_held(self, *signals):
        """Wait until the channels of these signals have found their endpoint away: not all of them try at the same time."""

        def held():
            rows = self.state().get("destinations", ())
            return {row["signal"] for row in rows if row["state"] == "holding"}

        wait_for(lambda: held() >= set(signals), DEADLINE_S, what="all of it to be held")

    def log(self):
        path = Path(self.directory.log)
        return path.read_text() if path.exists() else ""


@pytest.fixture
def runs(tmp_path):
    several = Runs(str(tmp_path / "state"))
    yield several
    several.close()


@pytest.fixture
def sink():
    with OtlpSink() as receiver:
        yield receiver


def elapsed_s(since):
    return time.monotonic() - since
