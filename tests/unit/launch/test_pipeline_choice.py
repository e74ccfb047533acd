"""The agent does the work wherever it can; where it cannot, the reason is one line."""

from __future__ import annotations

import pytest

from otelrun.launch.pipeline_choice import choose_pipeline, has_exporters, list_destinations, writes_to_stdout
from otelrun.profile.model import (
    Exporter,
    LoggerProvider,
    MeterProvider,
    MetricReader,
    Otelrun,
    Processor,
    Profile,
    Sampler,
    Store,
    TracerProvider,
)

HTTP = Exporter("otlp_http", endpoint="http://me:secret@collector:4318/v1/traces?key=secret")


def profile_with(*processors, pipeline="auto", sampler=None, **rest):
    tracer = TracerProvider(processors=processors, **({"sampler": sampler} if sampler else {}))
    return Profile(tracer_provider=tracer, otelrun=Otelrun(pipeline=pipeline), **rest)


@pytest.mark.parametrize(
    ("profile", "has_fork", "expected"),
    [
        (Profile(), True, ("agent", "")),
        (profile_with(Processor("batch", HTTP)), True, ("agent", "")),
        (Profile(), False, ("in_process", "this system cannot fork an agent")),
        (profile_with(pipeline="in_process"), True, ("in_process", "the profile says pipeline: in_process")),
        (profile_with(pipeline="agent"), False, ("in_process", "this system cannot fork an agent")),
        (
            profile_with(Processor("redact")),
            True,
            ("in_process", "processor redact is a plugin and must see the live telemetry"),
        ),
        (
            profile_with(Processor("batch", Exporter("kafka"))),
            True,
            ("in_process", "exporter kafka is a plugin and must see the live telemetry"),
        ),
        (
            profile_with(sampler=Sampler("parent_based", root=Sampler("by_route"))),
            True,
            ("in_process", "sampler by_route is a plugin and must see the live telemetry"),
        ),
        (
            Profile(meter_provider=MeterProvider(readers=(MetricReader(Exporter("console"), kind="pull"),))),
            True,
            ("in_process", "metric reader pull is a plugin and must see the live telemetry"),
        ),
        (profile_with(Processor("redact"), pipeline="agent"), True, ("agent", "")),
    ],
)
def test_chooses_where_the_work_is_done(profile, has_fork, expected):
    assert choose_pipeline(profile, has_fork=has_fork) == expected


def test_destinations_are_told_once_and_without_credentials():
    profile = profile_with(
        Processor("batch", HTTP),
        Processor("batch", HTTP),
        Processor("simple", Exporter("otlp_file", output_stream="file:///var/log/spans.jsonl")),
        logger_provider=LoggerProvider(processors=(Processor("simple", Exporter("console")),)),
    )

    assert list_destinations(profile) == [
        "otlp_http http://collector:4318/v1/traces",
        "otlp_file file:///var/log/spans.jsonl",
        "console",
        "local store",
    ]


def test_a_store_that_is_off_is_no_destination():
    assert list_destinations(Profile(otelrun=Otelrun(store=Store(enabled=False)))) == []


def test_an_endpoint_without_a_scheme_is_told_as_it_is():
    profile = profile_with(Processor("batch", Exporter("otlp_grpc", endpoint="collector:4317")))

    assert list_destinations(profile)[0] == "otlp_grpc collector:4317"


def test_exporters_and_standard_output_are_seen():
    reader = MetricReader(Exporter("otlp_file"))

    assert not has_exporters(Profile())
    assert has_exporters(profile_with(Processor("batch", HTTP)))
    assert not writes_to_stdout(profile_with(Processor("batch", HTTP)))
    assert writes_to_stdout(Profile(meter_provider=MeterProvider(readers=(reader,))))
    assert writes_to_stdout(profile_with(Processor("simple", Exporter("console"))))
