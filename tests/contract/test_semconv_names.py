"""The names the program side writes are those of opentelemetry-semantic-conventions, which it does not import."""

from __future__ import annotations

import importlib
import pkgutil

import opentelemetry.semconv._incubating.attributes as incubating
import opentelemetry.semconv.attributes as stable
import opentelemetry.semconv.metrics as stable_metrics
import pytest

FILES = ("failure", "http_conventions", "logging")
NOT_STABLE = {"THREAD_ID", "THREAD_NAME"}


def constants(package):
    found = {}
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        found.update(
            (name, value) for name, value in vars(importlib.import_module(module.name)).items() if name.isupper()
        )
    return found


STABLE = {**constants(stable), **constants(stable_metrics)}
INCUBATING = constants(incubating)
OURS = [
    (file, name, value)
    for file in FILES
    for name, value in vars(importlib.import_module(f"otelrun.instrumentation.{file}")).items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str) and "." in value and name != "SCOPE"
]


@pytest.mark.parametrize(("file", "name", "value"), OURS)
def test_each_name_is_the_conventions(file, name, value):
    assert value == (INCUBATING if name in NOT_STABLE else STABLE)[name]


def test_the_buckets_are_the_conventions():
    from opentelemetry.instrumentation._semconv import HTTP_DURATION_HISTOGRAM_BUCKETS_NEW

    from otelrun.instrumentation.http_conventions import DURATION_BOUNDARIES_S

    assert DURATION_BOUNDARIES_S == HTTP_DURATION_HISTOGRAM_BUCKETS_NEW


def test_enough_names_are_compared():
    assert len(OURS) > 25
