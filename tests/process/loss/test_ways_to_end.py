"""Nothing is lost: whatever ends the program, every span, log record and count made before arrives, once."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "spans", "make_and_end.py")
MADE = 1000
WAYS = {
    "exit": 0,
    "sys_exit": 3,
    "exception": 1,
    "sigkill": -signal.SIGKILL,
    "sigterm": -signal.SIGTERM,
    "abort": -signal.SIGABRT,
    "_exit": 4,
    "execv": 0,
    "execv_other": 0,
}


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
@pytest.mark.parametrize(("way", "status"), WAYS.items(), ids=WAYS)
def test_all_that_was_made_arrives_once(way: str, status: int, protocol: str) -> None:
    with OtlpSink() as sink:
        endpoint = sink.grpc_endpoint if protocol == "grpc" else sink.http_endpoint
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        result = run_otelrun([sys.executable, APP, str(MADE), way], env=env)
        wait_for(lambda: len(sink.spans()) >= MADE and len(sink.logs()) >= MADE and _counted(sink) >= MADE, 10)

        assert result.returncode == status
        spans = [span for span in sink.spans() if span.scope.name == "app"]
        assert sorted(span.attributes["number"] for span in spans) == list(range(MADE))
        span_of_number = {span.attributes["number"]: (span.trace_id, span.span_id) for span in spans}
        logs = {log.body: (log.trace_id, log.span_id) for log in sink.logs()}
        assert logs == {f"made {number}": ids for number, ids in span_of_number.items()}
        assert len(sink.logs()) == MADE
        assert _counted(sink) == MADE


@pytest.mark.parametrize("way", WAYS)
def test_program_ends_as_it_does_bare(way: str) -> None:
    bare = run_python([APP, "3", way])
    observed = run_otelrun([sys.executable, APP, "3", way])
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, bare.stderr, bare.returncode)


def _counted(sink: OtlpSink) -> float:
    return max((point.value for row in sink.metrics() if row.name == "app.spans" for point in row.points), default=0)
