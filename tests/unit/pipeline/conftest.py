"""A real ring in a temporary directory, and what can be read back from it."""

from __future__ import annotations

import os

import pytest

from otelrun import diagnostics
from otelrun.pipeline.limits import Limits
from otelrun.pipeline.logger import LoggerProvider
from otelrun.pipeline.meter import MeterProvider
from otelrun.pipeline.resource import ProcessResource
from otelrun.pipeline.tracer import TracerProvider
from otelrun.profile import model
from otelrun.ring.reader import RingReader
from otelrun.ring.record import LogRecord, SpanRecord
from otelrun.ring.recorder import Recorder, Sizes

ALWAYS = model.Sampler("always_on")


class Ring:
    """A recorder, providers on it, and what they recorded."""

    def __init__(self, directory, tables_size=1 << 16):
        self.directory = str(directory)
        self.resource = ProcessResource(model.Resource(attributes=(("service.name", "shop"),)))
        self.recorder = Recorder(
            self.directory, self.resource.attributes, sizes=Sizes(1 << 16, tables_size, 1 << 12), hold_ns=0
        )
        self._reader = None

    @property
    def reader(self):
        if self._reader is None:
            (name,) = os.listdir(self.directory)
            self._reader = RingReader(os.path.join(self.directory, name))
        return self._reader

    def tracer_provider(self, sampler=ALWAYS, **limits):
        return TracerProvider(self.recorder, sampler, Limits(model.SpanLimits(**limits)), self.resource)

    def tracer(self, sampler=ALWAYS, **limits):
        return self.tracer_provider(sampler, **limits).get_tracer("tests", "1.2", "https://schema", {"a": 1})

    def meter_provider(self, cardinality_limit=2000):
        return MeterProvider(self.recorder, interval_ms=60_000, cardinality_limit=cardinality_limit)

    def meter(self, cardinality_limit=2000):
        return self.meter_provider(cardinality_limit).get_meter("tests")

    def logger(self, **limits):
        provider = LoggerProvider(self.recorder, Limits(model.LogLimits(**limits)), self.resource)
        return provider.get_logger("tests")

    def records(self):
        return [record for _, record in self.reader.read(10_000)]

    def spans(self):
        return [record for record in self.records() if isinstance(record, SpanRecord)]

    def logs(self):
        return [record for record in self.records() if isinstance(record, LogRecord)]

    def series(self):
        return self.reader.series()

    def is_empty(self):
        return os.listdir(self.directory) == []


@pytest.fixture
def ring(tmp_path):
    made = Ring(tmp_path)
    yield made
    if made._reader is not None:
        made._reader.close()


@pytest.fixture
def notices(monkeypatch):
    """What is told during the test, as pairs of slug and text; nothing is printed."""
    told = []
    monkeypatch.setattr(diagnostics, "_told", set())
    monkeypatch.setattr(diagnostics, "_listeners", [lambda slug, text: told.append((slug, text))])
    monkeypatch.setenv("OTELRUN_QUIET", "1")
    return told
