"""With ``self_metrics`` the endpoint gets the run's own accounts, as metrics."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.process


def numbers(sink):
    """Give the newest value of each ``otel.sdk.*`` series: name and error type → value."""
    return {
        (metric.name, point.attributes.get("error.type", "")): point.value
        for metric in sink.metrics()
        if metric.name.startswith("otel.sdk.")
        for point in metric.points
    }


def test_the_endpoint_learns_what_was_recorded_and_what_became_of_it(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "300", "kill", self_metrics=True)
    run.finish()
    run.wait_for_agent()
    told = numbers(sink)
    made = told.pop(("otel.sdk.exporter.metric_data_point.exported", ""))
    assert made == 1 + 3, "the program's own point and those about its process; the last ones are on their way"
    assert told == {
        ("otel.sdk.log.created", ""): 300,
        ("otel.sdk.processor.span.processed", ""): 300,
        ("otel.sdk.processor.log.processed", ""): 300,
        ("otel.sdk.exporter.span.exported", ""): 300,
        ("otel.sdk.exporter.span.inflight", ""): 0,
        ("otel.sdk.exporter.log.exported", ""): 300,
        ("otel.sdk.exporter.log.inflight", ""): 0,
        ("otel.sdk.exporter.metric_data_point.inflight", ""): 0,
    }
    assert run.destinations()["metrics"] == (1 + 9, 0, 0)
    assert run.log() == ""
    agents = [row.attributes for row in sink.resources() if "process.pid" not in row.attributes]
    assert agents == [{"service.name": "recording", "service.instance.id": f"otelrun-agent-{run.directory.run_id}"}]


def test_what_was_rejected_is_told_with_the_answer(runs, sink):
    sink.behave(rejected=50)
    run = runs.start(sink.http_endpoint, "recording.py", "50", "return", self_metrics=True)
    run.finish()
    run.wait_for_agent()
    told = numbers(sink)
    assert told["otel.sdk.exporter.span.exported", "rejected"] == 50
    assert told["otel.sdk.exporter.span.exported", ""] == 0


def test_numbers_go_on_when_another_agent_delivers_the_rest(runs, sink):
    sink.behave(status=503)
    run = runs.start(
        sink.http_endpoint, "recording.py", "50", "return", self_metrics=True, interval_ms=200, exit_budget_ms=300
    )
    run.finish()
    run.wait_for_agent()
    sink.behave()
    second = runs.start(sink.http_endpoint, "silent.py", self_metrics=True)
    second.finish()
    second.wait_for_agent()
    told = numbers(sink)
    assert told["otel.sdk.exporter.span.exported", ""] == 50
    assert told["otel.sdk.exporter.span.inflight", ""] == 0
    assert told["otel.sdk.processor.span.processed", ""] == 50
    assert "Traceback" not in run.log()
    assert {row.attributes["service.name"] for row in sink.resources()} == {"recording"}


def test_without_self_metrics_there_are_none(runs, sink):
    run = runs.start(sink.http_endpoint, "recording.py", "50", "return")
    run.finish()
    run.wait_for_agent()
    assert numbers(sink) == {}
    assert run.destinations()["metrics"] == (1, 0, 0)
