"""A forked child records as itself: its own ring, resource, ids and numbers."""

from __future__ import annotations

import json
import os
import sys

import pytest

from otelrun.profile import model
from tests.process.pipeline.programs import file_profile, processes, run

pytestmark = pytest.mark.process

FORK_WITH_THREADS = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}  # Python 3.12 and later warn of it

STRICTLY = (
    FORK_WITH_THREADS if sys.version_info[:2] == (3, 13) else {"PYTHONWARNINGS": "error"}
)  # 3.13.0 counts too late


def test_a_child_continues_the_trace_in_its_own_ring(tmp_path):
    result = run(
        tmp_path,
        """
        counter.add(5)
        with tracer.start_as_current_span("parent"):
            pid = os.fork()
            if pid == 0:
                counter.add(1)
                with tracer.start_as_current_span("child"):
                    pass
                os._exit(0)
            os.waitpid(pid, 0)
        counter.add(5)
        """,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    parent, child = processes(tmp_path)
    assert [span.name for span in parent.spans] == ["parent"]
    assert [span.name for span in child.spans] == ["child"]
    assert child.spans[0].parent_span_id == parent.spans[0].span_id
    assert child.spans[0].trace_id == parent.spans[0].trace_id
    assert (parent.series, child.series) == ({"hits": 10.0}, {"hits": 1.0})
    assert parent.scopes == child.scopes == {"app"}
    assert child.resource["process.pid"] == child.pid != parent.pid
    assert child.resource["process.parent_pid"] == parent.pid
    assert child.resource["service.instance.id"] != parent.resource["service.instance.id"]


def test_a_child_that_leaves_the_parents_span_does_not_record_it_again(tmp_path):
    result = run(
        tmp_path,
        """
        with tracer.start_as_current_span("parent"):
            pid = os.fork()
            with tracer.start_as_current_span("child" if pid == 0 else "in the parent"):
                pass
        if pid == 0:
            sys.exit()
        os.waitpid(pid, 0)
        """,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    parent, child = processes(tmp_path)
    assert [span.name for span in parent.spans] == ["in the parent", "parent"]
    assert [span.name for span in child.spans] == ["child"]


def test_children_draw_different_ids(tmp_path):
    result = run(
        tmp_path,
        """
        tracer.start_span("warm").end()
        pids = []
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                for _ in range(20):
                    tracer.start_span("work").end()
                os._exit(0)
            pids.append(pid)
        for pid in pids:
            os.waitpid(pid, 0)
        """,
    )
    assert (result.returncode, result.stderr) == (0, "")
    ids = [span.trace_id for process in processes(tmp_path) for span in process.spans]
    assert len(ids) == len(set(ids)) == 61


def test_a_fork_while_other_threads_record_leaves_the_child_able_to_record(tmp_path):
    result = run(
        tmp_path,
        """
        import threading
        stop = threading.Event()
        histogram = metrics.get_meter("app").create_histogram("size")

        def work():
            while not stop.is_set():
                counter.add(1, {"thread": 1})
                histogram.record(1)
                tracer.start_span("thread").end()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            pid = os.fork()
            if pid == 0:
                counter.add(1, {"thread": 1})
                histogram.record(1)
                tracer.start_span("child").end()
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        """,
        environment=FORK_WITH_THREADS,
    )
    assert (result.returncode, result.stderr) == (0, "")
    found = processes(tmp_path)
    children = [process for process in found if [span.name for span in process.spans] == ["child"]]
    assert len(children) == 10
    assert all(process.series["hits"] == 1.0 for process in children)


def test_observable_instruments_are_collected_on_time_at_exit_and_in_children(tmp_path):
    reader = model.MetricReader(model.Exporter("console"), interval_ms=20)
    result = run(
        tmp_path,
        """
        import time
        calls = []

        def level(options):
            calls.append(os.getpid())
            return [metrics.Observation(len(calls))]

        metrics.get_meter("app").create_observable_gauge("level", [level])
        deadline = time.monotonic() + 20
        while len(calls) < 3 and time.monotonic() < deadline:
            time.sleep(0.005)
        pid = os.fork()
        if pid == 0:
            before = len(calls)
            counter.add(1)
            while len(calls) < before + 2 and time.monotonic() < deadline:
                time.sleep(0.005)
            assert len(calls) >= before + 2
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        print(len(calls))
        """,
        model.Profile(meter_provider=model.MeterProvider((reader,))),
        environment=STRICTLY,
    )
    assert (result.returncode, result.stderr) == (0, "")
    parent, child = processes(tmp_path)
    assert parent.series["level"] > int(result.stdout) >= 3
    assert child.series["level"] >= 5
    assert child.series["hits"] == 1.0


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
def test_the_thread_that_collects_is_not_there_while_the_program_forks(tmp_path):
    reader = model.MetricReader(model.Exporter("console"), interval_ms=20)
    result = run(
        tmp_path,
        """
        import time
        threads, calls = [], []
        os.register_at_fork(before=lambda: threads.append(len(os.listdir("/proc/self/task"))))

        def level(options):
            calls.append(os.getpid())
            return [metrics.Observation(len(calls))]

        metrics.get_meter("app").create_observable_gauge("level", [level])
        for _ in range(10):
            if os.fork() == 0:
                os._exit(0)
            os.wait()
        print(threads)
        deadline, before = time.monotonic() + 20, len(calls)
        while len(calls) < before + 2 and time.monotonic() < deadline:
            time.sleep(0.005)
        print(len(calls) >= before + 2)
        """,
        model.Profile(meter_provider=model.MeterProvider((reader,))),
        environment=STRICTLY,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{[1] * 10}\nTrue\n", "")


def test_in_process_a_forked_child_goes_on_and_exports(tmp_path):
    result = run(
        tmp_path,
        """
        import sys
        with tracer.start_as_current_span("parent"):
            _logs.get_logger("app").emit(body="x")
            counter.add(1)
        pid = os.fork()
        if pid == 0:
            with tracer.start_as_current_span("child"):
                pass
            sys.exit()
        print(os.waitpid(pid, 0)[1])
        """,
        file_profile(tmp_path / "out.jsonl"),
        pipeline="in_process",
        environment=FORK_WITH_THREADS,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "0\n", "")
    names = [
        span["name"]
        for line in (tmp_path / "out.jsonl").read_text().splitlines()
        for resource in json.loads(line).get("resourceSpans", ())
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert sorted(names) == ["child", "parent"]
