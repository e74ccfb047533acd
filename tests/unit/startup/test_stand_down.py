"""otelrun leaves a process alone when the user says so, when it is a tool, and when another agent is there."""

from __future__ import annotations

import os

import pytest

from otelrun.startup.stand_down import SILENTLY, reason_to_stand_down

PROGRAM = ["python", "app.py"]


@pytest.mark.parametrize(
    ("environment", "arguments", "loaded", "expected"),
    [
        ({}, PROGRAM, (), None),
        ({"OTELRUN_DISABLED": "1"}, PROGRAM, (), SILENTLY),
        ({"OTELRUN_DISABLED": "0"}, PROGRAM, (), None),
        ({"OTEL_SDK_DISABLED": "true"}, PROGRAM, (), SILENTLY),
        ({"OTEL_SDK_DISABLED": "1"}, PROGRAM, (), None),
        ({}, ["python", "/venv/bin/pip", "install", "x"], (), SILENTLY),
        ({}, ["python", "-Im", "pip", "list"], (), SILENTLY),
        ({}, ["python", "-m", "ensurepip"], (), SILENTLY),
        ({}, ["python", "/lib/pip/__main__.py"], (), SILENTLY),
        ({}, ["python", "/venv/bin/otelrun", "python", "app.py"], (), SILENTLY),
        ({}, ["python", "-m", "otelrun", "python", "app.py"], (), SILENTLY),
        ({}, ["python", "virtualenv.pyz"], (), SILENTLY),
        ({}, ["python", "pip.py"], (), None),
        ({}, ["python", "app.py", "pip"], (), None),
        ({}, ["python"], (), None),
        ({}, PROGRAM, ("ddtrace",), "not observed by otelrun: ddtrace-run observes this process already"),
        (
            {"PYTHONPATH": os.pathsep.join(("/a", "/x/newrelic/bootstrap/"))},
            PROGRAM,
            (),
            "not observed by otelrun: newrelic-admin observes this process already",
        ),
        (
            {"PYTHONPATH": "/x/opentelemetry/instrumentation/auto_instrumentation"},
            PROGRAM,
            (),
            "not observed by otelrun: opentelemetry-instrument observes this process already",
        ),
        (
            {"PYTHONPATH": "/x/opentelemetry/instrumentation/auto_instrumentation", "OTEL_PYTHON_DISTRO": "otelrun"},
            PROGRAM,
            (),
            SILENTLY,
        ),
    ],
)
def test_stands_down(environment, arguments, loaded, expected):
    assert reason_to_stand_down(environment, arguments, loaded) == expected
