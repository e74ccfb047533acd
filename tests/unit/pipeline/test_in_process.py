"""The SDK in the program: built at the first use, as the profile says, flushed within the budget."""

from __future__ import annotations

import json
import logging
import time

import pytest
from opentelemetry import _logs, metrics, trace
from opentelemetry.metrics import Observation

from otelrun.lifecycle import exit as at_end
from otelrun.pipeline import in_process, sdk
from otelrun.profile import model

SIGNALS = ("traces", "metrics", "logs")


@pytest.fixture(autouse=True)
def exit_hooks(monkeypatch):
    hooks = []
    monkeypatch.setattr(at_end, "_at_exit", hooks)
    monkeypatch.setattr(at_end, "_registered", True)
    return hooks


@pytest.fixture(autouse=True)
def misleading_environment(monkeypatch):
    """What the SDK would follow if it were asked; the profile is what counts."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0")
    monkeypatch.setenv("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "0")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=wrong")
    monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", "nonsense")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "-5")


def file_profile(path, pipeline="auto"):
    exporter = model.Exporter("otlp_file", output_stream=f"file://{path}")
    batch = (model.Processor("batch", exporter),)
    return model.Profile(
        resource=model.Resource(attributes=(("service.name", "shop"),)),
        tracer_provider=model.TracerProvider(batch),
        meter_provider=model.MeterProvider((model.MetricReader(exporter),)),
        logger_provider=model.LoggerProvider(batch),
        otelrun=model.Otelrun(pipeline=pipeline),
    )


def test_all_three_signals_arrive_with_one_resource(tmp_path, notices, exit_hooks):
    path = tmp_path / "out.jsonl"
    pipeline = in_process.InProcess(file_profile(path))
    tracing, metering, log_provider = (in_process.provider(pipeline, signal) for signal in SIGNALS)
    tracer, meter, logger = tracing.get_tracer("app", "1"), metering.get_meter("app"), log_provider.get_logger("app")
    counter, histogram = meter.create_counter("hits"), meter.create_histogram("size")
    gauge, up_down = meter.create_gauge("level"), meter.create_up_down_counter("active")
    meter.create_observable_gauge("none")
    assert logger.enabled()
    assert pipeline._built == {}
    assert exit_hooks == []

    with tracer.start_as_current_span("work", attributes={"key": "long value"}) as span:
        logger.emit(body="hi", attributes={"key": "long value"})
    tracer.start_span("second").end()
    counter.add(2)
    histogram.record(1)
    gauge.set(3)
    up_down.add(-1)
    meter.create_observable_counter("ticks", [lambda _: [Observation(7)]])
    meter.create_observable_up_down_counter("depth", [lambda _: [Observation(8)]])
    meter.create_observable_gauge("room", [lambda _: [Observation(9)]])
    assert not path.exists() or path.read_text() == ""
    at_end._run_at_exit()

    documents = [json.loads(line) for line in path.read_text().splitlines()]
    found = {next(iter(document)): next(iter(document.values()))[0] for document in documents}
    assert set(found) == {"resourceSpans", "resourceMetrics", "resourceLogs"}
    resources = [part["resource"] for part in found.values()]
    assert resources[0] == resources[1] == resources[2]
    assert {"key": "service.name", "value": {"stringValue": "shop"}} in resources[0]["attributes"]
    spans = found["resourceSpans"]["scopeSpans"][0]["spans"]
    assert sorted(span["name"] for span in spans) == ["second", "work"]
    (log,) = found["resourceLogs"]["scopeLogs"][0]["logRecords"]
    assert (log["body"], log["traceId"]) == (
        {"stringValue": "hi"},
        f"{span.get_span_context().trace_id:032x}",
    )
    assert log["attributes"] == [{"key": "key", "value": {"stringValue": "long value"}}]
    names = {metric["name"] for metric in found["resourceMetrics"]["scopeMetrics"][0]["metrics"]}
    assert names == {"hits", "size", "level", "active", "ticks", "depth", "room"}
    assert notices == []


def test_what_cannot_be_built_does_nothing_and_is_told(notices, monkeypatch):
    monkeypatch.delenv("OTELRUN_STRICT", raising=False)
    section = model.TracerProvider(sampler=model.Sampler("of_nobody"))
    pipeline = in_process.InProcess(model.Profile(tracer_provider=section))
    assert not in_process.provider(pipeline, "traces").get_tracer("app").start_span("x").is_recording()
    assert [slug for slug, _ in notices] == ["guarded:in-process pipeline for traces"]


def test_an_exporter_that_cannot_be_made_harms_no_other(tmp_path, notices, monkeypatch):
    monkeypatch.delenv("OTELRUN_STRICT", raising=False)
    good = file_profile(tmp_path / "out.jsonl").tracer_provider.processors
    bad = model.Processor("batch", model.Exporter("of_nobody"))
    profile = model.Profile(tracer_provider=model.TracerProvider((bad, *good)))
    pipeline = in_process.InProcess(profile)
    in_process.provider(pipeline, "traces").get_tracer("app").start_span("x").end()
    pipeline.finish()
    assert '"name":"x"' in (tmp_path / "out.jsonl").read_text()
    assert "guarded:span processor batch" in [slug for slug, _ in notices]


def test_a_shutdown_that_hangs_is_left_after_the_budget(notices):
    class Hanging:
        def shutdown(self):
            time.sleep(0.5)  # longer than the budget, short enough to end with the tests

    profile = model.Profile(otelrun=model.Otelrun(exit_budget_ms=50))
    pipeline = in_process.InProcess(profile)
    pipeline._finishers = [in_process.Finisher(Hanging()), in_process.Finisher(Hanging())]
    begun = time.monotonic()
    pipeline.finish()
    assert time.monotonic() - begun < 0.4
    assert [slug for slug, _ in notices] == ["exit-budget"]


def test_the_sdks_own_log_records_are_told_and_do_not_reach_the_programs_handlers(notices, monkeypatch):
    loggers = [logging.getLogger(name) for name in ("opentelemetry.sdk", "opentelemetry.exporter")]
    for logger in loggers:
        monkeypatch.setattr(logger, "handlers", [])
        monkeypatch.setattr(logger, "propagate", True)
    seen = []
    handler = logging.Handler()
    handler.emit = seen.append
    logging.getLogger().addHandler(handler)
    try:
        sdk.quiet()
        logging.getLogger("opentelemetry.exporter.otlp").error("%s failed", "export")
        logging.getLogger("opentelemetry.sdk.trace").warning("not an error")
    finally:
        logging.getLogger().removeHandler(handler)
    assert seen == []
    assert notices == [("sdk-log", "export failed")]


def test_the_deferred_ones_are_the_apis_and_give_what_only_the_sdk_has(tmp_path):
    pipeline = in_process.InProcess(file_profile(tmp_path / "out", pipeline="in_process"))
    tracing, metering, log_provider = (in_process.provider(pipeline, signal) for signal in SIGNALS)
    assert isinstance(tracing, trace.TracerProvider)
    assert isinstance(metering, metrics.MeterProvider)
    assert isinstance(log_provider, _logs.LoggerProvider)
    assert not hasattr(tracing, "_private")
    assert tracing.force_flush() is True
    assert tracing.resource.attributes["service.name"] == "shop"
    assert metering.force_flush() is True
    assert log_provider.force_flush() is True
    pipeline.finish()
