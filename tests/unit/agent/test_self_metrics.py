"""The run's accounts as ``otel.sdk.*`` metrics."""

from __future__ import annotations

import os

import pytest

from otelrun.agent.self_metrics import SelfMetrics, components, error_type, exporter_series, process_series
from otelrun.profile.model import Exporter, MeterProvider, MetricReader, Processor, Profile, TracerProvider
from otelrun.ring import layout
from otelrun.ring.reader import RingReader
from otelrun.ring.record import encode_definition
from otelrun.ring.writer import RingWriter
from otelrun.store.accounts import Delivery, ExporterAccount, ProcessAccount, RunAccounts

RING = {
    "otel.component.type": "otelrun.ring.writer.RingWriter",
    "otel.component.name": "otelrun.ring.writer.RingWriter/0",
}
PROFILE = Profile(
    tracer_provider=TracerProvider(
        (
            Processor("batch", Exporter("otlp_http", "https://there/v1/traces")),
            Processor("batch", Exporter("otlp_grpc", "there:4317")),
            Processor("batch", Exporter("console")),
            Processor("batch", Exporter("otlp_http", "http://user:secret@other:99/v1/traces")),
        )
    ),
    meter_provider=MeterProvider((MetricReader(Exporter("otlp_http", "http://there:4318/v1/metrics")),)),
)


def rows(states):
    return [(state.series.name, state.value, state.series.attributes) for state in states]


def test_a_process_tells_what_it_recorded_and_what_its_ring_did_not_take():
    process = ProcessAccount(
        recorded={"spans": 10, "logs": 4},
        dropped={"spans": {"no room": 2, "too large": 1}, "series": {"no room": 1}},
        interrupted=1,
    )
    states = process_series(process, 5, 9)
    assert rows(states) == [
        ("otel.sdk.log.created", 4, {}),
        ("otel.sdk.processor.span.processed", 8, RING),
        ("otel.sdk.processor.span.processed", 2, {**RING, "error.type": "queue_full"}),
        ("otel.sdk.processor.span.processed", 1, {**RING, "error.type": "too_large"}),
        ("otel.sdk.processor.log.processed", 4, RING),
    ]
    assert {(state.series.start_ns, state.time_ns, state.is_float) for state in states} == {(5, 9, False)}
    assert len({state.id for state in states}) == len(states)


def test_an_exporter_tells_what_became_of_what_it_was_given():
    dropped = {"HTTP 400": 1, "rejected: HTTP 400": 1, "outbox full": 3}
    run = RunAccounts(
        exporters=(
            ExporterAccount("spans-0", "spans", "d", delivery=Delivery(7, 2, dropped)),
            ExporterAccount("metrics-0", "metrics", "d", delivery=Delivery(0, 0)),
        )
    )
    about = {"otel.component.name": "x"}
    assert rows(exporter_series(run, {"spans-0": about}, 5, 9)) == [
        ("otel.sdk.exporter.span.exported", 7, about),
        ("otel.sdk.exporter.span.exported", 2, {**about, "error.type": "400"}),
        ("otel.sdk.exporter.span.exported", 3, {**about, "error.type": "outbox_full"}),
        ("otel.sdk.exporter.span.inflight", 2, about),
        ("otel.sdk.exporter.metric_data_point.exported", 0, {}),
        ("otel.sdk.exporter.metric_data_point.inflight", 0, {}),
    ]


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("HTTP 404", "404"),
        ("rejected: gRPC INVALID_ARGUMENT: what is this", "INVALID_ARGUMENT"),
        ("partial success, 3 rejected: no", "rejected"),
        ("partial success", "rejected"),
        ("no form in OTLP", "no_form_in_otlp"),
        ("", "rejected"),
    ],
)
def test_a_reason_is_told_in_one_word(reason, error):
    assert error_type(reason) == error


def test_exporters_are_named_by_type_and_server_without_secrets():
    http = "otlp_http_span_exporter"
    assert components(PROFILE) == {
        "spans-0": {
            "otel.component.type": http,
            "otel.component.name": f"{http}/0",
            "server.address": "there",
            "server.port": 443,
        },
        "spans-1": {
            "otel.component.type": "otlp_grpc_span_exporter",
            "otel.component.name": "otlp_grpc_span_exporter/0",
            "server.address": "there",
            "server.port": 4317,
        },
        "spans-2": {
            "otel.component.type": "otelrun.delivery.console.Console",
            "otel.component.name": "otelrun.delivery.console.Console/0",
        },
        "spans-3": {
            "otel.component.type": http,
            "otel.component.name": f"{http}/1",
            "server.address": "other",
            "server.port": 99,
        },
        "metrics-0": {
            "otel.component.type": "otlp_http_metric_exporter",
            "otel.component.name": "otlp_http_metric_exporter/0",
            "server.address": "there",
            "server.port": 4318,
        },
    }


def make_reader(tmp_path, number=1):
    writer = RingWriter(os.path.join(tmp_path, f"{number}.ring"), data_size=4096, tables_size=4096)
    writer.words[layout.WORD_CREATED_NS] = number
    resource = {"service.name": f"shop{number}", "process.pid": 7, "host.name": "h", "service.instance.id": "i"}
    writer.define(layout.TABLE_PROCESS, encode_definition((resource,)))
    return RingReader(writer.path)


def test_a_process_tells_with_its_own_resource(tmp_path):
    own = SelfMetrics(PROFILE, "r", {}, {})
    reader = make_reader(tmp_path)
    measured = own.of_process(reader, ProcessAccount("1.ring", recorded={"logs": 1}), 9)
    assert (measured.name, measured.identity) == ("self/1.ring", reader.identity)
    [payload] = measured.encoder().requests([(0, b"", 1)], 10)
    assert b"shop1" in payload.data
    assert [state.series.start_ns for state in measured.states] == [1, 1]


def test_the_agent_has_the_resource_of_the_first_process_but_is_not_that_process(tmp_path):
    own = SelfMetrics(PROFILE, "20261124-093015-3f9a", {"service_name": "shop"}, {})
    instance = "otelrun-agent-20261124-093015-3f9a"
    assert own.resource == {"service.name": "shop", "service.instance.id": instance}
    for number in (2, 1, 3):
        own.of_process(make_reader(tmp_path, number), ProcessAccount(), 9)
    expected = {"service.name": "shop1", "host.name": "h", "service.instance.id": instance}
    assert own.resource == expected
    measured = own.of_exporters(RunAccounts(), 9)
    assert (measured.name, measured.identity, measured.states) == ("self", 0, [])

    successor = SelfMetrics(PROFILE, "20261124-093015-3f9a", {}, expected)
    successor.of_process(make_reader(tmp_path, 4), ProcessAccount(), 9)
    assert successor.resource == expected
