"""Random SIGKILLs at full speed, of the agent and of the program in turns: what was acknowledged arrives, once, and whole.

Each life is one run. A program and its child record as fast as they can; the agent's working process, a child, the working
process again, another child, and at last the program with its child are killed, each after a random number of further spans.

In the one test the working process is killed once more after that, and its guard lives: then nothing at all comes twice. In the
other the whole agent is killed before the program. The next life's agent finds what this one left behind, and is killed over it;
the last run is let live. There an endpoint may get a request twice, since nobody was left who could have read its answer. Only
the last request of a connection can be such a one, so only its spans may come again.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from otelrun.agent import accounting
from otelrun.ring.directory import list_runs
from tests.process.loss.agents import Agent, agents_of
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, start_otelrun
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from otelrun.ring.directory import RunDirectory
    from tests.support.programs import Running

pytestmark = [pytest.mark.process, pytest.mark.timeout(3600)]

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "loss", "unkillable.py")
DEADLINE_S = 120.0
HELD_S = 50.0
"""How long a program may be held by a full ring: less than the profile allows, so that nothing is dropped for want of an agent."""

RECOVERY_DEADLINE_S = 900.0
KILLS_PER_LIFE = 7
MOST_SPANS_BETWEEN_KILLS = 2_000
PROFILE = """
file_format: "1.1"
distribution:
  otelrun:
    extends: default
    exit_budget_ms: 900000
    ring: {size: 1048576, hold_ms: 60000}
    store: {keep_runs: 1000}
"""


class Acknowledgements:
    """The files in which the processes of a run acknowledge their spans."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def count(self, pid: int) -> int:
        with suppress(OSError), (self._folder / str(pid)).open("rb") as file:
            return int.from_bytes(file.read(8), sys.byteorder)
        return 0

    def wait_for_more(self, pid: int, more: int) -> None:
        wanted = self.count(pid) + more
        wait_for(lambda: self.count(pid) >= wanted, HELD_S, what="spans to be recorded", poll_s=0.001)

    def all(self) -> Iterator[bytes]:
        """Give the ids of all acknowledged spans, in the bytes' order of OTLP."""
        for path in self._folder.iterdir():
            words = memoryview(path.read_bytes()).cast("Q")
            for word in words[1 : words[0] + 1] if words else ():  # one killed at its very beginning has none
                yield word.to_bytes(8, "big")


class Life:
    """One run that is killed bit by bit."""

    def __init__(self, program: Running, run: RunDirectory, told: Acknowledgements, chance: random.Random) -> None:
        self._program = program
        self._run = run
        self._told = told
        self._chance = chance
        self._killed: set[Agent] = set()

    def live(self, *, is_guard_spared: bool) -> None:
        child = self._next_child()
        for _ in range(2):
            self._wait(child)
            self._kill_worker()
            self._wait(child)
            os.kill(child, signal.SIGKILL)
            child = self._next_child()
        self._wait(child)
        if not is_guard_spared:
            self._kill_agent()
        os.kill(self._program.pid, signal.SIGKILL)  # before its child: it would have another one
        os.kill(child, signal.SIGKILL)
        if is_guard_spared:
            self._kill_worker()
            wait_for(lambda: not agents_of(self._run), DEADLINE_S, what="the agent to have delivered everything")

    def _wait(self, child: int) -> None:
        """Let a random number of spans be recorded, now by the one and now by the other."""
        pid = self._chance.choice([child, self._program.pid])
        self._told.wait_for_more(pid, self._chance.randint(1, MOST_SPANS_BETWEEN_KILLS))

    def _next_child(self) -> int:
        return int(self._program.read_line(DEADLINE_S))

    def _kill_worker(self) -> None:
        def others() -> list[Agent]:
            return [agent for agent in agents_of(self._run) if agent.is_worker and agent not in self._killed]

        worker = wait_for(others, DEADLINE_S, what="an agent")[0]
        self._killed.add(worker)
        os.kill(worker.pid, signal.SIGKILL)

    def _kill_agent(self) -> None:
        """Kill all of it, the process that would start another one first."""
        while agents := agents_of(self._run):
            for agent in agents:
                with suppress(ProcessLookupError):
                    os.kill(agent.pid, signal.SIGKILL)


