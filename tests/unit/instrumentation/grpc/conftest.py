"""A ledger and telemetry for each test; every patch is undone after it."""

from __future__ import annotations

import importlib

import opentelemetry.metrics
import opentelemetry.trace
import pytest
from opentelemetry import metrics, trace

from otelrun.instrumentation.patching import Ledger
from tests.unit.instrumentation.grpc.telemetry import Telemetry


@pytest.fixture(autouse=True)
def _strict(monkeypatch):
    monkeypatch.setenv("OTELRUN_STRICT", "true")


@pytest.fixture
def telemetry(monkeypatch):
    own = Telemetry()
    get_tracer, get_meter = trace.get_tracer, metrics.get_meter
    monkeypatch.setattr(
        opentelemetry.trace, "get_tracer", lambda name, version: get_tracer(name, version, own.tracer_provider)
    )
    monkeypatch.setattr(
        opentelemetry.metrics, "get_meter", lambda name, version: get_meter(name, version, own.meter_provider)
    )
    yield own
    own.tracer_provider.shutdown()
    own.meter_provider.shutdown()


@pytest.fixture
def instrument(telemetry):
    """Apply instrumentations by the names of their modules: ``instrument("client", "server", excluded_methods=[...])``."""
    ledger = Ledger()

    def apply(*modules, **options):
        for module in modules:
            importlib.import_module(f"otelrun.instrumentation.grpc.{module}").apply(ledger, options)
        return ledger

    yield apply
    ledger.undo()
