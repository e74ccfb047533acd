"""What the launcher says on a terminal: how much at the end, and one line at the start that fits."""

from __future__ import annotations

import pytest

from otelrun.launch.announcement import choose_summary, start_line
from otelrun.profile.model import Exporter, Otelrun, Processor, Profile, Resource, Store, TracerProvider


@pytest.mark.parametrize(
    ("environment", "is_terminal", "mode"),
    [
        ({}, True, "full"),
        ({}, False, "off"),
        ({"OTELRUN_SUMMARY": ""}, True, "full"),
        ({"OTELRUN_SUMMARY": "off"}, True, "off"),
        ({"OTELRUN_SUMMARY": "Line"}, True, "line"),
        ({"OTELRUN_SUMMARY": "full"}, False, "full"),
        ({"OTELRUN_SUMMARY": "full", "CI": "true", "OTELRUN_QUIET": "1"}, False, "full"),
        ({"CI": "true"}, True, "off"),
        ({"CI": "false"}, True, "full"),
        ({"OTELRUN_QUIET": "1"}, True, "off"),
    ],
)
def test_how_much_is_said_at_the_end(environment, is_terminal, mode):
    assert choose_summary(environment, is_terminal=is_terminal) == (mode, "")


@pytest.mark.parametrize(("is_terminal", "mode"), [(True, "full"), (False, "off")])
def test_a_word_that_is_not_known_changes_nothing_and_is_told(is_terminal, mode):
    told = f"OTELRUN_SUMMARY=loud: there are off, line, full; it is {mode} now"
    assert choose_summary({"OTELRUN_SUMMARY": "loud"}, is_terminal=is_terminal) == (mode, told)


def profile(*endpoints, service="shop", is_stored=True):
    exporters = tuple(Processor("batch", Exporter(kind, endpoint=url)) for kind, url in endpoints)
    return Profile(
        resource=Resource(attributes=(("service.name", service),)),
        tracer_provider=TracerProvider(processors=exporters),
        otelrun=Otelrun(store=Store(enabled=is_stored)),
    )


COLLECTOR = ("otlp_http", "http://collector:4318/v1/traces")


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (profile(), "recording shop on this machine; look while it runs: otelrun ui"),
        (profile(COLLECTOR), "recording shop, sent to collector:4318; look: otelrun ui"),
        (profile(COLLECTOR, is_stored=False), "recording shop, sent to collector:4318"),
        (
            profile(
                COLLECTOR, ("otlp_http", "http://collector:4318/v1/logs"), ("otlp_grpc", "https://user:secret@b:4317")
            ),
            "recording shop, sent to collector:4318 and 1 more; look: otelrun ui",
        ),
        (profile(("console", "")), "recording shop, sent to console; look: otelrun ui"),
        (profile(is_stored=False), "recording shop for nobody: the profile has no destination"),
        (profile(service=""), "recording the program on this machine; look while it runs: otelrun ui"),
        (profile(service="s" * 99), "recording ssssssssss... on this machine; look while it runs: otelrun ui"),
    ],
)
def test_the_line_at_the_start(wanted, line):
    assert start_line(wanted) == line


@pytest.mark.parametrize("service", ["shop", "s" * 200])
@pytest.mark.parametrize("host", ["c", "c" * 200])
@pytest.mark.parametrize("is_stored", [True, False])
def test_it_fits_whatever_the_names(service, host, is_stored):
    line = start_line(profile(("otlp_http", f"http://{host}:4318/"), service=service, is_stored=is_stored))
    assert len(f"otelrun: {line}") <= 80
    assert line.isascii()
