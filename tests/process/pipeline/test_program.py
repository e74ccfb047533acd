"""What a program notices of the pipeline: nothing but the telemetry."""

from __future__ import annotations

import json
import time

import pytest

from otelrun.profile import model
from tests.process.pipeline.programs import START, file_profile, processes, run

pytestmark = pytest.mark.process


def test_preparing_loads_nothing_that_the_bare_interpreter_has_not(tmp_path):
    start = START.split("from opentelemetry")[0]
    result = run(
        tmp_path,
        f"""
        import subprocess
        program = {start + 'print(*sorted(m for m in sys.modules if not m.startswith("otelrun")))'!r}
        print(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
        print(subprocess.run([sys.executable, "-c", "import sys, os, marshal, binascii; print(*sorted(sys.modules))"],
              capture_output=True, text=True, check=True).stdout)
        """,
    )
    assert (result.returncode, result.stderr) == (0, "")
    prepared, bare = (set(line.split()) for line in result.stdout.split("\n") if line)
    assert prepared - bare <= {"__future__"}


def test_recording_never_loads_the_sdk(tmp_path):
    result = run(
        tmp_path,
        """
        with tracer.start_as_current_span("x") as span:
            span.record_exception(ValueError())
            _logs.get_logger("app").emit(body="x")
            counter.add(1)
            propagate.inject({})
            span.resource, span.instrumentation_scope, span.events
        unwanted = ("opentelemetry.sdk", "wrapt", "requests", "grpc", "google", "yaml", "click", "random", "asyncio")
        print([name for name in sys.modules if name.startswith(unwanted)])
        """,
        model.Profile(propagators=("tracecontext", "baggage", "b3")),
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "[]\n", "")


def test_everything_recorded_survives_os_exit(tmp_path):
    result = run(
        tmp_path,
        """
        for number in range(1000):
            tracer.start_span("x").end()
            counter.add(1)
        os._exit(3)
        """,
    )
    assert (result.returncode, result.stderr) == (3, "")
    (process,) = processes(tmp_path)
    assert (len(process.spans), process.series, process.torn) == (1000, {"hits": 1000.0}, 0)


def test_a_signal_handler_may_record_at_any_moment(tmp_path):
    result = run(
        tmp_path,
        """
        import signal
        handled = 0

        def handler(*_):
            global handled
            handled += 1
            counter.add(1)
            with tracer.start_as_current_span("signal"):
                pass

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        for number in range(8000):
            counter.add(1)
            with tracer.start_as_current_span("work", attributes={"number": number}):
                pass
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(handled)
        """,
    )
    assert (result.returncode, result.stderr) == (0, "")
    handled = int(result.stdout)
    (process,) = processes(tmp_path)
    names = [span.name for span in process.spans]
    assert handled > 0
    assert (names.count("work"), names.count("signal"), process.torn) == (8000, handled, 0)


def test_in_process_a_program_without_telemetry_never_loads_the_sdk(tmp_path):
    result = run(
        tmp_path,
        'print([name for name in sys.modules if name.startswith("opentelemetry.sdk")])',
        file_profile(tmp_path / "out.jsonl"),
        pipeline="in_process",
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "[]\n", "")


def test_in_process_telemetry_arrives_at_a_normal_exit(tmp_path):
    path = tmp_path / "out.jsonl"
    result = run(tmp_path, 'tracer.start_span("x").end()', file_profile(path), pipeline="in_process")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    (document,) = map(json.loads, path.read_text().splitlines())
    assert [span["name"] for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]] == ["x"]


def test_in_process_exit_waits_no_longer_than_the_budget_for_a_dead_endpoint(tmp_path):
    dead = model.Exporter("otlp_http", "http://127.0.0.1:9/v1/traces")
    profile = model.Profile(
        tracer_provider=model.TracerProvider((model.Processor("batch", dead),)),
        otelrun=model.Otelrun(pipeline="in_process", exit_budget_ms=300),
    )
    begun = time.monotonic()
    program = 'tracer.start_span("x").end()\nimport time\nprint(time.monotonic())'
    result = run(tmp_path, program, profile, pipeline="in_process")
    assert result.returncode == 0
    assert result.stderr.count("\n") == 1
    assert begun < float(result.stdout) < time.monotonic() < float(result.stdout) + 3
