"""The program cannot tell that there is an agent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.process.agent.conftest import DEADLINE_S, is_running
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

SILENCE = ["no child", "no child", "no child", "set() 0.0 0.0", "0"]


def descriptors(pid):
    folder = f"/proc/{pid}/fd"
    found = {}
    for fd in os.listdir(folder):
        with suppress(FileNotFoundError):  # closed meanwhile: the agent opens and closes as it works
            found[int(fd)] = os.readlink(f"{folder}/{fd}")
    return found


@pytest.fixture
def waiting(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "10", "wait")
    run.wait_for_line("recorded")
    yield run
    run.process.communicate(timeout=DEADLINE_S)


def test_program_has_no_child_to_wait_for_and_no_signal_pending(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "1", "waitpid")
    status, stdout = run.finish()
    assert (status, stdout.splitlines()) == (0, SILENCE)


@pytest.mark.parametrize("which", ["agent", "worker"])
def test_agent_holds_no_descriptor_of_the_launcher(waiting, which):
    held = descriptors(getattr(waiting, which))
    assert {fd: held[fd] for fd in (0, 1, 2)} == dict.fromkeys((0, 1, 2), "/dev/null")
    inherited = set(descriptors(waiting.process.pid).values()) - {"/dev/null"}
    assert not inherited & set(held.values())


def test_outputs_end_with_the_program_though_the_agent_lives(runs, sink):
    sink.behave(hang=True)
    run = runs.start(sink.http_endpoint, "recording.py", "10", "return", exit_budget_ms=3_000)
    run.finish()  # returns at the end of file on both outputs
    assert is_running(run.agent)


@pytest.mark.parametrize(("which", "title"), [("agent", "otelrun-guard"), ("worker", "otelrun-agent")])
def test_agent_is_in_a_session_of_its_own_under_another_parent_and_name(waiting, which, title):
    process = Path(f"/proc/{getattr(waiting, which)}")
    stat = (process / "stat").read_bytes().rpartition(b")")[2].split()
    parent, session = int(stat[1]), int(stat[3])
    assert session not in (os.getsid(0), waiting.process.pid)
    assert parent != waiting.process.pid
    assert (process / "comm").read_text() == f"{title}\n"
    assert (process / "cmdline").read_bytes().rstrip(b"\0") == title.encode()
    assert os.readlink(process / "cwd") == "/"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_agent_outlives_signals_meant_for_the_program(waiting, sink, number):
    for pid in (waiting.agent, waiting.worker):
        os.kill(pid, number)
    waiting.process.communicate(timeout=DEADLINE_S)
    waiting.wait_for_agent()
    assert len(sink.spans()) == 10


def test_second_agent_cannot_take_the_run(waiting):
    from otelrun.ring import recovery

    assert recovery.claim(waiting.directory) is None


needs_namespaces = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-pf", "--mount-proc", "true"], check=False, capture_output=True).returncode != 0,
    reason="needs a pid namespace of its own",
)


@needs_namespaces
def test_program_that_is_pid_1_has_no_child_either(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "100", "waitpid", as_pid_1=True)
    status, stdout = run.finish()
    assert (status, stdout.splitlines()) == (0, SILENCE)


@needs_namespaces
@pytest.mark.parametrize("kind", ["otlp_http", "otlp_grpc"])
def test_program_that_is_pid_1_is_delivered(runs, sink, kind):
    url = sink.http_endpoint if kind == "otlp_http" else sink.grpc_endpoint
    run = runs.start(url, "recording.py", "100", "wait", kind=kind, as_pid_1=True)
    run.wait_for_line("recorded")
    wait_for(lambda: len(sink.spans()) == 100 and len(sink.logs()) == 100, DEADLINE_S)
    run.process.communicate(timeout=DEADLINE_S)


@needs_namespaces
def test_what_pid_1_left_when_it_took_its_agent_along_is_delivered_at_the_next_start(runs, sink):
    first = runs.start(sink.http_endpoint, "recording.py", "100", "kill", as_pid_1=True, schedule_delay_ms=1_000)
    first.process.communicate(timeout=DEADLINE_S)
    second = runs.start(sink.http_endpoint, "silent.py", as_pid_1=False)
    second.finish()
    wait_for(lambda: len({span.span_id for span in sink.spans()}) == 100, DEADLINE_S)


def test_idle_agent_wakes_when_the_program_ends(waiting, sink):
    wait_for(lambda: len(sink.spans()) == 10, DEADLINE_S)
    waiting.process.kill()
    waiting.wait_for_agent()
