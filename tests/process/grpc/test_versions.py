"""Calls of each kind with the oldest and the newest gRPC, in programs of several CPythons: the same spans, nothing else changed.

With ``--full`` each minor of gRPC that installs for each CPython.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.support import grpc_versions
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python

pytestmark = pytest.mark.process

APP = os.fspath(Path(__file__).parents[2] / "apps" / "conventions" / "exchange_grpc.py")
SCOPE = "otelrun.instrumentation."

CALLS = (("Echo", "OK"), ("Echo", "NOT_FOUND"), ("Echo", "UNKNOWN"), ("Repeat", "OK"), ("Unknown", "UNIMPLEMENTED"))
"""What each of the two clients asks of each of the two servers."""


def expected(has_server):
    """Give how many spans there are of each instrumentation, name and status."""
    found = Counter()
    for method, code in CALLS:
        for side in ("client", "aio_client"):
            found["grpc_" + side, f"things.Things/{method}", code] += 2
        for side in ("server", "aio_server")[not has_server :]:
            found["grpc_" + side, "grpc" if method == "Unknown" else f"things.Things/{method}", code] += 2
    return found


def pytest_generate_tests(metafunc):
    if "cell" in metafunc.fixturenames:
        grpc_versions.parametrize(metafunc)


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    make = grpc_versions.maker()
    return functools.cache(lambda version: make(version, tmp_path_factory.mktemp(f"python{version}")))


def test_calls_of_each_kind_have_their_spans_with_every_grpc(cell, interpreter, tmp_path):
    version, minor = cell
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    installed = tmp_path / "installed"
    grpc_versions.install(minor, python, installed)
    env = {"PYTHONPATH": os.fspath(installed)}
    bare = run_python([APP], env=env, python=python)
    with OtlpSink() as sink:
        env["OTEL_EXPORTER_OTLP_ENDPOINT"] = sink.http_endpoint
        seen = run_otelrun([python, APP], env=env, otelrun_dir=tmp_path / "runs")
    assert (bare.returncode, bare.stdout.splitlines()[-1]) == (0, b"all called")
    assert (seen.returncode, seen.stdout) == (0, bare.stdout)
    told = [line for line in seen.stderr.decode().splitlines() if line.startswith("otelrun: ")]
    assert told == [f"otelrun: {grpc_versions.NO_SERVER}"] * (not grpc_versions.has_server(minor))

    spans = sink.spans()
    assert expected(grpc_versions.has_server(minor)) == Counter(
        (span.scope.name.removeprefix(SCOPE), span.name, span.attributes["rpc.response.status_code"]) for span in spans
    )
    clients = {span.span_id: span for span in spans if span.kind == "CLIENT"}
    for span in spans:
        if span.kind == "SERVER":
            assert clients.pop(span.parent_span_id).trace_id == span.trace_id
