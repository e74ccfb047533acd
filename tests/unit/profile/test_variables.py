"""The standard variables, for profiles that honour them; and that others ignore them, as the specification says."""

from __future__ import annotations

import pytest

from otelrun.profile.loading import load_profile
from otelrun.profile.model import Sampler, Tls


def default(**environment):
    return load_profile("default", environment)


def exporters(profile):
    """Give (signal, kind, endpoint) of every exporter."""
    found = [("traces", entry.exporter) for entry in profile.tracer_provider.processors]
    found += [("metrics", reader.exporter) for reader in profile.meter_provider.readers]
    found += [("logs", entry.exporter) for entry in profile.logger_provider.processors]
    return [(signal, exporter.kind, exporter.endpoint) for signal, exporter in found]


def test_without_variables_nothing_is_sent():
    loaded = default()
    assert (exporters(loaded.profile), loaded.warnings) == ([], ())
    assert loaded.profile.otelrun.store.enabled


def test_a_general_endpoint_sends_all_three_signals():
    assert exporters(default(OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4318/").profile) == [
        ("traces", "otlp_http", "http://c:4318/v1/traces"),
        ("metrics", "otlp_http", "http://c:4318/v1/metrics"),
        ("logs", "otlp_http", "http://c:4318/v1/logs"),
    ]


def test_a_signals_own_endpoint_sends_that_signal_and_is_used_as_it_is():
    profile = default(OTEL_EXPORTER_OTLP_LOGS_ENDPOINT="http://c/x").profile
    assert exporters(profile) == [("logs", "otlp_http", "http://c/x")]


def test_the_exporter_variable_asks_for_the_default_endpoint():
    profile = default(OTEL_TRACES_EXPORTER="otlp").profile
    assert exporters(profile) == [("traces", "otlp_http", "http://localhost:4318/v1/traces")]


def test_the_exporter_variable_chooses():
    profile = default(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4318",
        OTEL_TRACES_EXPORTER="otlp,console",
        OTEL_METRICS_EXPORTER="none",
        OTEL_LOGS_EXPORTER="console",
        OTEL_BLRP_SCHEDULE_DELAY="7",
    ).profile
    assert exporters(profile) == [
        ("traces", "otlp_http", "http://c:4318/v1/traces"),
        ("traces", "console", ""),
        ("logs", "console", ""),
    ]
    assert profile.logger_provider.processors[0].schedule_delay_ms == 7


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_TRACES_EXPORTER": "otlp_proto_grpc"},
    ],
)
def test_the_protocol_or_the_port_chooses_grpc(environment):
    assert exporters(default(**environment).profile)[0] == ("traces", "otlp_grpc", "http://c:4317")


