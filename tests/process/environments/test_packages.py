"""The packages of the program's environment are its own, older or newer than those beside the launcher: they are used as they are."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.interpreters import find_interpreter, make_environment
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

APPS = os.path.join(os.path.dirname(__file__), "..", "..", "apps")
EXCHANGE = ("client", "GET", [("server", "GET", [])])
DURATIONS = ["http.client.request.duration", "http.server.request.duration"]
OWN_SDKS = ["1.20.0", "1.30.0"]


@pytest.fixture(scope="module", params=[*OWN_SDKS, "newest"])
def own_sdk(request, tmp_path_factory):
    """Give the interpreter of an environment with an OpenTelemetry SDK of its own; an old API looks into metadata itself."""
    requirement = "opentelemetry-sdk" if request.param == "newest" else f"opentelemetry-sdk=={request.param}"
    wanted = "3.12" if request.param == "1.30.0" else "3.10"
    python = find_interpreter(wanted) or sys.executable
    return make_environment(tmp_path_factory.mktemp("own_sdk"), python, requirement)


def test_spans_metrics_and_logs_of_the_programs_own_api_join_ours(own_sdk):
    app = os.path.join(APPS, "own_telemetry", "with_api.py")
    bare = run_python([app], python=own_sdk)

    with OtlpSink() as sink:
        observed = run_otelrun([own_sdk, app], env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint})

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, b"", 3)
    assert trees(sink.spans()) == [("internal", "order", [EXCHANGE])]
    assert [log.body for log in sink.logs()] == ["in the handler", "in a task", "in a pool"]
    assert {metric.name for metric in sink.metrics()} == {"orders", "size", "stock", *DURATIONS}
    resource, *others = [resource.attributes for resource in sink.resources()]
    assert others == [resource] * 2


def test_what_the_programs_own_sdk_exports_stays_as_it_is_bare(own_sdk):
    app = os.path.join(APPS, "own_telemetry", "with_sdk.py")

    bare = run_python([app], python=own_sdk)

    with OtlpSink() as sink:
        observed = run_otelrun([own_sdk, app], env={"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint})

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, b"", 0)
    assert bare.stdout.decode().splitlines()[-2:] == ["spans: ['order']", "metrics: ['orders']"]
    assert trees(sink.spans()) == [("internal", "order", [EXCHANGE])]
    assert {metric.name for metric in sink.metrics()} == set(DURATIONS)


def test_an_old_protobuf_stays_the_programs(tmp_path):
    python = make_environment(tmp_path / "environment", find_interpreter("3.10") or sys.executable, "protobuf==3.20.3")
    app = os.path.join(APPS, "exchange", "exchange.py")
    text = f"import google.protobuf as p; print(p.__version__); import runpy; runpy.run_path({app!r})"

    observed = run_otelrun([python, "-c", text], otelrun_dir=tmp_path / "runs")

    assert (observed.stdout.splitlines()[0], observed.stderr, observed.returncode) == (b"3.20.3", b"", 3)
    assert trees(stored_spans(tmp_path / "runs")) == [EXCHANGE]


def test_an_api_that_is_broken_costs_lines_and_nothing_else(tmp_path):
    package = tmp_path / "opentelemetry" / "context"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def get_current(): raise RuntimeError('broken')\n")
    app = os.path.join(APPS, "exchange", "exchange.py")
    text = f"import opentelemetry.context, runpy; runpy.run_path({app!r})"
    env = {"PYTHONPATH": str(tmp_path)}
    python = find_interpreter("3.12") or sys.executable
    bare = run_python(["-c", text], env=env, python=python)

    observed = run_otelrun([python, "-c", text], env=env)

    assert (observed.stdout, observed.returncode) == (bare.stdout, bare.returncode)
    assert observed.stderr
    assert all(line.startswith(b"otelrun: ") for line in observed.stderr.splitlines())
