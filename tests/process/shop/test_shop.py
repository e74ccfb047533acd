"""The shop under otelrun, sent to a real receiver: one trace for each customer, the same over HTTP and gRPC, nothing changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

SHOP = Path(__file__).parents[3] / "docs" / "examples" / "shop"
APP = [sys.executable, os.fspath(SHOP / "app.py"), "--requests", "2"]

GOOD_ORDER = (
    ("GET", "SERVER", "http_server"),
    ("GET", "CLIENT", "http_client"),
    ("GET", "SERVER", "http_server"),
    ("shop.Pricing/Price", "CLIENT", "grpc_client"),
    ("shop.Pricing/Price", "SERVER", "grpc_server"),
)
"""Name, kind and instrumentation of each span from the root down."""


def send(tmp_path, transport, *options):
    """Run the shop and give the sink that received it, stopped."""
    with OtlpSink() as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        if transport == "grpc":
            env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.grpc_endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
        result = run_otelrun([*options, *APP], otelrun_dir=tmp_path, env=env)
        assert (result.returncode, result.stdout.splitlines()[-1]) == (0, b"the shop is closed")
        return sink


def tasks(spans):
    return [span for span in spans if span.name == "check_stock"]


def chain(spans):
    """Give the spans of one trace, apart from tasks, from its root down; there is exactly one below each."""
    below = {span.parent_span_id: span for span in spans if span.name != "check_stock"}
    found, parent = [], ""
    while parent in below:
        found.append(below[parent])
        parent = found[-1].span_id
    assert len(found) == len(below) == len(spans) - len(tasks(spans))
    return found


def traces(sink):
    """Give the spans of each trace, the customer's order first."""
    by_trace = {}
    for span in sorted(sink.spans(), key=lambda span: span.start_ns):
        by_trace.setdefault(span.trace_id, []).append(span)
    return list(by_trace.values())


@pytest.mark.parametrize("transport", ["http", "grpc"])
@pytest.mark.parametrize("options", [(), ("--profile", os.fspath(SHOP / "profile.yaml"))], ids=["default", "profile"])
def test_an_order_is_one_trace_through_every_service_thread_and_task(tmp_path, transport, options):
    sink = send(tmp_path, transport, *options)
    good, bad = traces(sink)

    for spans in (good, bad):
        found = chain(spans)
        scope = "otelrun.instrumentation."
        assert tuple((s.name, s.kind, s.scope.name.removeprefix(scope)) for s in found) == GOOD_ORDER
        assert [s.parent_span_id for s in tasks(spans)] == ([found[-1].span_id] * 2 if options else [])
        # a span for each task takes the log line in it
        inside = {span.span_id for span in tasks(spans)} or {found[-1].span_id}
        stock = [log for log in sink.logs() if log.trace_id == found[0].trace_id and "pieces" in log.body]
        assert [log.attributes["warehouse"] for log in stock] == ["north", "south"]
        assert {log.span_id for log in stock} == inside
    assert [span.status for span in good] == ["UNSET"] * len(good)


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_the_unlucky_order_fails_from_the_handler_that_raised_to_the_customer(tmp_path, transport):
    sink = send(tmp_path, transport)
    _, bad = traces(sink)
    front, to_catalogue, catalogue, to_pricing, pricing = chain(bad)

    assert {span.status for span in bad} == {"ERROR"}
    assert [span.attributes["http.response.status_code"] for span in (front, to_catalogue, catalogue)] == [500] * 3
    assert to_pricing.attributes["rpc.response.status_code"] == "UNKNOWN"
    assert pricing.attributes["rpc.response.status_code"] == pricing.attributes["error.type"] == "UNKNOWN"
    (event,) = pricing.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "LookupError"
    assert event.attributes["exception.message"] == "item 13 has no price"
    (complaint,) = [log for log in sink.logs() if log.body.startswith("item 13 cannot be priced")]
    assert (complaint.trace_id, complaint.span_id) == (catalogue.trace_id, catalogue.span_id)
    assert complaint.severity_text == "ERROR"


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_metrics_count_every_call_and_the_signals_share_one_resource(tmp_path, transport):
    sink = send(tmp_path, transport)
    counts = {}
    for metric in sink.metrics():
        if metric.name.endswith(".duration"):
            counts[metric.name] = sum(point.count for point in metric.points)
    assert counts == {
        "http.server.request.duration": 4,
        "http.client.request.duration": 2,
        "rpc.client.call.duration": 2,
        "rpc.server.call.duration": 2,
    }

    resources = sink.resources()
    assert {resource.signal for resource in resources} == {"traces", "logs", "metrics"}
    first = resources[0].attributes
    assert [resource.attributes for resource in resources] == [first] * len(resources)
    assert first["service.name"] == "shop"
    assert {"service.instance.id", "process.pid", "telemetry.sdk.language"} <= first.keys()


def test_the_shop_prints_what_it_prints_bare(tmp_path):
    bare = run_python(APP[1:])
    recorded = run_otelrun(APP, otelrun_dir=tmp_path)
    assert (recorded.stdout, recorded.stderr, recorded.returncode) == (bare.stdout, bare.stderr, bare.returncode)
