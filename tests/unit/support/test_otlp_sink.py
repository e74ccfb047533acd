"""The receiver decodes what a real exporter sends, and fails the ways it is told to."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from tests.support.otlp_rows import EventRow, LinkRow, MetricRow, PointRow, ResourceRow, ScopeRow, SpanRow
from tests.support.otlp_sink import Behaviour, OtlpSink, RequestRow, free_port
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACE = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [
                {
                    "scope": {"name": "s", "version": "1"},
                    "spans": [
                        {
                            "traceId": "0af7651916cd43dd8448eb211c80319c",
                            "spanId": "b7ad6b7169203331",
                            "parentSpanId": "00f067aa0ba902b7",
                            "name": "GET",
                            "kind": 2,
                            "startTimeUnixNano": "10",
                            "endTimeUnixNano": "30",
                            "flags": 257,
                            "attributes": [{"key": "a", "value": {"arrayValue": {"values": [{"intValue": "1"}]}}}],
                            "events": [{"name": "e", "timeUnixNano": "20"}],
                            "links": [
                                {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "00f067aa0ba902b7"},
                            ],
                            "status": {"code": 2, "message": "no"},
                        }
                    ],
                }
            ],
        }
    ]
}
ROW = SpanRow(
    trace_id="0af7651916cd43dd8448eb211c80319c",
    span_id="b7ad6b7169203331",
    parent_span_id="00f067aa0ba902b7",
    name="GET",
    kind="SERVER",
    attributes={"a": [1]},
    events=(EventRow("e", {}, 20),),
    links=(LinkRow("0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", {}),),
    status="ERROR",
    status_description="no",
    start_ns=10,
    end_ns=30,
    scope=ScopeRow("s", "1"),
    resource={"service.name": "shop"},
    flags=257,
    trace_state="",
)


@pytest.fixture
def sink() -> Iterator[OtlpSink]:
    with OtlpSink() as sink:
        yield sink


def post(sink: OtlpSink, path: str, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(sink.http_endpoint).netloc, timeout=5)
    try:
        connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_spans_in_json_come_out_as_rows(sink: OtlpSink) -> None:
    status, _, _ = post(sink, "/v1/traces", json.dumps(TRACE).encode(), Content_Type="application/json")
    assert status == 200
    assert sink.spans() == [ROW]
    assert sink.resources() == [ResourceRow("traces", {"service.name": "shop"})]


def test_a_resource_in_two_parts_of_a_request_is_one(sink: OtlpSink) -> None:
    parts = {"resourceSpans": TRACE["resourceSpans"] * 2}
    post(sink, "/v1/traces", json.dumps(parts).encode(), Content_Type="application/json")
    assert sink.spans() == [ROW, ROW]
    assert sink.resources() == [ResourceRow("traces", {"service.name": "shop"})]


def test_gzip_is_decoded_and_the_request_is_noted(sink: OtlpSink) -> None:
    body = gzip.compress(trace_service_pb2.ExportTraceServiceRequest().SerializeToString())
    status, _, _ = post(sink, "/v1/traces", body, Content_Type="application/x-protobuf", Content_Encoding="gzip")
    assert status == 200
    (request,) = sink.requests()
    assert (request.transport, request.signal, request.path, request.size, request.status) == (
        "http",
        "traces",
        "/v1/traces",
        len(body),
        200,
    )
    assert request.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\xff", {"Content_Type": "application/x-protobuf"}),
        (b"{", {"Content_Type": "application/json"}),
        (b"", {"Content_Type": "text/plain"}),
        (b"not gzip", {"Content_Type": "application/x-protobuf", "Content_Encoding": "gzip"}),
        (b"", {"Content_Type": "application/x-protobuf", "Content_Encoding": "br"}),
    ],
)
def test_what_is_not_otlp_is_refused(sink: OtlpSink, body: bytes, headers: dict[str, str]) -> None:
    assert post(sink, "/v1/traces", body, **headers)[0] == 400
    assert sink.spans() == []


def test_an_unknown_path_is_not_found(sink: OtlpSink) -> None:
    assert post(sink, "/v1/profiles", b"", Content_Type="application/x-protobuf")[0] == 404


def test_failure_is_answered_until_told_otherwise(sink: OtlpSink) -> None:
    sink.behave(status=503, retry_after_s=7)
    status, headers, _ = post(sink, "/v1/traces", json.dumps(TRACE).encode(), Content_Type="application/json")
    assert (status, headers["retry-after"]) == (503, "7")
    sink.behave()
    post(sink, "/v1/traces", json.dumps(TRACE).encode(), Content_Type="application/json")
    assert [request.status for request in sink.requests()] == [503, 200]
    assert sink.spans() == [ROW]


def test_close_ends_the_connection_without_an_answer(sink: OtlpSink) -> None:
    sink.behave(close=True)
    with pytest.raises(http.client.RemoteDisconnected):
        post(sink, "/v1/traces", b"", Content_Type="application/x-protobuf")


def test_reset_ends_the_connection_as_a_crashed_peer_does(sink: OtlpSink) -> None:
    sink.behave(reset=True)
    with pytest.raises(ConnectionResetError):
        post(sink, "/v1/traces", b"", Content_Type="application/x-protobuf")
    assert sink.spans() == []


def test_a_request_that_is_too_large_is_refused(sink: OtlpSink) -> None:
    body = json.dumps(TRACE).encode()
    sink.behave(largest=len(body) - 1)
    assert post(sink, "/v1/traces", body, Content_Type="application/json")[0] == 413
    sink.behave(largest=len(body))
    assert post(sink, "/v1/traces", body, Content_Type="application/json")[0] == 200
    assert sink.spans() == [ROW]


def test_a_stopped_sink_closes_kept_connections_and_can_start_again() -> None:
    sink = OtlpSink(http_port=free_port())
    sink.start()
    kept = http.client.HTTPConnection(urlsplit(sink.http_endpoint).netloc, timeout=5)

    def ask_again() -> bytes:
        kept.request("POST", "/v1/traces", json.dumps(TRACE), {"Content-Type": "application/json"})
        return kept.getresponse().read()

    assert ask_again() == b""
    sink.stop()
    with pytest.raises(ConnectionError), contextlib.closing(kept):
        ask_again()
    assert sink.spans() == [ROW]
    with sink:
        assert post(sink, "/v1/traces", json.dumps(TRACE).encode(), Content_Type="application/json")[0] == 200
    assert sink.spans() == [ROW, ROW]


def test_flapping_goes_through_its_states_and_ends_listening() -> None:
    body = json.dumps(TRACE).encode()
    answers: set[int] = set()

    def ask() -> bool:
        try:
            answers.add(post(sink, "/v1/traces", body, Content_Type="application/json")[0])
        except ConnectionError:
            answers.add(0)
        return answers == {0, 200, 503}

    with OtlpSink(http_port=free_port()) as sink:
        with sink.flapping([Behaviour(), None, Behaviour(status=503)], each_s=0.02):
            wait_for(ask, 20, what="each state to be met")
        assert post(sink, "/v1/traces", body, Content_Type="application/json")[0] == 200


def test_counting_keeps_ids_and_counts_and_no_rows() -> None:
    with OtlpSink(is_counting=True) as sink:
        post(sink, "/v1/traces", json.dumps(TRACE).encode(), Content_Type="application/json")
        assert sink.counts() == {"traces": 1, "logs": 0, "metrics": 0}
        assert sink.span_ids() == [bytes.fromhex(ROW.span_id)]
        assert sink.spans() == []


def test_span_ids_are_kept_by_connection(sink: OtlpSink) -> None:
    for _ in range(2):
        post(sink, "/v1/traces", json.dumps(TRACE).encode(), Content_Type="application/json")
    assert list(sink.span_requests().values()) == [[[bytes.fromhex(ROW.span_id)]]] * 2


def test_requests_say_when_they_arrived(sink: OtlpSink) -> None:
    before = time.monotonic()
    post(sink, "/v1/traces", b"", Content_Type="application/x-protobuf")
    (request,) = sink.requests()
    assert before <= request.at_s <= time.monotonic()


def test_a_hanging_request_is_let_go_when_the_behaviour_changes(sink: OtlpSink) -> None:
    sink.behave(hang=True)
    ends: list[type[BaseException]] = []

    def ask() -> None:
        try:
            post(sink, "/v1/traces", b"", Content_Type="application/x-protobuf")
        except http.client.RemoteDisconnected as error:
            ends.append(type(error))

    asker = threading.Thread(target=ask)
    asker.start()
    wait_for(sink.requests, 5)
    assert ends == []
    sink.behave()
    asker.join(5)
    assert ends == [http.client.RemoteDisconnected]


def test_rejection_is_told_as_partial_success(sink: OtlpSink) -> None:
    sink.behave(rejected=2)
    _, _, body = post(sink, "/v1/traces", b"", Content_Type="application/x-protobuf")
    answer = trace_service_pb2.ExportTraceServiceResponse.FromString(body)
    assert (answer.partial_success.rejected_spans, answer.partial_success.error_message) == (2, "told to reject")


def test_it_can_come_up_later_on_a_given_port() -> None:
    port = free_port()
    late = OtlpSink(http_port=port)
    assert late.http_endpoint == f"http://127.0.0.1:{port}"
    with pytest.raises(ConnectionRefusedError):
        post(late, "/v1/traces", b"", Content_Type="application/x-protobuf")
    with late:
        assert post(late, "/v1/traces", b"", Content_Type="application/x-protobuf")[0] == 200


def test_grpc_can_come_up_later_on_a_given_port() -> None:
    port = free_port()
    with OtlpSink(grpc_port=port) as late:
        assert late.grpc_endpoint == f"http://127.0.0.1:{port}"


def test_metrics_of_a_histogram_come_out_as_rows(sink: OtlpSink) -> None:
    request = metrics_service_pb2.ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="d", unit="s", description="how long")
    metric.histogram.aggregation_temporality = 2
    metric.histogram.data_points.add(
        start_time_unix_nano=1, time_unix_nano=2, count=3, sum=4.5, min=1.0, explicit_bounds=[2.0], bucket_counts=[1, 2]
    )
    post(sink, "/v1/metrics", request.SerializeToString(), Content_Type="application/x-protobuf")
    assert sink.metrics() == [
        MetricRow(
            name="d",
            unit="s",
            description="how long",
            type="histogram",
            points=(PointRow({}, 1, 2, count=3, sum=4.5, minimum=1.0, bounds=(2.0,), buckets=(1, 2)),),
            temporality="CUMULATIVE",
            is_monotonic=False,
            scope=ScopeRow(""),
            resource={},
        )
    ]


def test_grpc_calls_are_decoded_and_fail_as_told(sink: OtlpSink) -> None:
    import grpc

    request = trace_service_pb2.ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(name="over gRPC")
    address = urlsplit(sink.grpc_endpoint).netloc
    with grpc.insecure_channel(address) as channel:
        export: Any = channel.unary_unary(
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=trace_service_pb2.ExportTraceServiceResponse.FromString,
        )
        export(request, timeout=5, metadata=(("api-key", "k"),))
        sink.behave(status=503)
        with pytest.raises(grpc.RpcError) as refused:
            export(request, timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]
    assert [row.name for row in sink.spans()] == ["over gRPC"]
    first, second = sink.requests()
    assert (first.transport, first.headers["api-key"], first.status, second.status) == ("grpc", "k", 200, 503)
    assert isinstance(first, RequestRow)


def test_the_official_exporters_are_understood(sink: OtlpSink) -> None:
    from opentelemetry._logs import SeverityNumber
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(resource=Resource({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{sink.http_endpoint}/v1/logs")))
    provider.get_logger("shop").emit(body="low on tea", severity_number=SeverityNumber.WARN, severity_text="WARN")
    provider.shutdown()
    (row,) = sink.logs()
    assert (row.body, row.severity_text, row.severity_number, row.trace_id) == ("low on tea", "WARN", 13, "")
    assert row.resource == {"service.name": "shop"}