def stored_span_ids(run: RunDirectory) -> list[bytes]:
    with closing(
        sqlite3.connect(run.store)
    ) as store:  # not read-only: what a killed agent had begun is to be undone first
        return [bytes.fromhex(span_id) for (span_id,) in store.execute("SELECT span_id FROM span")]


class Lives:
    """Runs that are killed one after the other, and what all of them together have acknowledged.

    Attributes:
        home: the directory of all runs.
        acknowledged: ids of spans.
        processes: how many there were.
    """

    def __init__(self, tmp_path: Path, sink: OtlpSink, kills: int) -> None:
        self.home = tmp_path / "home"
        self.acknowledged: set[bytes] = set()
        self.processes = 0
        self._count = -(-kills // KILLS_PER_LIFE)
        self._folder = tmp_path / "acknowledged"
        self._folder.mkdir()
        profile = tmp_path / "kills.yaml"
        profile.write_text(PROFILE, encoding="utf-8")
        self._profile = ["--profile", str(profile)]
        self._env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}

    def live(self, *, is_guard_spared: bool) -> None:
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}")  # shown where the test fails
        chance = random.Random(seed)
        folder = self._folder
        command = [*self._profile, sys.executable, APP, str(folder)]
        for _ in range(self._count):
            with start_otelrun(command, otelrun_dir=self.home, env=self._env) as program:
                wait_for((folder / str(program.pid)).exists, DEADLINE_S, what="the program to begin")
                told = Acknowledgements(folder)
                Life(program, list_runs(str(self.home))[0], told, chance).live(is_guard_spared=is_guard_spared)
                assert program.finish(DEADLINE_S).returncode == -signal.SIGKILL
            self.acknowledged.update(told.all())
            for path in folder.iterdir():
                path.unlink()
                self.processes += 1

    def recover(self) -> None:
        """Start once more, and let it finish."""
        last = [*self._profile, sys.executable, "-c", ""]
        run_otelrun(last, otelrun_dir=self.home, env=self._env, deadline_s=RECOVERY_DEADLINE_S)


def check_endpoint(sink: OtlpSink, lives: Lives, *, is_guard_spared: bool) -> Counter[bytes]:
    received: Counter[bytes] = Counter()
    may_come_again: set[bytes] = set()
    for requests in sink.span_requests().values():
        received.update(span_id for ids in requests for span_id in ids)
        may_come_again.update([] if is_guard_spared else requests[-1])
    again = sum(count - 1 for count in received.values())
    print(f"{len(lives.acknowledged)} acknowledged, {len(received)} received, {again} of them again")
    assert lives.acknowledged - received.keys() == set(), "lost on the way to the endpoint"
    assert {span_id for span_id, count in received.items() if count > 1} - may_come_again == set(), "sent twice"
    assert len(received) - len(lives.acknowledged) <= lives.processes, "no more than one in the making per process"
    return received


@pytest.mark.parametrize("is_guard_spared", [True, False], ids=["workers-killed", "agents-killed"])
def test_what_was_acknowledged_arrives_once_and_whole(
    tmp_path: Path, request: pytest.FixtureRequest, is_guard_spared: bool
) -> None:
    kills = 1_000 if request.config.getoption("--full") else 42
    with OtlpSink(is_counting=True) as sink:
        lives = Lives(tmp_path, sink, kills)
        lives.live(is_guard_spared=is_guard_spared)
        if not is_guard_spared:
            lives.recover()
    received = check_endpoint(sink, lives, is_guard_spared=is_guard_spared)
    check_runs(list_runs(str(lives.home)), received)


def check_runs(runs: list[RunDirectory], received: Counter[bytes]) -> None:
    """Each span is in the store of one run, once; nothing was damaged, and nothing is left to be done."""
    stored = Counter(span_id for run in runs if os.path.exists(run.store) for span_id in stored_span_ids(run))
    assert stored == Counter(dict.fromkeys(received, 1))
    assert [accounting.read(run)["torn"] for run in runs] == [0] * len(runs)
    assert [os.listdir(run.rings) + os.listdir(run.outbox) for run in runs] == [[]] * len(runs)
