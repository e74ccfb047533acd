"""Requests to servers, many at a time, each with a trace of its own: what other processes do for one is in its trace.

Each server gets about 50 requests at a time, and 200 with ``--full``.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import os
import sys
import urllib.parse

import grpc
import pytest

from tests.process.families.arrivals import to_sink
from tests.process.propagation_across.test_starting import APPS, WAYS
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import start_otelrun
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

FORKING = ("fork", "preexec", "process_fork", "spawnv", "spawnve", "spawnlp", "execv", "execve", "execvp", "execlpe")
"""These go alone: a fork while other threads are at work is dangerous in any program."""

TOGETHER = [way for way in (*WAYS, "executor", "pool") if way not in FORKING]


def ask_http(port, request, traceparent):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/{urllib.parse.quote(request)}", headers={"traceparent": traceparent})
    assert connection.getresponse().status == 204
    connection.close()


def ask_grpc(port, request, traceparent):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        channel.unary_unary("/ways.Ways/Go")(request.encode(), timeout=60, metadata=[("traceparent", traceparent)])


@pytest.mark.parametrize(
    ("kind", "ask"),
    [("http.server", ask_http), ("Flask", ask_http), ("gRPC", ask_grpc), ("gRPC aio", ask_grpc)],
)
def test_each_request_has_what_other_processes_do_for_it(tmp_path, request, kind, ask):
    times = -(-200 // len(TOGETHER)) if request.config.getoption("--full") else 3
    together = [f"{way} {number}" for number, way in enumerate(TOGETHER * times)]
    alone = [f"{way} {number}" for number, way in enumerate(FORKING, len(together))]
    ids = {number: (f"{number + 1:032x}", f"{number + 1:016x}") for number in range(len(together) + len(alone))}

    def go(request):
        number = int(request.split()[1])
        ask(port, request, "00-{}-{}-01".format(*ids[number]))

    env = {"GRPC_ENABLE_FORK_SUPPORT": "0", "PYTHONWARNINGS": "ignore"}
    args = [sys.executable, os.path.join(APPS, "serving.py"), kind]
    with OtlpSink() as sink:
        with start_otelrun(args, otelrun_dir=tmp_path, env=to_sink(sink, env)) as server:
            port = int(server.read_line(stream="stderr"))
            with concurrent.futures.ThreadPoolExecutor(8) as clients:
                list(clients.map(go, together))
            for one in alone:
                go(one)
            server.finish()
        count = len(ids)
        wait_for(lambda: sum(span.name.startswith("child ") for span in sink.spans()) >= count, 30)
        wait_for(lambda: sum(span.kind == "SERVER" for span in sink.spans()) >= count, 30)
        spans = sink.spans()
    servers = {span.trace_id: span for span in spans if span.kind == "SERVER"}
    assert {trace_id: span.parent_span_id for trace_id, span in servers.items()} == dict(ids.values())
    children = {int(span.name.split()[1]): span for span in spans if span.name.startswith("child ")}
    assert {number: (span.trace_id, span.parent_span_id) for number, span in children.items()} == {
        number: (trace_id, servers[trace_id].span_id) for number, (trace_id, _) in ids.items()
    }
