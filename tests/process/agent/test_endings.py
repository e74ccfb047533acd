"""However the program ends, everything it recorded arrives."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.process

ALL = [f"{number:016x}" for number in range(1, 1001)]


@pytest.mark.parametrize(
    ("ending", "status"), [("return", 0), ("os_exit", 3), ("kill", -9), ("term", -15), ("exec", 0)]
)
def test_every_record_arrives_whatever_ends_the_program(runs, sink, ending, status):
    run = runs.start(sink.http_endpoint, "recording.py", "1000", ending, compression="gzip")
    assert run.finish() == (status, "")
    run.wait_for_agent()
    assert sorted(span.span_id for span in sink.spans()) == ALL
    assert sorted(record.span_id for record in sink.logs()) == ALL
    assert [(metric.name, metric.points[0].value) for metric in sink.metrics()] == [("work.done", 1000)]
    assert run.destinations() == {"spans": (1000, 0, 0), "logs": (1000, 0, 0), "metrics": (1, 0, 0)}
    assert run.state()["recorded"] == {"spans": 1000, "logs": 1000, "notes": 0}
    assert run.log() == ""


def test_grpc_carries_the_same(runs, sink):
    run = runs.start(sink.grpc_endpoint, "recording.py", "1000", "kill", kind="otlp_grpc")
    run.finish()
    run.wait_for_agent()
    assert sorted(span.span_id for span in sink.spans()) == ALL
    assert sorted(record.span_id for record in sink.logs()) == ALL
    assert [metric.name for metric in sink.metrics()] == ["work.done"]
    assert len({tuple(sorted(row.attributes.items())) for row in sink.resources()}) == 1


def test_json_encoding_carries_the_same(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "50", "kill", encoding="json", compression="gzip")
    run.finish()
    run.wait_for_agent()
    assert sorted(span.span_id for span in sink.spans()) == ALL[:50]
    assert {row.headers["content-type"] for row in sink.requests()} == {"application/json"}


def test_forked_child_is_followed_too(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "300", "fork")
    assert run.finish() == (0, "")
    run.wait_for_agent()
    assert sorted((span.name, span.span_id) for span in sink.spans()) == sorted(
        (name, span_id) for name in ("work", "child") for span_id in ALL[:300]
    )


def test_daemon_that_records_long_after_the_program_ended_is_waited_for(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "100", "daemonize")
    assert run.finish() == (0, "")
    run.wait_for_agent()
    assert sum(span.name == "daemon" for span in sink.spans()) == 100


def test_run_without_telemetry_ends_quietly_and_loads_nothing(runs, sink):
    run = runs.start(sink.http_endpoint, "silent.py")
    assert run.finish() == (0, "")
    run.wait_for_agent()
    assert sink.requests() == []
    assert run.log() == ""


def test_run_directory_goes_when_there_is_no_store_and_nothing_left(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "10", "return", store=False)
    run.finish()
    run.wait_for_agent()
    assert len(sink.spans()) == 10
    assert not os.path.exists(run.directory.path)