def test_the_protocol_stands_above_the_port():
    profile = default(OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4317", OTEL_EXPORTER_OTLP_PROTOCOL="http/json").profile
    assert exporters(profile)[0] == ("traces", "otlp_http", "http://c:4317/v1/traces")
    assert profile.tracer_provider.processors[0].exporter.encoding == "json"


def test_details_come_from_the_signals_own_variable_else_from_the_general_one():
    profile = default(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c:4318",
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20general",
        OTEL_EXPORTER_OTLP_LOGS_HEADERS="authorization=own",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_EXPORTER_OTLP_TIMEOUT="1234",
        OTEL_EXPORTER_OTLP_LOGS_TIMEOUT="4321",
        OTEL_EXPORTER_OTLP_CERTIFICATE="/ca",
        OTEL_EXPORTER_OTLP_CLIENT_KEY="/key",
        OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE="/cert",
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="DELTA",
    ).profile
    traces = profile.tracer_provider.processors[0].exporter
    logs = profile.logger_provider.processors[0].exporter
    assert (traces.headers, traces.compression, traces.timeout_ms) == (
        (("authorization", "Bearer general"),),
        "gzip",
        1234,
    )
    assert (logs.headers, logs.timeout_ms) == ((("authorization", "own"),), 4321)
    assert (traces.tls, logs.tls) == (Tls("/ca", "/key"), Tls("/ca", "/key", "/cert"))
    assert profile.meter_provider.readers[0].exporter.temporality == "delta"


def test_insecure_is_for_grpc():
    profile = default(
        OTEL_EXPORTER_OTLP_ENDPOINT="c:4317", OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_EXPORTER_OTLP_INSECURE="True"
    ).profile
    assert profile.tracer_provider.processors[0].exporter.tls == Tls(insecure=True)


@pytest.mark.parametrize(
    ("name", "argument", "expected"),
    [
        ("always_on", "", Sampler("always_on")),
        ("ALWAYS_OFF", "", Sampler("always_off")),
        ("traceidratio", "0.25", Sampler("trace_id_ratio_based", ratio=0.25)),
        ("traceidratio", "", Sampler("trace_id_ratio_based", ratio=1.0)),
        ("parentbased_always_off", "", Sampler("parent_based", root=Sampler("always_off"))),
        (
            "parentbased_traceidratio",
            "0.5",
            Sampler("parent_based", root=Sampler("trace_id_ratio_based", ratio=0.5)),
        ),
    ],
)
def test_the_sampler_variable_takes_the_place_of_the_files_sampler(name, argument, expected):
    profile = default(OTEL_TRACES_SAMPLER=name, OTEL_TRACES_SAMPLER_ARG=argument).profile
    assert profile.tracer_provider.sampler == expected


def test_what_the_profile_refers_to_is_followed():
    profile = default(
        OTEL_SDK_DISABLED="True",
        OTEL_LOG_LEVEL="DEBUG",
        OTEL_PROPAGATORS="b3",
        OTEL_ATTRIBUTE_COUNT_LIMIT="5",
        OTEL_SPAN_EVENT_COUNT_LIMIT="6",
        OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT="7",
    ).profile
    limits = (profile.tracer_provider.limits, profile.logger_provider.limits)
    assert (profile.disabled, profile.log_level, profile.propagators) == (True, "debug", ("b3",))
    assert (limits[0].attribute_count_limit, limits[0].event_count_limit, limits[1].attribute_count_limit) == (5, 6, 7)


NOT_KNOWN = "its value is not known here; write"
BAD = {
    "OTEL_BSP_SCHEDULE_DELAY": ("5s", "its value is not an integer (milliseconds); write e.g. 5000; the default holds"),
    "OTEL_SDK_DISABLED": ("yes", "its value is not a boolean; write true or false; the default holds"),
    "OTEL_TRACES_EXPORTER": ("zipkin", f"{NOT_KNOWN} otlp, console or none; the default holds"),
    "OTEL_TRACES_SAMPLER": (
        "xray",
        (
            f"{NOT_KNOWN} one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, "
            "parentbased_traceidratio; the default holds"
        ),
    ),
    "OTEL_PROPAGATORS": (
        "tracecontex",
        "its value has an unknown name in it; did you mean 'tracecontext'?; the default holds",
    ),
    "OTEL_RESOURCE_ATTRIBUTES": (
        "nonsense",
        "its value has an entry that is no name=value; write name=value,name=value; the default holds",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_a_warning_with_the_variables_name_and_the_default_holds(name):
    value, text = BAD[name]
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    loaded = default(**endpoint, **{name: value})
    assert loaded.warnings == (f"{name}: {text}",)
    assert loaded.profile == default(**endpoint).profile


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "thrift"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "hunter2"),
    ],
)
def test_a_bad_detail_of_an_exporter_is_a_warning_that_does_not_show_it(name, value):
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    loaded = default(**endpoint, **{name: value})
    [warning] = loaded.warnings
    assert warning.startswith(f"{name}: its value ")
    assert value not in warning
    assert loaded.profile == default(**endpoint).profile


def test_a_bad_endpoint_is_a_warning_and_the_default_endpoint_holds():
    loaded = default(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="ftp://u:hunter2@c")
    assert exporters(loaded.profile) == [("traces", "otlp_http", "http://localhost:4318/v1/traces")]
    [warning] = loaded.warnings
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: its value is not a URL" in warning
    assert "hunter2" not in warning


def test_a_timeout_that_looks_like_seconds_gets_a_warning():
    text = "its value is milliseconds, as the specification says; so little is likely meant as seconds"
    assert default(OTEL_EXPORTER_OTLP_TIMEOUT="10").warnings == (f"OTEL_EXPORTER_OTLP_TIMEOUT: {text}",)


PLAIN = """file_format: "1.1"
tracer_provider:
  processors: [{batch: {exporter: {otlp_http: ENDPOINT}}}]
distribution:
  otelrun: {environment_variables: WORD}
"""
VARIABLES = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://other:4318",
    "OTEL_EXPORTER_OTLP_HEADERS": "a=b",
    "OTEL_TRACES_SAMPLER": "always_off",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_RESOURCE_ATTRIBUTES": "a=b",
    "OTEL_SERVICE_NAME": "x",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask",
}


