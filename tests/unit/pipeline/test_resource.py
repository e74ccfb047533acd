"""The resource: the profile first, then what the process knows of itself."""

from __future__ import annotations

import os
import sys

import opentelemetry.version

import otelrun
from otelrun.pipeline.resource import ProcessResource, build_resource
from otelrun.profile.model import Resource


def test_the_process_describes_itself():
    found = build_resource(Resource())
    assert found["process.pid"] == os.getpid()
    assert found["process.parent_pid"] == os.getppid()
    assert found["process.executable.path"] == sys.executable
    assert found["process.runtime.name"] == "cpython"
    assert found["process.command_args"][0] == sys.orig_argv[0]
    assert found["service.name"] == f"unknown_service:{os.path.basename(sys.executable)}"
    assert found["host.name"] == os.uname().nodename
    assert found["os.type"] in ("linux", "darwin")
    assert {key: found[key] for key in found if key.startswith("telemetry.")} == {
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": opentelemetry.version.__version__,
        "telemetry.distro.name": "otelrun",
        "telemetry.distro.version": otelrun.__version__,
    }
    assert "container.id" not in found
    assert "os.version" not in found


def test_the_profile_wins_and_of_it_the_first():
    wanted = (
        ("service.name", "shop"),
        ("service.name", "second"),
        ("host.name", "mine"),
        ("list", ["a", 1]),
        ("deployment.environment.name", "prod"),
    )
    found = build_resource(Resource(attributes=wanted))
    assert list(found)[:4] == ["service.name", "host.name", "list", "deployment.environment.name"]
    assert (found["service.name"], found["host.name"], found["list"]) == ("shop", "mine", ("a", 1))


def test_detectors_add_groups():
    assert build_resource(Resource(detectors=("os", "container", "unheard_of")))["os.version"] == os.uname().release


def test_long_command_lines_are_cut(monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", ["x" * 1000] * 1000)
    arguments = build_resource(Resource())["process.command_args"]
    assert (len(arguments), len(arguments[0])) == (64, 256)


def test_it_is_the_same_until_the_process_forks():
    resource = ProcessResource(Resource())
    first = resource.attributes()
    assert resource.attributes() is first
    resource._forget()
    assert resource.attributes()["service.instance.id"] != first["service.instance.id"]
