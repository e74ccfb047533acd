"""Each kind of server of the standard library answers byte for byte as bare, and each request is one span."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.interpreters import OBSERVED, find_interpreter
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import run_otelrun, run_python, start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

KINDS = str(Path(__file__).parents[2] / "apps" / "http" / "kinds.py")
PROFILE = """file_format: "1.1"
distribution: {otelrun: {extends: default}}
instrumentation/development:
  python:
    http_server: {exclude: [/healthz], routes: ["/call/{id}"], body_sizes: true, active_requests: true}
"""


def without_ports(text):
    return re.sub(rb"127\.0\.0\.1 - - \[[^]]*\]", b"", text)


def observe(tmp_path, *args, env=None, python=sys.executable):
    """Run a program bare and under otelrun; give the server spans and log records that arrived, and all spans."""
    bare = run_python([*args], cwd=tmp_path, python=python)
    with OtlpSink() as sink:
        observed = run_otelrun(
            ["--to", sink.http_endpoint, python, *args], otelrun_dir=tmp_path / "runs", env=env, cwd=tmp_path
        )
        spans, logs, metrics = sink.spans(), sink.logs(), sink.metrics()
    assert (observed.returncode, observed.stdout) == (bare.returncode, bare.stdout)
    assert without_ports(observed.stderr) == without_ports(bare.stderr)
    assert bare.stdout
    return spans, logs, metrics


def told(spans):
    return sorted(
        (span.attributes.get("url.path", ""), span.attributes.get("http.response.status_code", 0))
        for span in spans
        if span.kind == "SERVER"
    )


def test_odd_requests_are_answered_as_bare_and_are_a_span_each(tmp_path):
    spans, logs, _ = observe(tmp_path, KINDS, "plain")
    assert told(spans) == sorted(
        [
            *((f"/pipelined/{number}", 200) for number in (1, 2, 3)),
            ("/old", 200),
            ("/old", 200),
            ("/continued", 200),
            ("/twice", 200),
            ("/never", 0),
            ("/upgrade", 101),
            ("/malformed", 200),
            ("/pot", 501),
            ("", 400),
            ("", 505),
        ]
    )
    ids = {span.attributes.get("url.path"): span.span_id for span in spans}
    assert [(log.body, log.span_id) for log in logs if log.body == "at /twice"] == [("at /twice", ids["/twice"])]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("wsgi", [("/a", 200)]),
        ("xmlrpc", [("/RPC2", 200), ("/no", 404)]),
    ],
)
def test_servers_built_on_it_are_traced(tmp_path, kind, expected):
    spans, _, _ = observe(tmp_path, KINDS, kind)
    assert told(spans) == expected


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="CGIHTTPRequestHandler is gone")
def test_cgi_scripts_are_traced(tmp_path):
    spans, _, _ = observe(tmp_path, KINDS, "cgi")
    assert told(spans) == [("/cgi-bin/hello.py", 200), ("/cgi-bin/none.py", 404)]


def test_tls_is_traced_with_its_scheme(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
    files = ("cert.pem", "key.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-out",
        files[0],
        "-keyout",
        files[1],
        *subject,
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    spans, _, _ = observe(tmp_path, KINDS, "tls", *files)
    assert told(spans) == [("/secret", 200)]
    assert spans[0].attributes["url.scheme"] == "https"


@pytest.mark.parametrize("pipeline", ["auto", "in_process"])
def test_an_excluded_request_leaves_no_trace_of_any_signal(tmp_path, pipeline):
    profile = tmp_path / "profile.yaml"
    profile.write_text(PROFILE.replace("{extends: default}", f"{{extends: default, pipeline: {pipeline}}}"))
    spans, logs, metrics = observe(
        tmp_path, KINDS, "calling", env={"OTELRUN_PROFILE": str(profile), "OTELRUN_QUIET": "1"}
    )
    server, client = sorted(spans, key=lambda span: span.kind, reverse=True)
    assert (server.name, server.attributes["http.route"], server.attributes["http.response.body.size"]) == (
        "GET /call/{id}",
        "/call/{id}",
        2,
    )
    assert (client.kind, client.parent_span_id) == ("CLIENT", server.span_id)
    assert [log.body for log in logs] == ["at /call/7"]
    counted = {metric.name for metric in metrics if metric.name.startswith("http.server.")}
    assert counted == {
        "http.server.active_requests",
        "http.server.request.duration",
        "http.server.response.body.size",
    }


@pytest.mark.parametrize("version", OBSERVED)
@pytest.mark.parametrize("options", [(), ("--directory", ".")], ids=["plain", "directory"])
def test_the_module_as_the_program_is_traced(tmp_path, version, options):
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    port = free_port()
    arguments = [python, "-m", "http.server", str(port), "--bind", "127.0.0.1", *options]
    with OtlpSink() as sink:
        with start_otelrun(
            ["--to", sink.http_endpoint, *arguments], otelrun_dir=tmp_path / "runs", cwd=tmp_path
        ) as server:
            wait_for(lambda: is_answering(port), 20, what="the server")
            wait_for(sink.spans, 20, what="the span")  # the client has its answer before the request's thread is done
            server.send_signal(signal.SIGINT)
            result = server.finish()
        wait_until_idle(tmp_path / "runs")
        spans = sink.spans()
    assert b"Keyboard interrupt received, exiting." in result.stdout
    assert result.returncode == 0
    assert b"Traceback" not in result.stderr
    assert told(spans) == [("/", 200)]


def is_answering(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False
