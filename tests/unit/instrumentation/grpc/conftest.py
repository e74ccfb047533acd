"""A ledger and telemetry for each test; every patch is undone after it."""

from __future__ import annotations

import importlib

import pytest

from otelrun.instrumentation import sources
from otelrun.instrumentation.patching import Ledger
from tests.unit.instrumentation.grpc.telemetry import Telemetry


@pytest.fixture(autouse=True)
def _strict(monkeypatch):
    monkeypatch.setenv("OTELRUN_STRICT", "true")


@pytest.fixture
def telemetry(monkeypatch):
    own = Telemetry()
    given = {sources.TRACER_PROVIDER: own.tracer_provider, sources.METER_PROVIDER: own.meter_provider}
    monkeypatch.setattr(sources, "_given", given)
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
