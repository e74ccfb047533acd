"""The shipped profiles: official in every key, and as their comments say."""

from __future__ import annotations

import os

import pytest
import yaml

from otelrun.profile import source
from otelrun.profile.checker import Checker
from otelrun.profile.extends import load_tree
from otelrun.profile.loading import load_profile
from otelrun.profile.model import Profile, Sampler
from otelrun.profile.nodes import Mapping
from otelrun.profile.official import ROOT
from otelrun.profile.problems import Problems
from otelrun.profile.source import shipped_names

ENVIRONMENTS = [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}]


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_profile_is_official_without_what_is_ours(name):
    problems = Problems()
    found = source.find(name)
    root = load_tree(found, {}, problems).root
    official = root._replace(entries={key: entry for key, entry in root.entries.items() if key != "distribution"})
    assert set(official.entries) <= set(ROOT.keys)
    assert Checker(problems).check(official, ROOT, "")
    problems.raise_errors()
    told = [line for line in problems.warnings if "is not set" not in line]
    assert told == []
    ours = root.get("distribution")
    assert ours is None or (isinstance(ours, Mapping) and list(ours.entries) == ["otelrun"])


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_profile_reads_alike_in_yaml_1_1(name):
    with open(os.path.join(source.shipped_directory(), f"{name}.yaml"), encoding="utf-8") as file:
        assert yaml.safe_load(file)["file_format"] == "1.1"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_profile_gets_no_word(name, environment):
    assert load_profile(name, environment).warnings == ()


def test_default_follows_parents_and_records_locally():
    profile = load_profile("default", {}).profile
    assert profile.tracer_provider.sampler == Sampler("parent_based", root=Sampler("always_on"))
    assert (profile.propagators, profile.otelrun.store.enabled) == (("tracecontext", "baggage"), True)
    assert profile.resource.detectors == ("service", "host", "process")


def test_dev_is_default_with_everything_sampled_and_short_delays():
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    profile, base = (load_profile(name, environment).profile for name in ("dev", "default"))
    assert profile.tracer_provider.sampler == Sampler("always_on")
    assert profile.tracer_provider.processors[0].schedule_delay_ms == 200
    assert profile.tracer_provider.processors[0].exporter == base.tracer_provider.processors[0].exporter
    assert (profile.resource, profile.propagators, profile.otelrun) == (base.resource, base.propagators, base.otelrun)


def test_prod_sends_and_keeps_nothing():
    profile = load_profile("prod", {"OTEL_TRACES_SAMPLER_ARG": "0.1"}).profile
    exporter = profile.tracer_provider.processors[0].exporter
    assert (exporter.endpoint, exporter.compression) == ("http://localhost:4318/v1/traces", "gzip")
    assert profile.tracer_provider.sampler == Sampler("parent_based", root=Sampler("trace_id_ratio_based", ratio=0.1))
    assert not profile.otelrun.store.enabled


def test_prod_follows_the_standard_variables():
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_HEADERS": "a=general",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=own",
    }
    exporter = load_profile("prod", environment).profile.tracer_provider.processors[0].exporter
    assert (exporter.kind, exporter.endpoint, exporter.headers) == ("otlp_grpc", "http://c:4317", (("a", "own"),))


def test_off_is_off():
    profile = load_profile("off", {}).profile
    assert profile == Profile(name="off", origin=profile.origin, disabled=True)
