"""A run begins with an agent; without one it is exported from the program, or not recorded, and the reason is told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from otelrun.cli import recording
from otelrun.cli.recording import Recording, begin_recording
from otelrun.cli.wishes import Wishes
from otelrun.errors import RunDirectoryError
from otelrun.launch.target import Target
from otelrun.profile import handoff
from otelrun.profile.model import Exporter, Otelrun, Processor, Profile, Resource, TracerProvider
from otelrun.ring.directory import RunDirectory

TARGET = Target("/bin/python", ["python", "shop.py"], is_python=True, service=("shop", "script"), version=None)
OTLP = Exporter("otlp_http", endpoint="http://c:4318/v1/traces", headers=(("authorization", "secret"),))


@pytest.fixture
def begin(monkeypatch):
    """Begin a run of a given profile, with an agent that only notes what it is told."""
    asked = SimpleNamespace(described=None, started=None, wanted=None, failure=None)

    def load_profile(wanted, environment, **_):
        asked.wanted = wanted
        return SimpleNamespace(profile=asked.profile, warnings=("careful",))

    def create_run(_):
        if asked.failure:
            raise asked.failure
        return RunDirectory("/state/runs/20260101-000000-ab12")

    def start_agent(run, profile, description, root_pid):
        asked.started = (run.path, profile, description, root_pid)

    monkeypatch.setattr(recording, "load_profile", load_profile)
    monkeypatch.setattr(recording, "create_run", create_run)
    monkeypatch.setattr(recording, "_start_agent", start_agent)
    monkeypatch.setattr(recording, "overlay_directories", lambda: ("/site",))

    def run(profile, wishes=Wishes(), environment=None, failure=None):  # noqa: B008 - it is immutable
        asked.profile, asked.failure = profile, failure
        return begin_recording(wishes, ["python", "shop.py"], TARGET, environment or {}, 42), asked

    return run


def test_the_agent_gets_the_secrets_and_the_program_does_not(begin):
    profile = Profile(
        resource=Resource(attributes=(("service.name", "shop"),)),
        service_name_source="script",
        tracer_provider=TracerProvider(processors=(Processor("batch", OTLP),)),
    )

    found, asked = begin(profile)

    path, secret, description, root_pid = asked.started
    given = handoff.read(found.handoff)
    assert (path, secret, root_pid) == ("/state/runs/20260101-000000-ab12", profile, 42)
    assert found.notices == ("careful",)
    assert (given.run_directory, given.pipeline, given.reason, given.overlay) == (path, "agent", "", ("/site",))
    assert given.profile().tracer_provider.processors[0].exporter.headers == ()
    assert description["service_name"] == "shop"
    assert description["command"] == ["python", "shop.py"]
    assert description["destinations"] == ["otlp_http http://c:4318/v1/traces", "local store"]


def test_a_disabled_profile_records_nothing(begin):
    found, asked = begin(Profile(disabled=True))

    assert (found, asked.started) == (Recording("", ("careful",)), None)


def test_without_a_run_directory_the_program_exports_itself(begin):
    profile = Profile(tracer_provider=TracerProvider(processors=(Processor("batch", OTLP),)))

    found, _ = begin(profile, failure=RunDirectoryError("/state: no space left"))

    given = handoff.read(found.handoff)
    assert found.notices == (
        "careful",
        "exporting from inside the program, without the local store: no agent: /state: no space left",
    )
    assert (given.run_directory, given.pipeline, given.reason) == ("", "in_process", "no agent: /state: no space left")
    assert given.profile().tracer_provider.processors[0].exporter.headers == (("authorization", "secret"),)


def test_without_a_run_directory_and_an_exporter_nothing_is_recorded(begin):
    found, _ = begin(Profile(), failure=OSError(28, "No space left on device"))

    assert found.handoff == ""
    told = "not recording: no agent: [Errno 28] No space left on device; the local store needs the agent"
    assert found.notices == ("careful", told)


def test_the_profiles_own_choice_is_followed_and_told(begin):
    profile = Profile(
        tracer_provider=TracerProvider(processors=(Processor("batch", OTLP),)), otelrun=Otelrun(pipeline="in_process")
    )

    found, asked = begin(profile)

    assert asked.started is None
    assert handoff.read(found.handoff).pipeline == "in_process"
    assert (
        found.notices[1]
        == "exporting from inside the program, without the local store: the profile says pipeline: in_process"
    )


@pytest.mark.parametrize(
    ("wishes", "environment", "wanted"),
    [
        (Wishes(), {}, None),
        (Wishes(), {"OTELRUN_PROFILE": "dev"}, "dev"),
        (Wishes(profile="prod"), {"OTELRUN_PROFILE": "dev"}, "prod"),
        (Wishes(), {"OTELRUN_PROFILE": ""}, None),
    ],
)
def test_the_command_line_comes_before_the_environment(begin, wishes, environment, wanted):
    _, asked = begin(Profile(disabled=True), wishes, environment)

    assert asked.wanted == wanted
