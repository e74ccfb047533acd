"""``--root-span``: one span around the whole command, with how it ended; all that it does is below it."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from otelrun.ring.record import INTERRUPTED
from tests.process.families.arrivals import left_behind, to_sink
from tests.process.init.containers import needs_containers, run_contained
from tests.process.propagation_across.test_started import CI, SPAN, TRACE, is_linked
from tests.process.propagation_across.test_starting import APPS
from tests.support.otlp_sink import OtlpSink
from tests.support.pairs import assert_same, run_pair
from tests.support.programs import LAUNCHER, run_otelrun, run_python, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

WORK = os.path.join(APPS, "work.py")


def run(tmp_path, command, count, *, env=None, options=("--root-span",)):
    """Run a command under ``--root-span``; give the result, the root span, and the others."""
    with OtlpSink() as sink:
        before = time.time_ns()
        result = run_otelrun([*options, *command], otelrun_dir=tmp_path, env=to_sink(sink, env))
        after = time.time_ns()
        wait_for(lambda: len(sink.spans()) >= count, 20)
        spans = sink.spans()
    assert len(spans) == count
    assert left_behind(tmp_path) == []
    (root,) = [span for span in spans if span.scope.name == "otelrun.launch.root_span"]
    assert before <= root.start_ns <= root.end_ns <= after
    return result, root, [span for span in spans if span is not root]


def test_what_a_script_does_is_below_the_span_of_its_command(tmp_path):
    result, root, (first, thread, second) = run(
        tmp_path, [sys.executable, os.path.join(APPS, "started.py"), "script"], 4
    )
    assert result.stdout == run_python([os.path.join(APPS, "started.py"), "script"]).stdout
    assert (root.name, root.kind, root.parent_span_id, root.status) == (
        os.path.basename(sys.executable),
        "INTERNAL",
        "",
        "UNSET",
    )
    assert root.attributes == {
        "process.executable.name": os.path.basename(sys.executable),
        "process.executable.path": sys.executable,
        "process.command_args": [sys.executable, os.path.join(APPS, "started.py"), "script"],
        "process.pid": first.resource["process.pid"],
        "process.exit.code": 0,
    }
    assert root.resource["service.name"] == first.resource["service.name"]
    assert root.resource["process.pid"] == first.resource["process.pid"]
    for span in (first, thread):
        assert (span.trace_id, span.parent_span_id) == (root.trace_id, root.span_id)
    assert second.parent_span_id == ""  # which the program has said itself


@pytest.mark.parametrize(
    ("line", "attributes", "description"),
    [
        ("exit 3", {"process.exit.code": 3, "error.type": "3"}, "exit status 3"),
        ("kill -TERM $$", {"error.type": "SIGTERM"}, "killed by SIGTERM"),
        ("kill -KILL $$", {"error.type": "SIGKILL"}, "killed by SIGKILL"),
    ],
)
def test_a_command_that_fails(tmp_path, line, attributes, description):
    result, root, _ = run(tmp_path, ["sh", "-c", line], 1)
    assert result.returncode == {"exit 3": 3, "kill -TERM $$": -signal.SIGTERM, "kill -KILL $$": -signal.SIGKILL}[line]
    assert (root.name, root.status, root.status_description) == ("sh", "ERROR", description)
    about_end = ("process.exit.code", "error.type")
    assert {name: root.attributes[name] for name in about_end if name in root.attributes} == attributes


def test_all_processes_of_a_shell_script_are_below_it(tmp_path):
    line = f"{sys.executable} {WORK} one; {sys.executable} {WORK} two"
    _, root, others = run(tmp_path, ["sh", "-c", line], 3)
    assert sorted(span.name for span in others) == ["one", "two"]
    assert {(span.trace_id, span.parent_span_id) for span in others} == {(root.trace_id, root.span_id)}


@pytest.mark.parametrize("options", [("--root-span",), ("--init", "--root-span"), ()])
def test_it_is_part_of_the_trace_that_otelrun_was_started_in(tmp_path, options):
    env = CI if options else {**CI, "OTELRUN_ROOT_SPAN": "1"}
    result, root, (child,) = run(tmp_path, [sys.executable, WORK, "child"], 2, env=env, options=options)
    assert result.stdout == run_python([WORK, "child"], env=CI).stdout
    assert (root.trace_id, root.parent_span_id, root.trace_state) == (TRACE, SPAN, "ci=1")
    assert (child.trace_id, child.parent_span_id, child.trace_state) == (TRACE, root.span_id, "ci=1")


@pytest.mark.parametrize("rule", ["link", "ignore"])
def test_the_profile_says_what_the_trace_is_to_it(tmp_path, rule):
    profile = tmp_path / "profile.yaml"
    profile.write_text(f'file_format: "1.1"\ndistribution: {{otelrun: {{extends: default, start_context: {rule}}}}}\n')
    env = {**CI, "OTELRUN_PROFILE": str(profile)}
    _, root, (child,) = run(tmp_path / "runs", [sys.executable, WORK, "child"], 2, env=env)
    assert root.parent_span_id == ""
    assert root.trace_id != TRACE
    assert is_linked(root) == (rule == "link")
    assert (child.trace_id, child.parent_span_id) == (root.trace_id, root.span_id)


def test_otelrun_below_otelrun_is_below_its_span(tmp_path):
    launcher = tmp_path / "otelrun"  # by its name it is known to be no program of the user's
    launcher.write_text(f"import runpy\nrunpy.run_path({LAUNCHER!r}, run_name='__main__')\n")
    inner = [sys.executable, str(launcher), "--root-span", sys.executable, WORK, "child"]
    with OtlpSink() as sink:
        result = run_otelrun(["--root-span", *inner], otelrun_dir=tmp_path, env=to_sink(sink))
        wait_until_idle(tmp_path)
        wait_for(lambda: len(sink.spans()) >= 3, 20)
        spans = {span.span_id: span for span in sink.spans()}
    assert (result.returncode, result.stderr) == (0, b"")
    (child,) = [span for span in spans.values() if span.name == "child"]
    below = spans[child.parent_span_id]
    assert below.scope.name == "otelrun.launch.root_span"
    assert spans[below.parent_span_id].parent_span_id == ""
    assert len({span.trace_id for span in spans.values()}) == 1


def test_one_whose_launcher_is_killed_was_interrupted(tmp_path):
    with OtlpSink() as sink:
        with start_otelrun(
            ["--root-span", "sh", "-c", "echo $$; read line"], otelrun_dir=tmp_path, env=to_sink(sink)
        ) as program:
            program.read_line()
            program.send_signal(signal.SIGKILL)
        wait_for(lambda: len(sink.spans()) >= 1, 20)
        (root,) = sink.spans()
    assert root.attributes[INTERRUPTED] is True
    assert "process.exit.code" not in root.attributes


def test_an_unsampled_one_is_not_written_and_nothing_below_it(tmp_path):
    env = {"TRACEPARENT": f"00-{TRACE}-{SPAN}-00"}
    with OtlpSink() as sink:
        result = run_otelrun(
            ["--root-span", sys.executable, WORK, "child"], otelrun_dir=tmp_path, env=to_sink(sink, env)
        )
        assert (result.returncode, result.stderr) == (0, b"")
        assert sink.spans() == []


def test_without_a_way_to_hand_it_over_there_is_none_and_that_is_said(tmp_path):
    with OtlpSink() as sink:
        result = run_otelrun(
            ["--root-span", "sh", "-c", "exit 4"], otelrun_dir=tmp_path, env=to_sink(sink, {"OTEL_PROPAGATORS": "b3"})
        )
        assert sink.spans() == []
    assert result.returncode == 4
    assert result.stderr == b"otelrun: no span around the command: the profile's propagators lack tracecontext\n"


def test_a_program_finds_what_it_finds_bare(tmp_path):
    app = os.path.join(APPS, "..", "init", "surroundings.py")
    assert_same(run_pair([app, "--root-span", "a b"], options=["--root-span"], stdin=b"in\n", cwd=tmp_path))


@needs_containers
def test_as_process_1_it_arrives_before_the_end(tmp_path):
    with OtlpSink() as sink:
        began = time.monotonic()
        result = run_contained(["--root-span", "sh", "-c", "exit 5"], tmp_path, to_sink(sink))
        assert (result.returncode, result.stderr) == (5, b"")
        assert time.monotonic() - began < 3
        wait_for(lambda: len(sink.spans()) >= 1, 20)
        (root,) = sink.spans()
    assert root.attributes["process.exit.code"] == 5
