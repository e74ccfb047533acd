"""Programs that fork by themselves: in a thread, in a span, over generations, and away from their terminal."""

from __future__ import annotations

import pytest

from tests.process.families.arrivals import app, assert_each_once, instances, observe
from tests.support.otlp_sink import OtlpSink

pytestmark = pytest.mark.process


def test_a_thread_that_forks_while_others_record_neither_loses_nor_doubles_nor_deadlocks(tmp_path):
    threads = [f"thread {thread}.{job}" for thread in range(3) for job in range(300)]
    children = [[f"child {child}.{job}" for job in range(5)] for child in range(8)]
    with OtlpSink() as sink:
        env = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}  # Python 3.12 and later warn, with the process id
        observe([app("forks.py"), "in_a_thread"], sink, tmp_path, env=env)
        done = assert_each_once(sink, [*threads, *(job for child in children for job in child)])
    assert sorted(done.values()) == sorted([*children, sorted(threads)])
    assert len(instances(sink)) == 9


def test_a_child_forked_in_an_open_span_works_below_it_and_the_span_arrives_once(tmp_path):
    with OtlpSink() as sink:
        observe([app("forks.py"), "in_a_span"], sink, tmp_path)
        done = assert_each_once(sink, ["child", "parent"])
        (span,) = [span for span in sink.spans() if span.name == "open"]
        below = {row.attributes["job"]: row for row in sink.spans() if row.name == "work"}
    assert {row.parent_span_id for row in below.values()} == {span.span_id}
    assert {row.trace_id for row in below.values()} == {span.trace_id}
    assert done[span.attributes["pid"]] == ["parent"]
    assert len(instances(sink)) == 2


def test_each_generation_of_forks_records_as_itself(tmp_path):
    generations = range(4)
    with OtlpSink() as sink:
        observe([app("forks.py"), "nested"], sink, tmp_path)
        done = assert_each_once(sink, [f"{when} {number}" for when in ("before", "after") for number in generations])
    assert sorted(done.values()) == [[f"after {number}", f"before {number}"] for number in generations]
    assert len(instances(sink)) == 4


def test_a_daemon_that_closed_everything_is_observed_to_its_end(tmp_path):
    with OtlpSink() as sink:
        observe([app("forks.py"), "daemon"], sink, tmp_path)
        done = assert_each_once(sink, ["before", "daemon", "daemon, later"])
    assert sorted(done.values()) == [["before"], ["daemon", "daemon, later"]]
    assert len(instances(sink)) == 2
