"""otelrun leaves a process alone when the user says so, when it is a tool, and when another agent is there."""

from __future__ import annotations

import os

import pytest

from otelrun.startup.stand_down import reason_to_stand_down

PROGRAM = ["python", "app.py"]
UPSTREAM = "/x/opentelemetry/instrumentation/auto_instrumentation"


def slug(environment=(), arguments=PROGRAM, loaded=(), path=()):
    reason = reason_to_stand_down(dict(environment), arguments, loaded, path)
    return None if reason is None else reason.slug


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"OTELRUN_DISABLED": "1"}, "disabled"),
        ({"OTELRUN_DISABLED": "True"}, "disabled"),
        ({"OTELRUN_DISABLED": "0"}, None),
        ({"OTELRUN_DISABLED": ""}, None),
        ({"OTEL_SDK_DISABLED": "TRUE"}, "disabled"),
        ({"OTEL_SDK_DISABLED": "1"}, None),  # the specification knows true, and nothing else
    ],
)
def test_the_user_has_switched_it_off(environment, expected):
    assert slug(environment) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("/venv/bin/pip install x", "tool-pip"),
        ("/venv/bin/pip3.12 install x", "tool-pip"),
        ("/venv/bin/virtualenv-3.12 x", "tool-virtualenv"),
        ("-Im pip list", "tool-pip"),
        ("-m pip.__main__", "tool-pip"),
        ("-m ensurepip", "tool-ensurepip"),
        ("-m venv x", "tool-venv"),
        ("-m build", "tool-build"),
        ("/lib/pip/__main__.py", "tool-pip"),
        ("/lib/pip/__pip-runner__.py install", "tool-__pip-runner__.py"),
        ("/lib/pyproject_hooks/_in_process/_in_process.py build_wheel", "tool-_in_process.py"),
        ("/venv/bin/otelrun python app.py", "tool-otelrun"),
        ("-m otelrun python app.py", "tool-otelrun"),
        ("virtualenv.pyz", "tool-virtualenv"),
        ("/venv/bin/poetry run python app.py", "tool-poetry"),
        ("/lib/debugpy/adapter --port 1", "tool-debugpy-adapter"),
        ("/lib/debugpy/launcher/__main__.py app.py", "tool-debugpy-launcher"),
        ("-m debugpy --listen 1 app.py", None),
        ("/lib/debugpy --listen 1 app.py", None),
        ("launcher", None),
        ("pip.py", None),
        ("build.py", None),
        ("app.py pip", None),
        ("-c import_pip pip", None),
        ("-m pytest", None),
        ("/venv/bin/pytest", None),
        ("-m gunicorn app", None),
        ("", None),
    ],
)
def test_tools_are_not_the_users_program(words, expected):
    assert slug(arguments=["python", *words.split()]) == expected


@pytest.mark.parametrize("path", ["build.py", "build/__main__.py"])
def test_a_module_of_the_users_own_is_his_program_whatever_it_is_called(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / path).write_text("")

    assert slug(arguments=["python", "-m", "build"]) is None
    assert slug(arguments=["python", "-m", "pip"]) == "tool-pip"


@pytest.mark.parametrize(
    ("environment", "arguments", "loaded", "agent"),
    [
        ({}, PROGRAM, ("ddtrace",), "ddtrace-run"),
        ({}, PROGRAM, ("instana",), "instana"),
        ({}, ["python", "/venv/bin/ddtrace-run", "python", "app.py"], (), "ddtrace-run"),
        ({}, ["python", "/venv/bin/opentelemetry-instrument", "app.py"], (), "opentelemetry-instrument"),
        ({"PYTHONPATH": os.pathsep.join(("/a", "/x/newrelic/bootstrap/"))}, PROGRAM, (), "newrelic-admin"),
        ({"PYTHONPATH": UPSTREAM}, PROGRAM, (), "opentelemetry-instrument"),
        ({"PYTHONPATH": UPSTREAM, "OTEL_PYTHON_DISTRO": "aws_distro"}, PROGRAM, (), "opentelemetry-instrument"),
        ({"PYTHONPATH": "/datadog-lib/"}, PROGRAM, (), "ddtrace"),
        ({"AUTOWRAPT_BOOTSTRAP": "instana"}, PROGRAM, (), "instana"),
        ({"PYTHONPATH": "/x/myddtrace/bootstrap"}, PROGRAM, (), ""),
        ({"AUTOWRAPT_BOOTSTRAP": "mine"}, PROGRAM, (), ""),
    ],
)
def test_another_agent_is_there(environment, arguments, loaded, agent):
    reason = reason_to_stand_down(environment, arguments, loaded)

    if not agent:
        assert reason is None
        return
    assert reason is not None
    assert (reason.slug, reason.is_told) == (f"agent-{agent}", True)
    assert reason.text == f"not observed by otelrun: {agent} observes this process already"


def test_upstreams_launcher_with_otelruns_distro_is_no_other_agent(tmp_path):
    (tmp_path / "otelrun-1.0.dist-info").mkdir()
    launcher = ["python", "/venv/bin/opentelemetry-instrument", "python", "app.py"]
    path = ["/nowhere", str(tmp_path)]

    assert slug(arguments=launcher, path=path) == ""
    assert slug({"PYTHONPATH": UPSTREAM, "OTEL_PYTHON_DISTRO": "otelrun"}) == ""
    assert slug({"OTEL_PYTHON_DISTRO": "distro"}, launcher, path=path) == "agent-opentelemetry-instrument"


def test_only_what_the_user_would_miss_is_told():
    for environment, arguments in (({"OTELRUN_DISABLED": "1"}, PROGRAM), ({}, ["python", "-m", "pip"])):
        reason = reason_to_stand_down(environment, arguments, ())
        assert reason is not None
        assert not reason.is_told
