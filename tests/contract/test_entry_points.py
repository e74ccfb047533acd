"""What pyproject.toml announces exists, and is of the kind that OpenTelemetry's loaders ask for."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from tests.support.project import pyproject

PROJECT = pyproject()["project"]
INSTRUMENTORS = PROJECT["entry-points"]["opentelemetry_instrumentor"]


def load(entry_point: str) -> Any:
    module, _, name = entry_point.partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, name) if name else loaded


def test_the_console_script_is_callable() -> None:
    assert callable(load(PROJECT["scripts"]["otelrun"]))


def test_the_distro_is_a_distro() -> None:
    from opentelemetry.instrumentation.distro import BaseDistro

    assert issubclass(load(PROJECT["entry-points"]["opentelemetry_distro"]["otelrun"]), BaseDistro)


def test_the_configurator_has_the_method_that_the_loader_calls() -> None:
    configurator = load(PROJECT["entry-points"]["opentelemetry_configurator"]["otelrun"])
    assert callable(configurator().configure)


@pytest.mark.parametrize("name", INSTRUMENTORS)
def test_every_instrumentor_is_an_instrumentor_without_conflicts(name: str) -> None:
    from opentelemetry.instrumentation.dependencies import get_dependency_conflicts
    from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

    instrumentor = load(INSTRUMENTORS[name])
    assert issubclass(instrumentor, BaseInstrumentor)
    assert get_dependency_conflicts(instrumentor().instrumentation_dependencies()) is None


def test_the_other_entry_points_import() -> None:
    for entry_point in PROJECT["entry-points"]["opentelemetry_environment_variables"].values():
        assert load(entry_point)
