"""uvicorn, Flask's server and http.server, ended as a deployment ends them: by SIGTERM."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys

import pytest

from tests.process.families.arrivals import (
    APPS,
    DEADLINE_S,
    assert_each_once,
    instances,
    left_behind,
    to_sink,
    without_numbers,
)
from tests.process.families.serving import Server, serve_bare
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process

UVICORN = ["-m", "uvicorn", "--port", "PORT", "--no-access-log", "asgi:application"]
KINDS = {
    "uvicorn": UVICORN,
    "uvicorn_workers": [*UVICORN, "--workers", "2"],
    "uvicorn_reload": [*UVICORN, "--reload"],
    "fastapi": ["-m", "uvicorn", "--port", "PORT", "--no-access-log", "fastapi_app:app"],
    "flask": ["-m", "flask", "--app", "flask_app", "run", "--port", "PORT"],
    "flask_reload": ["-m", "flask", "--app", "flask_app", "run", "--port", "PORT", "--reload"],
}
REQUESTS = 10


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_a_server_did_arrives_when_it_is_stopped(tmp_path, kind):
    bare = serve_bare(KINDS[kind], REQUESTS)
    with OtlpSink() as sink, Server(KINDS[kind], tmp_path, sink) as server:
        for _ in range(REQUESTS):
            server.ask()
        if kind == "uvicorn_workers":
            server.wait_for_answer(lambda pid: pid != server.pids[0])
        observed = server.end()
        done = assert_each_once(sink, server.jobs)
    assert (observed.returncode, observed.stdout) == (bare.returncode, bare.stdout)
    assert without_numbers(observed.stderr) == without_numbers(bare.stderr)
    assert set(done) == set(server.pids)
    if kind == "fastapi":  # with its own instrumentation, whose names of attributes are its own
        answered = {span.span_id: span.attributes["http.target"] for span in sink.spans() if span.kind == "SERVER"}
        made = [(answered[span.parent_span_id], span.attributes["job"]) for span in sink.spans() if span.name == "work"]
        assert sorted(answered.values()) == sorted(server.jobs)
        assert sorted(made) == sorted(zip(server.jobs, server.jobs, strict=True))
    assert len(instances(sink)) == len(done) == (2 if kind == "uvicorn_workers" else 1)


def test_the_requests_that_pythons_own_server_answered_arrive_when_it_is_terminated(tmp_path):
    port = str(free_port())
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", port]
    with OtlpSink() as sink, start_otelrun(command, otelrun_dir=tmp_path, env=to_sink(sink), cwd=APPS) as program:
        wait_for(lambda: is_answering(port), DEADLINE_S)
        answers = [status_of(port, path) for path in ("/work.py", "/missing", "/wsgi.py")]
        program.send_signal(signal.SIGTERM)
        result = program.finish()
        wait_until_idle(tmp_path)
        assert answers == [200, 404, 200]
        assert result.returncode == -signal.SIGTERM
        spans = wait_for(lambda: [span for span in sink.spans() if span.attributes["url.path"] != "/"], DEADLINE_S)
        seen = [
            (span.kind, span.attributes["url.path"], span.attributes["http.response.status_code"]) for span in spans
        ]
        assert seen == [("SERVER", "/work.py", 200), ("SERVER", "/missing", 404), ("SERVER", "/wsgi.py", 200)]
        assert {span.resource["process.pid"] for span in spans} == {program.pid}
    assert left_behind(tmp_path) == []


def is_answering(port):
    with contextlib.suppress(OSError):
        return status_of(port, "/") == 200
    return False


def status_of(port, path):
    """Ask, and wait until the server has closed the connection: then it is done with the request, its span included."""
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        with connection.makefile("rb") as response:
            return int(response.read().split(b" ", 2)[1])
