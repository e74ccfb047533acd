"""Exceptions that nobody catches: the program prints and ends as bare, and each is a log record with the trace."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

APP = os.fspath(Path(__file__).parents[2] / "apps" / "failing" / "threads_and_tasks.py")


def run(tmp_path, command, python=sys.executable):
    bare = run_python(command, python=python)
    with OtlpSink() as sink:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        seen = run_otelrun([python, *command], otelrun_dir=tmp_path, env=env)
    assert (seen.returncode, seen.stdout, seen.stderr) == (bare.returncode, bare.stdout, bare.stderr)
    return sink


@pytest.mark.parametrize("mode", ["default", "own"])
@pytest.mark.parametrize("version", OBSERVED)
def test_each_failure_is_one_record_in_its_trace(tmp_path, version, mode):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    sink = run(tmp_path, [APP, mode], python)
    request = next(span for span in sink.spans() if span.kind == "SERVER")
    found = {log.attributes["exception.message"]: log for log in sink.logs()}
    assert len(found) == len(sink.logs()) == 4
    for what in ("in a thread", "in a task", "in a callback"):
        assert (found[what].trace_id, found[what].span_id) == (request.trace_id, request.span_id)
        assert (found[what].severity_text, found[what].attributes["exception.type"]) == ("ERROR", "__main__.OrderError")
        assert "Traceback (most recent call last)" in found[what].attributes["exception.stacktrace"]
    last = found["at the end"]
    assert (last.body, last.severity_text, last.trace_id) == ("Uncaught exception", "FATAL", "")


RECORDING = "import logging; logging.getLogger('app').warning('here'); "
IN_A_SPAN = """
from opentelemetry import trace
with trace.get_tracer("app").start_as_current_span("job"):
    raise LookupError("in the job")
"""


@pytest.mark.parametrize(
    ("program", "uncaught"),
    [
        (RECORDING + "raise LookupError(1)", ["LookupError"]),
        (RECORDING + "raise SystemExit(3)", []),
        (RECORDING + "import sys; sys.excepthook = lambda *_: print('own'); raise LookupError(1)", ["LookupError"]),
        (RECORDING + "import code; code.InteractiveInterpreter().runsource('1/0')", []),
        ("raise LookupError(1)", []),  # nothing else to record: nothing is loaded for it
    ],
)
def test_what_ends_a_program_is_a_record_where_something_else_was_recorded(tmp_path, program, uncaught):
    sink = run(tmp_path, ["-c", program])
    assert [log.attributes["exception.type"] for log in sink.logs() if log.severity_text == "FATAL"] == uncaught


def test_a_program_that_ends_in_a_span_has_the_record_there(tmp_path):
    sink = run(tmp_path, ["-c", IN_A_SPAN])
    (span,) = sink.spans()
    (log,) = sink.logs()
    assert (log.body, log.trace_id, log.span_id) == ("Uncaught exception", span.trace_id, span.span_id)
