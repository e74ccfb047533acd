"""What a process uses, as seen from outside: numbers of this very process compared with what it knows of itself."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from otelrun.agent import runtime_metrics
from otelrun.agent.runtime_metrics import (
    CPU_TIME,
    DESCRIPTORS,
    FAULTS,
    KINDS,
    MEMORY,
    SWITCHES,
    THREADS,
    UPTIME,
    VIRTUAL,
    RuntimeMetrics,
    usage,
)  # fmt: skip

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc here")

NOW_NS = time.time_ns()


def ring(pid, name="1-1.ring", **about):
    reader = SimpleNamespace(pid=pid, is_foreign=False, identity=7, resource=lambda: {"process.pid": pid})
    for attribute, value in about.items():
        setattr(reader, attribute, value)
    return SimpleNamespace(name=name, reader=reader)


def test_the_numbers_are_those_that_the_process_knows_of_itself():
    found = usage(os.getpid())
    own = resource.getrusage(resource.RUSAGE_SELF)
    assert found[CPU_TIME, "user"] == pytest.approx(own.ru_utime, abs=0.2)
    assert found[CPU_TIME, "system"] == pytest.approx(own.ru_stime, abs=0.2)
    assert 1 << 20 < found[MEMORY, ""] <= own.ru_maxrss * 1024
    assert found[VIRTUAL, ""] > found[MEMORY, ""]
    assert found[THREADS, ""] >= threading.active_count()
    assert found[FAULTS, "minor"] == pytest.approx(own.ru_minflt, rel=0.05, abs=100)
    assert 0 <= found[SWITCHES, "voluntary"] <= own.ru_nvcsw + 100
    assert 0 < found[UPTIME, ""] < 24 * 3600
    assert {kind for kind, _ in found} == set(KINDS)


def test_descriptors_are_counted():
    before = usage(os.getpid())[DESCRIPTORS, ""]
    with open(os.devnull, "rb"), open(os.devnull, "rb"):
        assert usage(os.getpid())[DESCRIPTORS, ""] == before + 2


def test_descriptors_are_counted_where_the_system_does_not_say_how_many_there_are(monkeypatch):
    monkeypatch.setattr(runtime_metrics.os, "stat", lambda _: SimpleNamespace(st_size=0))
    assert usage(os.getpid())[DESCRIPTORS, ""] >= 3


def test_what_others_may_not_see_is_left_out(monkeypatch):
    def refuse(_):
        raise PermissionError

    monkeypatch.setattr(runtime_metrics.os, "stat", refuse)
    assert {kind for kind, _ in usage(os.getpid())} == {*KINDS} - {DESCRIPTORS}


def test_a_process_that_has_ended_uses_nothing_and_keeps_what_was_seen_last():
    seen = RuntimeMetrics()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        own = ring(child.pid)
        seen.look(own)
        before = seen.states(own)
        child.communicate()
    assert usage(child.pid) == {}
    seen.look(own)
    assert seen.states(own) is before
    seen.forget(own)
    assert seen.states(own) == []


def test_a_process_that_nobody_has_waited_for_uses_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert os.path.exists(f"/proc/{child.pid}/stat")
        assert usage(child.pid) == {}


def test_series_have_the_same_numbers_and_start_at_each_look():
    seen, own = RuntimeMetrics(), ring(os.getpid())
    seen.look(own)
    first = seen.states(own)
    seen.look(own)
    second = seen.states(own)
    assert [(state.id, state.series) for state in first] == [(state.id, state.series) for state in second]
    assert all(state.id < 0 for state in first)
    assert len({state.id for state in first}) == len(first) == 11
    assert first[0].series.start_ns < first[0].time_ns < second[0].time_ns


def test_a_process_of_another_namespace_is_not_looked_at():
    seen, own = RuntimeMetrics(), ring(os.getpid(), is_foreign=True)
    seen.look(own)
    assert seen.states(own) == []
    assert seen.measured(own, "").states == []


def test_what_is_measured_names_the_process():
    seen, own = RuntimeMetrics(), ring(os.getpid())
    seen.look(own)
    measured = seen.measured(own, "")
    assert (measured.name, measured.identity, len(measured.states)) == ("runtime/1-1.ring", 7, 11)
    assert measured.encoder() is not None
