"""Our providers stand behind the API's globals, and step aside for the program's own."""

from __future__ import annotations

import sys

import pytest
from opentelemetry import _logs, metrics, propagate, trace
from opentelemetry._logs import _internal as logs_api
from opentelemetry.instrumentation import utils as upstream_utils
from opentelemetry.metrics import _internal as metrics_api
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk._logs import _internal as sdk_logs
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased
from opentelemetry.util._once import Once

from otelrun.instrumentation import sources
from otelrun.pipeline import in_process, providers
from otelrun.pipeline.deferred_traces import DeferredTracerProvider
from otelrun.pipeline.logger import LoggerProvider
from otelrun.pipeline.meter import MeterProvider
from otelrun.pipeline.tracer import TracerProvider
from otelrun.profile import handoff, model

SETTERS = [
    (trace, "set_tracer_provider"),
    (trace, "_set_tracer_provider"),
    (metrics_api, "_set_meter_provider"),
    (logs_api, "_set_logger_provider"),
    (sdk.Span, "__init__"),
    (sdk.Span, "end"),
    (ParentBased, "should_sample"),
    (upstream_utils, "_start_internal_or_server_span"),
    (sdk_logs.Logger, "emit"),
]


@pytest.fixture(autouse=True)
def fresh_api(monkeypatch):
    """The API as a program finds it; put back afterwards."""
    monkeypatch.setattr(providers, "_pipeline", providers.Pipeline())
    monkeypatch.setattr(sources, "_given", {})
    monkeypatch.setattr(sources, "logs", sources.Logs())
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(metrics_api, "_METER_PROVIDER", None)
    monkeypatch.setattr(metrics_api, "_METER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(metrics_api, "_PROXY_METER_PROVIDER", metrics_api._ProxyMeterProvider())
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER", None)
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(trace, "_PROXY_TRACER_PROVIDER", trace.ProxyTracerProvider())
    monkeypatch.setattr(logs_api, "_PROXY_LOGGER_PROVIDER", logs_api.ProxyLoggerProvider())
    monkeypatch.setattr(propagate, "_HTTP_TEXT_FORMAT", propagate.get_global_textmap())
    for module, name in SETTERS:
        monkeypatch.setattr(module, name, getattr(module, name))


def prepare(tmp_path, profile=None, pipeline="agent", reason="", loaded=()):
    (tmp_path / "rings").mkdir()
    text = handoff.write(profile or model.Profile(), run_directory=str(tmp_path), pipeline=pipeline, reason=reason)
    providers.prepare(handoff.read(text), loaded)


def install_all():
    for name in providers.HOOKED:
        providers.install(name)


def rings(tmp_path):
    return list((tmp_path / "rings").iterdir())


def test_the_api_gives_ours_and_nothing_is_made_before_the_first_record(tmp_path, capfd, caplog):
    prepare(tmp_path, model.Profile(propagators=("b3",)))
    install_all()
    assert type(trace.get_tracer_provider()) is TracerProvider
    assert type(metrics.get_meter_provider()) is MeterProvider
    assert type(_logs.get_logger_provider()) is LoggerProvider
    assert propagate.get_global_textmap().fields == {"b3"}
    tracer = trace.get_tracer("app")
    assert rings(tmp_path) == []
    tracer.start_span("x").end()
    assert len(rings(tmp_path)) == 1
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_what_the_program_got_before_works_too(tmp_path):
    tracer = trace.ProxyTracer("app")
    counter = metrics.get_meter("app").create_counter("hits")
    logger = logs_api.ProxyLogger("app")
    prepare(tmp_path, loaded=sys.modules)
    install_all()
    with tracer.start_as_current_span("x") as span:
        assert span.is_recording()
    counter.add(1)
    logger.emit(body="x")
    assert len(rings(tmp_path)) == 1


def test_a_program_can_still_set_its_own_without_a_warning(tmp_path, caplog):
    prepare(tmp_path)
    install_all()
    trace.set_tracer_provider(own_tracing := trace.NoOpTracerProvider())
    metrics.set_meter_provider(own_metrics := metrics.NoOpMeterProvider())
    _logs.set_logger_provider(own_logs := _logs.NoOpLoggerProvider())
    assert trace.get_tracer_provider() is own_tracing
    assert metrics.get_meter_provider() is own_metrics
    assert _logs.get_logger_provider() is own_logs
    assert caplog.records == []


def test_to_a_program_ours_are_the_proxies_of_an_api_whose_providers_are_unset(tmp_path):
    prepare(tmp_path)
    install_all()
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    assert isinstance(metrics.get_meter_provider(), metrics_api._ProxyMeterProvider)
    assert isinstance(_logs.get_logger_provider(), logs_api.ProxyLoggerProvider)
    assert (trace._TRACER_PROVIDER, metrics_api._METER_PROVIDER, logs_api._LOGGER_PROVIDER) == (None, None, None)


def test_a_second_provider_of_the_program_is_refused_as_the_api_does(tmp_path, caplog):
    prepare(tmp_path)
    install_all()
    trace.set_tracer_provider(first := trace.NoOpTracerProvider())
    trace.set_tracer_provider(trace.NoOpTracerProvider())
    assert trace.get_tracer_provider() is first
    assert [record.getMessage() for record in caplog.records] == ["Overriding of current TracerProvider is not allowed"]


@pytest.mark.parametrize("pipeline", ["agent", "in_process"])
def test_what_the_program_was_given_before_follows_the_provider_it_sets(tmp_path, pipeline):
    prepare(tmp_path, model.Profile(tracer_provider=model.TracerProvider()), pipeline)
    install_all()
    provider, tracer = trace.get_tracer_provider(), trace.get_tracer("opentelemetry.instrumentation.flask")
    instrumentations = sources.get_tracer("otelrun.instrumentation.http_client")
    trace.set_tracer_provider(trace.NoOpTracerProvider())
    assert not tracer.start_span("before").is_recording()
    assert not provider.get_tracer("later").start_span("later").is_recording()
    assert instrumentations.start_span("ours").is_recording()


def test_an_added_span_processor_sees_the_spans_of_instrumentations_too(tmp_path):
    prepare(tmp_path)
    install_all()
    exporter = InMemorySpanExporter()
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
    trace.get_tracer("app").start_span("own").end()
    sources.get_tracer("otelrun.instrumentation.http_client").start_span("ours").end()
    assert [span.name for span in exporter.get_finished_spans()] == ["own", "ours"]


def test_a_provider_that_the_program_has_set_already_stays(tmp_path):
    trace.set_tracer_provider(own := trace.NoOpTracerProvider())
    prepare(tmp_path)
    install_all()
    assert trace.get_tracer_provider() is own


def test_installing_twice_changes_nothing(tmp_path):
    prepare(tmp_path)
    install_all()
    first = trace.get_tracer_provider()
    install_all()
    assert trace.get_tracer_provider() is first


def test_where_the_private_name_has_gone_the_public_setter_is_used(tmp_path, monkeypatch):
    prepare(tmp_path)
    monkeypatch.delattr(trace, "_TRACER_PROVIDER")
    monkeypatch.delattr(trace, "_PROXY_TRACER_PROVIDER")
    seen = []
    monkeypatch.setattr(trace, "set_tracer_provider", seen.append)
    providers.install("opentelemetry.trace")
    assert [type(provider) for provider in seen] == [TracerProvider]


def test_without_a_handoff_or_for_other_modules_nothing_happens(tmp_path):
    install_all()
    prepare(tmp_path)
    providers.install("opentelemetry.baggage")
    assert trace._TRACER_PROVIDER is None


@pytest.mark.parametrize(
    "profile",
    [model.Profile(disabled=True), model.Profile(otelrun=model.Otelrun(store=model.Store(enabled=False)))],
)
def test_a_profile_that_wants_nothing_leaves_the_apis_own(tmp_path, profile):
    prepare(tmp_path, profile)
    install_all()
    assert trace._TRACER_PROVIDER is None
    assert metrics_api._METER_PROVIDER is None
    assert logs_api._LOGGER_PROVIDER is None


def test_a_section_is_recorded_without_the_store(tmp_path):
    no_store = model.Otelrun(store=model.Store(enabled=False))
    prepare(tmp_path, model.Profile(tracer_provider=model.TracerProvider(), otelrun=no_store))
    install_all()
    assert type(trace.get_tracer_provider()) is TracerProvider
    assert logs_api._LOGGER_PROVIDER is None


def test_the_profiles_sampler_and_limits_are_followed(tmp_path):
    section = model.TracerProvider(sampler=model.Sampler("always_off"))
    prepare(tmp_path, model.Profile(tracer_provider=section))
    install_all()
    assert not trace.get_tracer("app").start_span("x").is_recording()


def test_the_other_pipeline_is_deferred(tmp_path):
    section = model.TracerProvider()
    prepare(tmp_path, model.Profile(tracer_provider=section), pipeline="in_process")
    install_all()
    assert type(trace.get_tracer_provider()) is DeferredTracerProvider
    assert metrics_api._METER_PROVIDER is None  # no section, and no agent for a store
    assert in_process.InProcess.__module__ in sys.modules
