"""Command line above file above variables above what was inferred."""

from __future__ import annotations

import pytest

from otelrun.profile.loading import load_profile
from otelrun.profile.model import Exporter, Processor

HONOUR = 'file_format: "1.1"\ndistribution: {otelrun: {environment_variables: honour}}\n'
NAMED = HONOUR + "resource: {attributes: [{name: service.name, value: '${MY_NAME:-of-file}'}]}\n"
INFERRED = {
    "inferred_service": ("of-script", "name of the script"),
    "inferred_version": ("1.2", "installed distribution"),
}
VARIABLES = {
    "OTEL_SERVICE_NAME": "of-variable",
    "OTEL_RESOURCE_ATTRIBUTES": "service.name=of-list,service.version=9,a=b",
}


def service(profile):
    return dict(profile.resource.attributes).get("service.name"), profile.service_name_source


def test_the_command_line_stands_above_the_file(load):
    profile = load(NAMED, VARIABLES, service_name="of-flag", **INFERRED).profile
    assert service(profile) == ("of-flag", "--service-name")


def test_the_file_stands_above_variables(load):
    assert service(load(NAMED, VARIABLES, **INFERRED).profile) == ("of-file", "profile.yaml:3")


def test_a_name_from_a_reference_has_the_variable_as_its_source(load):
    assert service(load(NAMED, {"MY_NAME": "mine"}, **INFERRED).profile) == ("mine", "MY_NAME")


def test_variables_stand_above_what_was_inferred(load):
    profile = load(HONOUR, VARIABLES, **INFERRED).profile
    assert service(profile) == ("of-variable", "OTEL_SERVICE_NAME")
    assert profile.resource.attributes == (("service.name", "of-variable"), ("service.version", "9"), ("a", "b"))


def test_of_the_variables_the_service_name_counts_first(load):
    assert service(load(HONOUR, {"OTEL_RESOURCE_ATTRIBUTES": "service.name=x"}).profile) == (
        "x",
        "OTEL_RESOURCE_ATTRIBUTES",
    )


def test_what_was_inferred_is_used_last(load):
    profile = load(HONOUR, **INFERRED).profile
    assert service(profile) == ("of-script", "name of the script")
    assert profile.resource.attributes == (("service.name", "of-script"), ("service.version", "1.2"))


@pytest.mark.parametrize("value", ["''", "~", "'${EMPTY}'"])
def test_an_empty_name_counts_as_absent(load, value):
    text = NAMED.replace("'${MY_NAME:-of-file}'", value)
    assert service(load(text, {"EMPTY": ""}, **INFERRED).profile) == ("of-script", "name of the script")


def test_without_any_name_there_is_none(load):
    assert service(load(HONOUR).profile) == (None, "")


def test_the_default_profile_reads_the_variables_by_reference():
    profile = load_profile("default", VARIABLES, **INFERRED).profile
    assert service(profile) == ("of-variable", "OTEL_SERVICE_NAME")
    assert dict(profile.resource.attributes)["deployment.environment.name"] == "development"


def test_another_environment_can_be_named():
    profile = load_profile("prod", {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=staging"}).profile
    assert dict(profile.resource.attributes)["deployment.environment.name"] == "staging"


def endpoints(profile):
    entries = (profile.tracer_provider.processors, profile.meter_provider.readers, profile.logger_provider.processors)
    return [(entry.exporter.kind, entry.exporter.endpoint) for part in entries for entry in part]


@pytest.mark.parametrize(
    ("url", "kind", "expected"),
    [
        (
            "http://c:4318",
            "otlp_http",
            ["http://c:4318/v1/traces", "http://c:4318/v1/metrics", "http://c:4318/v1/logs"],
        ),
        ("https://c/otlp/", "otlp_http", [f"https://c/otlp/v1/{name}" for name in ("traces", "metrics", "logs")]),
        (
            "http://c:4318/v1/traces",
            "otlp_http",
            [f"http://c:4318/v1/{name}" for name in ("traces", "metrics", "logs")],
        ),
        ("http://c:4317", "otlp_grpc", ["http://c:4317"] * 3),
        ("grpc://c:4317", "otlp_grpc", ["http://c:4317"] * 3),
        ("grpcs://c", "otlp_grpc", ["https://c:4317"] * 3),
    ],
)
def test_a_destination_sends_all_three_signals_from_any_profile(load, url, kind, expected):
    profile = load(HONOUR, endpoint=url).profile
    assert endpoints(profile) == [(kind, endpoint) for endpoint in expected]
    assert profile.logger_provider.processors[0].schedule_delay_ms == 1_000


def test_a_destination_takes_the_place_of_the_files_and_the_variables(load):
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://other:4318", "OTEL_EXPORTER_OTLP_HEADERS": "A=b"}
    profile = load_profile("prod", environment, endpoint="grpc://c:4317").profile
    assert endpoints(profile) == [("otlp_grpc", "http://c:4317")] * 3
    exporter = Exporter("otlp_grpc", endpoint="http://c:4317", headers=(("a", "b"),), compression="gzip")
    assert profile.tracer_provider.processors == (Processor("batch", exporter),)


@pytest.mark.parametrize("url", ["http://c:4318", "https://c/otlp", "grpc://c:4317", "grpc://c:9999"])
def test_the_standard_variables_say_how_to_send_to_it(url: str) -> None:
    environment = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
    loaded = load_profile(None, environment, endpoint=url)
    assert loaded.warnings == ()
    tracer, meter = loaded.profile.tracer_provider, loaded.profile.meter_provider
    assert tracer is not None
    assert meter is not None
    for exporter in (tracer.processors[0].exporter, meter.readers[0].exporter):
        assert exporter is not None
        assert (exporter.headers, exporter.compression) == ((("authorization", "Bearer x"),), "gzip")


def test_other_exporters_stay_beside_a_destination(load):
    text = HONOUR + "tracer_provider: {processors: [{simple: {exporter: {console: }}}]}\n"
    profile = load(text, endpoint="http://c:4318").profile
    assert [entry.exporter.kind for entry in profile.tracer_provider.processors] == ["otlp_http", "console"]


def test_a_destination_of_a_disabled_profile_gets_a_warning():
    assert load_profile("off", {}, endpoint="http://c:4318").warnings == (
        "--to has no effect: the profile is disabled",
    )


def test_disabled_instrumentations_are_added(load):
    text = HONOUR.replace("honour}", "honour, instrumentation: {disabled: [a]}}")
    profile = load(text, {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask, a"}).profile
    assert profile.otelrun.disabled == ("a", "flask")


def test_a_star_disables_all_instrumentations(load):
    text = HONOUR + "instrumentation/development: {python: {flask: {enabled: true}}}\n"
    profile = load(text, {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*"}).profile
    assert not profile.is_enabled("flask")
    assert not profile.is_enabled("django")
