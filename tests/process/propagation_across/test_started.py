"""What a process makes of the trace context that its environment has when it starts, and what it hands on of it."""

from __future__ import annotations

import os
import sys

import pytest

from tests.process.families.arrivals import to_sink
from tests.process.propagation_across.test_starting import APPS
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

TRACE, SPAN = "a" * 32, "b" * 16
OTHER = "c" * 32, "d" * 16
CI = {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01", "TRACESTATE": "ci=1", "BAGGAGE": "step=test"}
PROFILE = """
file_format: "1.1"
distribution: {{otelrun: {{extends: default, {settings}}}}}
"""


def run(tmp_path, way, names, *, env=CI, settings="", is_same=True):
    """Run a way of ``started.py`` bare and observed; give the observed output, the spans by name, and the logs."""
    profile = tmp_path / "profile.yaml"
    profile.write_text(PROFILE.format(settings=settings))
    args = [sys.executable, os.path.join(APPS, "started.py"), way]
    with OtlpSink() as sink:
        observed = run_otelrun(
            args, otelrun_dir=tmp_path / "runs", env=to_sink(sink, {"OTELRUN_PROFILE": str(profile), **env})
        )
        assert (observed.returncode, observed.stderr) == (0, b"")
        wait_for(lambda: {span.name for span in sink.spans()} >= set(names), 20)
        spans, logs = {span.name: span for span in sink.spans()}, sink.logs()
        assert len(spans) == len(sink.spans()) == len(names)
    if is_same:
        bare = run_python(args[1:], env=env)
        assert (bare.returncode, bare.stdout, bare.stderr) == (0, observed.stdout, observed.stderr)
    return observed.stdout.decode(), spans, logs


def belongs(span):
    return span.trace_id == TRACE and span.parent_span_id == SPAN


def is_linked(span):
    return [(link.trace_id, link.span_id) for link in span.links] == [(TRACE, SPAN)]


def test_a_script_is_part_of_the_trace_it_was_started_in(tmp_path):
    output, spans, logs = run(tmp_path, "script", ["first", "thread", "second"], is_same=False)
    assert all(belongs(spans[name]) for name in ("first", "thread"))
    assert {span.trace_state for span in spans.values()} == {"ci=1", ""}
    assert [(log.trace_id, log.span_id) for log in logs] == [(TRACE, SPAN)]
    assert "False {'step': 'test'}" in output  # the program finds no span, as in a bare run, but the baggage
    assert spans["second"].parent_span_id == ""


def test_a_script_outside_of_a_trace_begins_its_own(tmp_path):
    _, spans, logs = run(tmp_path, "script", ["first", "thread", "second"], env={})
    assert {(span.parent_span_id, span.links) for span in spans.values()} == {("", ())}
    assert len({span.trace_id for span in spans.values()}) == 3
    assert [(log.trace_id, log.span_id) for log in logs] == [("", "")]


@pytest.mark.parametrize(
    "env",
    [{"TRACEPARENT": "00-nonsense"}, {"TRACEPARENT": ""}, {"TRACEPARENT": "00-" + "0" * 32 + "-" + "b" * 16 + "-01"}],
)
def test_nonsense_is_no_context(tmp_path, env):
    _, spans, _ = run(tmp_path, "script", ["first", "thread", "second"], env=env)
    assert {(span.parent_span_id, span.links) for span in spans.values()} == {("", ())}


def test_what_a_script_starts_is_part_of_the_trace_too(tmp_path):
    output, spans, _ = run(tmp_path, "children", ["inherits", "dropped"])
    assert belongs(spans["inherits"])
    assert belongs(spans["dropped"])
    assert f"shell:{CI['TRACEPARENT']}:ci=1:step=test\n" in output


def test_a_server_has_traces_of_its_own_with_links_once_it_serves(tmp_path):
    args = [sys.executable, os.path.join(APPS, "started.py"), "server"]
    with OtlpSink() as sink:
        observed = run_otelrun(args, otelrun_dir=tmp_path, env=to_sink(sink, CI))
        assert (observed.returncode, observed.stderr) == (0, b"")
        wait_for(lambda: len(sink.spans()) >= 8, 20)
        spans = {span.attributes.get("url.path", "") + span.name: span for span in sink.spans()}
    assert observed.stdout == run_python(args[1:], env=CI).stdout
    assert belongs(spans["before"])
    own, remote = spans["/ownGET"], spans["/remoteGET"]
    assert own.parent_span_id == ""
    assert own.trace_id != TRACE
    assert is_linked(own)
    assert (remote.trace_id, remote.parent_span_id, remote.links) == (*OTHER, ())
    assert (spans["/own"].trace_id, spans["/own"].parent_span_id) == (own.trace_id, own.span_id)
    for later in (spans["after"], spans["inherits"]):
        assert later.parent_span_id == ""
        assert is_linked(later)
    assert spans["dropped"].parent_span_id == ""
    assert spans["dropped"].trace_id != TRACE


@pytest.mark.parametrize(
    ("rule", "is_parent", "has_link"), [("parent", True, False), ("link", False, True), ("ignore", False, False)]
)
def test_the_profile_says_what_a_start_is(tmp_path, rule, is_parent, has_link):
    _, spans, _ = run(tmp_path, "children", ["inherits", "dropped"], settings=f"start_context: {rule}")
    assert belongs(spans["inherits"]) == is_parent
    assert is_linked(spans["inherits"]) == has_link


def test_what_the_program_hands_over_itself_stays(tmp_path):
    output, spans, _ = run(tmp_path, "own_wishes", ["current", "in_environment", "inherits", "kept"])
    for name in ("in_environment", "inherits", "kept"):
        assert (spans[name].trace_id, spans[name].parent_span_id) == OTHER
    assert f"shell:00-{OTHER[0]}-{OTHER[1]}-01:ci=1:step=test\n" in output


@pytest.mark.parametrize("env", [{}, CI])
def test_programs_that_are_not_observed_find_the_context_and_the_process_itself_does_not(tmp_path, env):
    output, spans, _ = run(tmp_path, "show_all", ["current"], env=env, is_same=False)
    ids, *lines = output.splitlines()
    assert ids == f"{spans['current'].trace_id}-{spans['current'].span_id}"
    flags, rest = (
        ("01", ":ci=1:step=test") if env else ("03", "::")
    )  # a trace that begins here has a random id, and says so
    assert lines[:4] == [f"shell:00-{ids}-{flags}{rest}"] * 4
    assert lines[4].startswith(f"bare {{'TRACEPARENT': '00-{ids}-{flags}'")
    assert lines[5] == (f"shell:{CI['TRACEPARENT']}{rest}" if env else "shell:::")
    assert lines[6] == str({name: env[name] for name in CI if name in env})


@pytest.mark.parametrize(
    ("settings", "env"), [("children: none", {}), ("children: inherit", {}), ("", {"OTEL_PROPAGATORS": "none"})]
)
def test_nothing_is_handed_over_where_the_profile_wants_none(tmp_path, settings, env):
    output, _, _ = run(tmp_path, "show_all", ["current"], env=env, settings=settings, is_same=False)
    assert output.splitlines()[1:5] == ["shell:::"] * 4
