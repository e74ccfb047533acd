"""Durations are measured with whichever API there is: newer ones take boundaries as advice, and a context."""

from __future__ import annotations

from types import SimpleNamespace

import opentelemetry.metrics
import pytest

from otelrun.instrumentation.duration import create_duration


class Histogram:
    """One of the present API."""

    def __init__(self):
        self.recorded = []

    def record(self, amount, attributes=None, context=None):
        self.recorded.append((amount, attributes, context))


class OldHistogram(Histogram):
    """One from before 1.28."""

    def record(self, amount, attributes=None):
        self.recorded.append((amount, attributes))


@pytest.fixture
def api(monkeypatch):
    """Make the API's meter one that creates ``histogram`` and takes the given keywords; gives what it was asked for."""

    def install(histogram, *keywords):
        asked = []

        def create_histogram(name, unit="", description="", **advice):
            if not advice.keys() <= set(keywords):
                raise TypeError("unexpected keyword")
            asked.append((name, unit, description, advice))
            return histogram

        meter = SimpleNamespace(create_histogram=create_histogram)
        monkeypatch.setattr(opentelemetry.metrics, "get_meter", lambda *_: meter)
        monkeypatch.setattr(opentelemetry.metrics, "Histogram", type(histogram))
        return asked

    return install


def test_the_present_api_gets_everything(api):
    histogram = Histogram()
    asked = api(histogram, "explicit_bucket_boundaries_advisory")

    create_duration("scope", "call.duration", "Duration.", (1.0, 2.0))(0.5, {"a": 1}, None)

    assert asked == [("call.duration", "s", "Duration.", {"explicit_bucket_boundaries_advisory": (1.0, 2.0)})]
    assert histogram.recorded == [(0.5, {"a": 1}, None)]


def test_an_older_api_gets_what_it_takes(api):
    histogram = OldHistogram()
    asked = api(histogram)

    create_duration("scope", "call.duration", "Duration.", (1.0, 2.0))(0.5, {"a": 1}, None)

    assert asked == [("call.duration", "s", "Duration.", {})]
    assert histogram.recorded == [(0.5, {"a": 1})]
