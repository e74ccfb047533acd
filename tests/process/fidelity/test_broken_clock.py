"""The clock jumps by hours, for the program and for the agent: the program goes on, all arrives, and nothing took less than no time."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.otlp_sink import OtlpSink
from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_spans
from tests.support.trees import trees

pytestmark = pytest.mark.process

CLOCK = """
import os, time
file = os.environ["CLOCK_FILE"]
real = time.time_ns
def offset():
    with open(file) as text:
        return int(text.read() or 0)
time.time_ns = lambda: real() + offset() * 10**9
time.time = lambda: time.time_ns() / 1e9
"""
PROGRAM = """
import os, sys, threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from opentelemetry import metrics, trace

def jump(seconds):
    with open(os.environ["CLOCK_FILE"] + ".new", "w") as file:
        file.write(str(seconds))
    os.replace(file.name, os.environ["CLOCK_FILE"])

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        jump(int(self.path[1:]))
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass

hours = int(sys.argv[1])
counter = metrics.get_meter("work").create_counter("jumps")
with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever).start()
    for offset in (hours, 0, -hours, hours):
        client = HTTPConnection(*server.server_address)
        client.request("GET", f"/{offset}")
        print(client.getresponse().status)
        client.close()
        counter.add(1)
    server.shutdown()
sys.exit(4)
"""


@pytest.mark.parametrize("hours", [3, -3])
def test_a_clock_that_jumps_back_and_forth(tmp_path, hours):
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    (tmp_path / "clock").write_text("0")
    env = {"PYTHONPATH": str(tmp_path), "CLOCK_FILE": str(tmp_path / "clock")}
    command = ["-c", PROGRAM, str(hours * 3600)]
    # bare, where there is an API
    bare = run_python(command, env=env)
    (tmp_path / "clock").write_text("0")

    with OtlpSink() as sink:
        given = {**env, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        observed = run_otelrun([sys.executable, *command], otelrun_dir=tmp_path / "state", env=given)
        arrived = sink.spans()

    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, b"", 4) == (b"200\n" * 4, b"", 4)
    assert len(arrived) == 8
    assert all(span.end_ns >= span.start_ns for span in arrived)
    stored = stored_spans(tmp_path / "state")
    assert trees(stored) == [("client", "GET", [("server", "GET", [])])] * 4
    assert all(span.end_ns >= span.start_ns for span in stored)
    shown = json.loads(run_otelrun(["show", "--json"], otelrun_dir=tmp_path / "state").stdout)
    assert shown["run"]["totals"]["spans"] == 8