def test_a_profile_that_does_not_honour_variables_ignores_them(load):
    text = PLAIN.replace("WORD", "ignore").replace("ENDPOINT", "")
    assert load(text, VARIABLES) == load(text)


def test_an_endpoint_that_the_file_names_stays_and_gets_no_headers(load):
    text = PLAIN.replace("WORD", "honour").replace("ENDPOINT", "{endpoint: http://mine:4318/v1/traces}")
    profile = load(text, VARIABLES).profile
    exporter = profile.tracer_provider.processors[0].exporter
    assert (exporter.endpoint, exporter.headers) == ("http://mine:4318/v1/traces", ())
    assert profile.meter_provider.readers[0].exporter.endpoint == "http://other:4318/v1/metrics"
    assert (profile.logger_provider.processors, profile.tracer_provider.sampler) == ((), Sampler("always_off"))


def test_an_endpoint_that_the_file_leaves_out_is_the_variables(load):
    text = PLAIN.replace("WORD", "honour").replace("ENDPOINT", "")
    exporter = load(text, VARIABLES).profile.tracer_provider.processors[0].exporter
    assert (exporter.endpoint, exporter.headers) == ("http://other:4318/v1/traces", (("a", "b"),))
    assert load(text).profile.tracer_provider.processors[0].exporter.endpoint == "http://localhost:4318/v1/traces"


def test_a_variable_of_ones_own_is_not_forgiven(problems_of):
    text = PLAIN.replace("WORD", "honour").replace("ENDPOINT", "{timeout: '${MINE}'}")
    [problem] = problems_of(text, {"MINE": "x"})
    assert "'${MINE}' is not an integer (milliseconds); write e.g. 10000" in problem


def test_a_sampler_variable_makes_a_provider_where_there_is_none(load):
    text = 'file_format: "1.1"\ndistribution: {otelrun: {environment_variables: honour}}\n'
    profile = load(text, {"OTEL_TRACES_SAMPLER": "always_off"}).profile
    assert (profile.tracer_provider.sampler, profile.tracer_provider.processors) == (Sampler("always_off"), ())
    assert profile.meter_provider is None


def test_a_mistake_in_the_file_stays_a_mistake(problems_of):
    text = PLAIN.replace("WORD", "honour").replace("[{batch: {exporter: {otlp_http: ENDPOINT}}}]", "{batch: }")
    assert problems_of(text, VARIABLES)[0].startswith(
        "profile.yaml:3:15 tracer_provider.processors: a mapping is not a list"
    )


CAPTURE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"


def test_headers_to_capture_and_urls_to_leave_out_come_from_the_known_variables():
    environment = {
        f"{CAPTURE}SERVER_REQUEST": "Content-Type, X-.*,",
        f"{CAPTURE}SERVER_RESPONSE": "date",
        f"{CAPTURE}CLIENT_REQUEST": "accept",
        f"{CAPTURE}SANITIZE_FIELDS": ".*customer.*",
        "OTEL_PYTHON_EXCLUDED_URLS": "healthz,internal",
        "OTEL_PYTHON_HTTP_CLIENT_EXCLUDED_URLS": "metadata",
    }
    loaded = default(**environment)
    assert loaded.warnings == ()
    assert loaded.profile.options("http_server") == {
        "request_captured_headers": ["Content-Type", "X-.*"],
        "response_captured_headers": ["date"],
        "redacted_headers": [".*customer.*"],
        "excluded_urls": "healthz,internal",
    }
    assert loaded.profile.options("http_client") == {
        "request_captured_headers": ["accept"],
        "redacted_headers": [".*customer.*"],
        "excluded_urls": "metadata",
    }
    assert default().profile.options("http_server") == {}


def test_a_bad_pattern_of_a_variable_is_told_and_the_rest_holds():
    loaded = default(OTEL_PYTHON_EXCLUDED_URLS="(", **{f"{CAPTURE}SERVER_REQUEST": "*,date"})
    assert loaded.profile.options("http_server")["request_captured_headers"] == ["date"]
    assert all("OTEL_" in warning and "regular expression" in warning for warning in loaded.warnings)
    assert len(loaded.warnings) == 2
