"""``opentelemetry-instrument python app.py`` with otelrun installed is otelrun: same spans, same silence, nothing lost.

Beside it stand upstream's instrumentations of gRPC, logging, requests and more, real ones of the test environment, and made
ones for threads and tasks: none may add a span or a line of its own.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import signal
import sys

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.programs import Running, environment, run_otelrun, run_python, wait_until_idle
from tests.support.trees import trees
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps")
SHOP = os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "examples", "shop", "app.py")
LAUNCHER = os.path.join(os.path.dirname(sys.executable), "opentelemetry-instrument")
BESIDE = ("asyncio", "grpc_server", "logging", "threading")


@pytest.fixture(autouse=True)
def _is_installed():
    names = {entry_point.name for entry_point in importlib.metadata.entry_points(group="opentelemetry_distro")}
    if "otelrun" not in names or shutil.which(LAUNCHER) is None:
        pytest.skip("needs otelrun's entry points: an installed otelrun")


@pytest.fixture
def beside(tmp_path):
    """Install instrumentors of upstream's that say when they are loaded; gives the PYTHONPATH."""
    site = tmp_path / "site"
    folder = site / "opentelemetry_instrumentation_beside-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: opentelemetry-instrumentation-beside\nVersion: 1.0\n"
    )
    lines = [f"{name} = beside:Instrumentor" for name in BESIDE]
    (folder / "entry_points.txt").write_text("\n".join(["[opentelemetry_instrumentor]", *lines, ""]))
    (site / "beside.py").write_text("import os\nos.write(2, b'loaded: beside\\n')\n")
    return {"PYTHONPATH": str(site)}


def start(args, otelrun_dir, env):
    """Start ``opentelemetry-instrument python *args``."""
    added = {"OTELRUN_DIR": os.fspath(otelrun_dir), **env}
    return Running([LAUNCHER, sys.executable, *args], environment(added), None)


def run(args, otelrun_dir, env):
    """Run it to its end, and wait for its agent to be gone."""
    with start(args, otelrun_dir, env) as program:
        result = program.finish()
    wait_until_idle(otelrun_dir)
    return result


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_the_shop_leaves_what_it_leaves_under_otelrun(tmp_path, beside, protocol):
    found = {}
    for launch in (run, lambda args, _, env: run_otelrun([sys.executable, *args], env=env)):
        with OtlpSink() as sink:
            endpoint = sink.grpc_endpoint if protocol == "grpc" else sink.http_endpoint
            sent = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
            result = launch([SHOP, "--requests", "2"], tmp_path / "runs", {**beside, **sent})
        found[launch] = (
            result.returncode,
            result.stdout.splitlines()[-1],
            trees(sink.spans()),
            {span.scope.name for span in sink.spans()},
            sorted((bool(log.span_id), log.body.partition(" ")[0]) for log in sink.logs()),
            {metric.name for metric in sink.metrics()},
            {resource.signal for resource in sink.resources()},
        )

    upstream, ours = found.values()
    assert upstream == ours
    assert upstream[:2] == (0, b"the shop is closed")
    assert upstream[2]
    assert all(scope.startswith("otelrun.instrumentation.") for scope in upstream[3])


def test_the_program_says_what_it_says_bare_and_keeps_its_status(tmp_path, beside):
    app = os.path.join(APPS, "exchange", "exchange.py")
    bare = run_python([app])

    result = run([app], tmp_path / "runs", beside)

    assert (result.stdout, result.stderr, result.returncode) == (bare.stdout, bare.stderr, 3)


def test_a_service_name_and_an_endpoint_of_the_command_line_are_honoured(tmp_path):
    with OtlpSink() as sink:
        options = ["--service_name", "orders", "--exporter_otlp_endpoint", sink.http_endpoint]
        command = [LAUNCHER, *options, sys.executable, os.path.join(APPS, "exchange", "exchange.py")]
        with Running(command, environment({"OTELRUN_DIR": str(tmp_path)}), None) as program:
            result = program.finish()
        wait_until_idle(tmp_path)

    assert (result.stderr, result.returncode) == (b"", 3)
    assert {span.resource["service.name"] for span in sink.spans()} == {"orders"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_killed_program_dies_of_its_signal_and_loses_nothing(tmp_path, number):
    text = """
import signal
from opentelemetry import trace
tracer = trace.get_tracer("app")
for number in range(1000):
    tracer.start_span("work").end()
print("made", flush=True)
signal.pause()
"""
    with OtlpSink() as sink:
        with start(["-c", text], tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}) as program:
            program.read_line()
            program.send_signal(number)
            result = program.finish()
        wait_for(lambda: len(sink.spans()) >= 1000, 10)
        wait_until_idle(tmp_path)

    assert (result.stdout, result.stderr, result.returncode) == (b"made\n", b"", -number)
    assert [span.name for span in sink.spans()] == ["work"] * 1000


def test_children_join_the_run(tmp_path):
    child = "from opentelemetry import trace; trace.get_tracer('app').start_span('child').end()"
    text = f"""
import subprocess, sys
from opentelemetry import trace
subprocess.run([sys.executable, "-c", {child!r}], check=True)
trace.get_tracer("app").start_span("parent").end()
"""
    with OtlpSink() as sink:
        result = run(["-c", text], tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint})

    assert (result.stderr, result.returncode) == (b"", 0)
    assert sorted(span.name for span in sink.spans()) == ["child", "parent"]
    assert len(os.listdir(tmp_path / "runs")) == 1


def test_a_bad_profile_costs_one_line(tmp_path):
    result = run(["-c", "print(1)"], tmp_path, {"OTELRUN_PROFILE": "no-such"})

    assert (result.stdout, result.returncode, result.stderr.count(b"\n")) == (b"1\n", 0, 1)
    assert result.stderr.startswith(b"otelrun: ")
