"""Under ``opentelemetry-instrument`` otelrun is chosen, ours win by name, and upstream has nothing to warn of."""

from __future__ import annotations

import importlib
import logging
import os
from types import SimpleNamespace

import pytest

from otelrun import configurator, distro


@pytest.fixture
def entry_point():
    """Make entry points whose instrumentors note that they were used."""
    used = []

    def make(name, value):
        instrumentor = SimpleNamespace(instrument=lambda **_: used.append(value))
        return SimpleNamespace(name=name, value=value, load=lambda: lambda: instrumentor)

    make.used = used
    return make


def test_ours_win_by_name(entry_point):
    ours = distro.OtelrunDistro()

    ours.load_instrumentor(entry_point("threading", "otelrun.instrumentation.instrumentors:ThreadingInstrumentor"))
    ours.load_instrumentor(entry_point("threading", "opentelemetry.instrumentation.threading:ThreadingInstrumentor"))
    ours.load_instrumentor(entry_point("flask", "opentelemetry.instrumentation.flask:FlaskInstrumentor"))

    assert entry_point.used == [
        "otelrun.instrumentation.instrumentors:ThreadingInstrumentor",
        "opentelemetry.instrumentation.flask:FlaskInstrumentor",
    ]


def test_nothing_is_loaded_where_the_hooks_do_it(entry_point, monkeypatch):
    monkeypatch.setattr(distro, "is_active", lambda: True)

    distro.OtelrunDistro().load_instrumentor(entry_point("flask", "x:Y"))

    assert entry_point.used == []


@pytest.mark.parametrize("is_active", [True, False])
def test_another_configurator_is_no_news_and_everything_else_is(caplog, monkeypatch, is_active):
    monkeypatch.setattr(distro, "is_active", lambda: is_active)
    logger = logging.getLogger("opentelemetry.instrumentation.auto_instrumentation._load")
    before = list(logger.filters)
    distro.OtelrunDistro().configure()
    try:
        logger.warning("Configuration of %s not loaded because %s is set by %s", "configurator", "otelrun", "X")
        logger.error('flask only instruments "flask<4", but flask 5 is installed, so nothing can be instrumented.')
        logger.warning("Configuration of %s failed", "otelrun")
    finally:
        logger.filters[:] = before

    told = [record.getMessage().partition(" ")[0] for record in caplog.records]
    assert told == (["Configuration"] if is_active else ["flask", "Configuration"])


def test_otelrun_is_chosen_unless_something_is(monkeypatch):
    monkeypatch.setenv("OTEL_PYTHON_CONFIGURATOR", "mine")
    monkeypatch.delenv("OTEL_PYTHON_DISTRO", raising=False)
    selection = importlib.import_module("otelrun.upstream_selection")
    importlib.reload(selection)

    assert (os.environ["OTEL_PYTHON_DISTRO"], os.environ["OTEL_PYTHON_CONFIGURATOR"]) == ("otelrun", "mine")
    assert [name for name in dir(selection) if name.startswith("OTEL_")] == []


def test_the_configurator_joins_a_run_that_is_there(monkeypatch):
    begun = []
    monkeypatch.setattr(configurator, "read", lambda text: f"read {text}")
    monkeypatch.setattr(configurator, "begin", begun.append)
    monkeypatch.setattr(configurator, "prepare_run", pytest.fail)
    monkeypatch.setattr(configurator.sys, "orig_argv", ["python", "app.py"])
    monkeypatch.setenv("OTELRUN_HANDOFF", "text")

    configurator.OtelrunConfigurator().configure(auto_instrumentation_version="1")

    assert begun == ["read text"]


def test_the_configurator_begins_a_run_for_this_process_and_its_children(monkeypatch):
    begun = []
    monkeypatch.setattr(configurator, "read", lambda text: f"read {text}")
    monkeypatch.setattr(configurator, "begin", begun.append)
    monkeypatch.setattr(configurator, "prepare_run", lambda: "new")
    monkeypatch.setattr(configurator.sys, "orig_argv", ["python", "app.py"])
    monkeypatch.delenv("OTELRUN_HANDOFF", raising=False)
    monkeypatch.setenv("PYTHONPATH", "")

    configurator.OtelrunConfigurator().configure()

    assert (begun, os.environ.pop("OTELRUN_HANDOFF")) == (["read new"], "new")


def test_the_configurator_leaves_tools_alone(monkeypatch):
    monkeypatch.setattr(configurator, "prepare_run", pytest.fail)
    monkeypatch.setattr(configurator.sys, "orig_argv", ["python", "-m", "pip"])

    configurator.OtelrunConfigurator().configure()
