"""One program, recorded here and sent over HTTP and over gRPC: the same spans, parents, logs and metrics arrive."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun
from tests.support.store_rows import stored_logs, stored_spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.process

APP = os.path.join(os.path.dirname(__file__), "..", "..", "apps", "hello", "hello.py")
CHAINS = [("GET", "client"), ("GET", "client"), ("GET < GET", "server"), ("GET < GET", "server")]
BODIES = [("somebody asks for /nobody", "GET < GET"), ("somebody asks for /you", "GET < GET")]
DURATIONS = {"http.client.request.duration": 2, "http.server.request.duration": 2}


def chain(span: Any, spans: Sequence[Any]) -> str:
    """Write a span as its name and its ancestors'."""
    by_id = {(other.trace_id, other.span_id): other for other in spans}
    names = [span.name]
    while parent := by_id.get((span.trace_id, span.parent_span_id)):
        span = parent
        names.append(span.name)
    assert not span.parent_span_id
    return " < ".join(names)


def shapes(spans: Sequence[Any]) -> list[tuple[str, str]]:
    return sorted((chain(span, spans), span.kind.lower()) for span in spans)


def bodies(logs: Sequence[Any], spans: Sequence[Any]) -> list[tuple[str, str]]:
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    return sorted((log.body, chain(by_id[log.trace_id, log.span_id], spans)) for log in logs)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_everything_arrives_with_its_relations_and_one_resource(protocol: str, tmp_path: Path) -> None:
    with OtlpSink() as sink:
        env = {
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.grpc_endpoint if protocol == "grpc" else sink.http_endpoint,
            "OTEL_SERVICE_NAME": "greeter",
        }
        run = run_otelrun([sys.executable, APP], env=env, otelrun_dir=tmp_path)
    assert (run.stdout, run.returncode) == (b"b'hello\\n'\nb'hello\\n'\n", 0)
    spans = sink.spans()
    assert shapes(spans) == CHAINS
    assert bodies(sink.logs(), spans) == BODIES
    assert {metric.name: sum(point.count or 0 for point in metric.points) for metric in sink.metrics()} == DURATIONS
    traces, logs, metrics = sorted(sink.resources(), key=lambda row: ("traces", "logs", "metrics").index(row.signal))
    assert traces.attributes == logs.attributes == metrics.attributes
    assert traces.attributes["service.name"] == "greeter"
    assert {request.transport for request in sink.requests()} == {protocol.partition("/")[0]}


def test_the_local_store_holds_the_same(tmp_path: Path) -> None:
    run_otelrun([sys.executable, APP], otelrun_dir=tmp_path)
    spans = stored_spans(tmp_path)
    assert shapes(spans) == CHAINS
    assert bodies(stored_logs(tmp_path), spans) == BODIES
    assert {span.service_name for span in spans} == {"hello"}
    assert [span.is_error for span in spans].count(True) == len(CHAINS) // 2
