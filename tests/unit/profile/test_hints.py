"""What is suggested, and what is not taken for a misspelling."""

from __future__ import annotations

import pytest

from otelrun.profile.hints import fraction, milliseconds, misspelt, near, one_of

EXPORTERS = ("otlp_http", "otlp_grpc", "otlp_file/development", "console")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("otlphttp", "otlp_http"),
        ("otlp_htp", "otlp_http"),
        ("OTLP-HTTP", "otlp_http"),
        ("otlp_file", "otlp_file/development"),
        ("otlp_file_development", "otlp_file/development"),
        ("cosnole", "console"),
        ("my_otlp_http", ""),
        ("jaeger", ""),
        ("b3", ""),
    ],
)
def test_only_a_near_name_is_a_misspelling(name, meant):
    assert misspelt(name, EXPORTERS) == meant


def test_an_everyday_name_is_known():
    assert misspelt("stdout", EXPORTERS, {"stdout": "console"}) == "console"
    assert near("traces", ("tracer_provider",), {"traces": "tracer_provider"}) == "tracer_provider"


@pytest.mark.parametrize(("name", "meant"), [("scheduleDelay", "schedule_delay"), ("exporters", "exporter"), ("x", "")])
def test_a_key_is_suggested_generously(name, meant):
    assert near(name, ("schedule_delay", "exporter")) == meant


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5s", "5000"), ("250ms", "250"), ("1.5 s", "1500"), ("2m", "120000"), ("1h", "3600000"), ("x", ""), ("5", "")],
)
def test_a_duration_becomes_milliseconds(text, expected):
    assert milliseconds(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("50%", "0.5"), ("50", "0.5"), ("high", ""), ("500", ""), ("nan", "")])
def test_a_percentage_becomes_a_fraction(text, expected):
    assert fraction(text) == expected


def test_words_are_joined_as_people_write():
    assert [one_of("a"), one_of("ab"), one_of("abc")] == ["a", "a or b", "a, b or c"]
