"""A process that ends while spans are open shows them, once, as interrupted, with what was logged in them."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "open_spans", "leave_open.py")
ENDED = {"ended before", "ended inside"}
OPEN = {"never ended", "GET /items", "query", "in a thread"}
WAYS = {"sigkill": -signal.SIGKILL, "sigterm": -signal.SIGTERM, "_exit": 4}


def by_name(sink):
    spans = sink.spans()
    names = [span.name for span in spans]
    assert sorted(names) == sorted(set(names))
    return {span.name: span for span in spans}


def is_interrupted(span):
    return span.attributes.get("otelrun.interrupted") is True


@pytest.mark.parametrize(("way", "status"), WAYS.items(), ids=WAYS)
def test_open_spans_arrive_as_interrupted_with_their_logs(way, status):
    with OtlpSink() as sink:
        result = run_otelrun([sys.executable, APP, way], env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint})
        assert (result.returncode, result.stdout, result.stderr) == (status, b"", b"")
        spans = by_name(sink)
        assert {name for name, span in spans.items() if not is_interrupted(span)} == ENDED
        assert {name for name, span in spans.items() if is_interrupted(span)} == OPEN - {"in a thread"} | (
            {"in a thread"} & set(spans)  # the thread may not have got as far
        )
        request, query = spans["GET /items"], spans["query"]
        assert request.attributes == {"url.path": "/items", "otelrun.interrupted": True}
        assert (query.parent_span_id, query.trace_id) == (request.span_id, request.trace_id)
        assert spans["ended inside"].parent_span_id == query.span_id
        assert [(log.body, log.span_id) for log in sink.logs()] == [("about to end", query.span_id)]
        assert all(span.end_ns >= span.start_ns for span in spans.values())


def test_a_normal_end_shows_only_what_was_never_ended():
    with OtlpSink() as sink:
        run_otelrun([sys.executable, APP, "exit"], env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint})
        spans = by_name(sink)
        assert {name for name, span in spans.items() if is_interrupted(span)} <= {"never ended", "in a thread"}
        assert {"ended before", "ended inside", "GET /items", "query", "never ended"} <= set(spans)


def test_the_spans_of_a_program_that_another_has_replaced_arrive_while_the_other_runs(tmp_path):
    with OtlpSink() as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        with start_otelrun([sys.executable, APP, "execv"], otelrun_dir=tmp_path, env=env) as program:
            wait_for(lambda: {"GET /items", "query", "never ended"} <= set(by_name(sink)), 20)
            assert program.finish(stdin=b"\n").returncode == 0
        wait_until_idle(tmp_path)
        assert all(is_interrupted(span) == (name in OPEN) for name, span in by_name(sink).items())
