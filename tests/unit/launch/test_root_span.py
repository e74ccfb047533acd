"""The span around a command: where it belongs, and what it says."""

from __future__ import annotations

import opentelemetry.semconv._incubating.attributes.process_attributes as process
import opentelemetry.semconv.attributes.error_attributes as error
import pytest

from otelrun.inheritance import read_context
from otelrun.launch import root_span
from otelrun.launch.target import Target
from otelrun.profile import model

TRACE, SPAN = "a" * 32, "b" * 16


def make(environment, *, rule="auto", sampler=None):
    provider = model.TracerProvider() if sampler is None else model.TracerProvider(sampler=sampler)
    profile = model.Profile(tracer_provider=provider, otelrun=model.Otelrun(start_context=rule))
    target = Target("/usr/bin/env", ["env", "x"], False, ("env", "name of the command"), None)
    return root_span.make(target, ["./env", "x"], profile, environment, 42)


def test_the_names_are_the_conventions():
    ours = {name: value for name, value in vars(root_span).items() if name.startswith(("PROCESS_", "ERROR_"))}
    assert ours == {name: getattr(process, name, None) or getattr(error, name) for name in ours}
    assert len(ours) == 6


def test_without_a_trace_around_it_begins_one():
    span = make({})
    assert (span.name, span.parent_span_id, span.links, span.is_sampled) == ("env", 0, (), True)
    assert span.attributes == {
        "process.executable.name": "env",
        "process.executable.path": "/usr/bin/env",
        "process.command_args": ("./env", "x"),
        "process.pid": 42,
    }
    built = span.add_to({"HOME": "/root"})
    assert built.pop("HOME") == "/root"
    assert built["TRACEPARENT"] == f"00-{span.trace_id:032x}-{span.span_id:016x}-03"
    assert read_context(built) == ({"TRACEPARENT": None}, False)


def test_it_is_part_of_the_trace_around_it():
    environment = {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01", "TRACESTATE": "ci=1"}
    span = make(environment)
    assert (f"{span.trace_id:x}", f"{span.parent_span_id:x}", span.trace_state) == (TRACE, SPAN, "ci=1")
    built = span.add_to(environment)
    assert built["TRACESTATE"] == "ci=1"
    assert read_context(built) == ({"TRACEPARENT": environment["TRACEPARENT"]}, False)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
    ],
)
def test_what_is_no_trace_context_is_none(header):
    span = make({"TRACEPARENT": header, "TRACESTATE": "ci=1"})
    assert (span.parent_span_id, span.trace_state) == (0, "")


def test_later_versions_may_say_more():
    assert make({"TRACEPARENT": f"01-{TRACE}-{SPAN}-01-more"}).parent_span_id == int(SPAN, 16)


def test_the_profile_says_what_the_trace_around_it_is():
    environment = {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01"}
    assert make(environment, rule="ignore").parent_span_id == 0
    linked = make(environment, rule="link")
    assert linked.parent_span_id == 0
    assert [(f"{link.trace_id:x}", f"{link.span_id:x}") for link in linked.links] == [(TRACE, SPAN)]


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("02", False), ("ff", True)])
def test_it_is_sampled_as_its_parent(flags, is_sampled):
    assert make({"TRACEPARENT": f"00-{TRACE}-{SPAN}-{flags}"}).is_sampled == is_sampled


def test_the_sampler_decides_of_a_root():
    assert not make({}, sampler=model.Sampler("always_off")).is_sampled


@pytest.mark.parametrize(
    ("status", "attributes", "description"),
    [
        (0, {"process.exit.code": 0}, ""),
        (3, {"process.exit.code": 3, "error.type": "3"}, "exit status 3"),
        (-9, {"error.type": "SIGKILL"}, "killed by SIGKILL"),
        (-40, {"error.type": "signal 40"}, "killed by signal 40"),
    ],
)
def test_its_end_is_that_of_the_command(status, attributes, description):
    assert root_span.describe_end({}, status) == (attributes, description)
