"""Servers that run each request in a greenlet: 50 requests at a time keep their traces apart, and the server ends as bare."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.process.families.arrivals import assert_each_once, instances, without_numbers
from tests.process.families.serving import Server, serve_bare
from tests.support.interpreters import make_environment
from tests.support.otlp_sink import OtlpSink
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.otlp_rows import SpanRow
    from tests.support.programs import Result

pytestmark = pytest.mark.process

GUNICORN = ["-m", "gunicorn", "--bind", "127.0.0.1:PORT", "--graceful-timeout", "3", "greenlet_wsgi:application"]
SERVERS = {
    "gunicorn": [*GUNICORN, "--worker-class", "gevent"],
    "gunicorn, two workers": [*GUNICORN, "--worker-class", "gevent", "--workers", "2"],
    "gunicorn, preload": [*GUNICORN, "--worker-class", "gevent", "--preload"],
    "pywsgi": ["-m", "gevent.monkey", "greenlet_wsgi.py", "PORT"],
}
AT_ONCE = 50
REQUESTS = 100
PROMPTLY_S = 1.0  # more than bare, at the end


def serve(command: list[str], otelrun_dir: Path, sink: OtlpSink, python: str = sys.executable) -> tuple[Server, Result]:
    """Run a server under otelrun, ask it for many things at a time, and end it."""
    with Server(command, otelrun_dir, sink, python=python) as server:
        ask_at_once(server)
        return server, server.end()


def ask_at_once(server: Server) -> None:
    """Ask for many things at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(server.ask, [f"/many/{number}" for number in range(REQUESTS)]))


def assert_traces_are_apart(sink: OtlpSink, paths: list[str]) -> None:
    """Check that each request's span holds its job and its call, and that the call went out under that span's own ids."""
    wait_for(lambda: _count(sink, "client") >= len(paths), 30, what="the spans of the calls", poll_s=0.1)
    spans = sink.spans()
    requests = {span.attributes["path"]: span for span in spans if span.name == "request"}
    assert sorted(requests) == sorted([*paths, *(f"/back{path}" for path in paths)])
    below: dict[str, list[SpanRow]] = {}
    for span in spans:
        below.setdefault(span.parent_span_id, []).append(span)
    for path in paths:
        found = sorted(below[requests[path].span_id], key=lambda span: span.kind)
        assert [(span.kind, span.trace_id) for span in found] == [
            ("CLIENT", requests[path].trace_id),
            ("INTERNAL", requests[path].trace_id),
        ]
        client, job = found
        assert job.attributes["job"] == path
        received = requests[f"/back{path}"].attributes["parent"]
        assert received == f"00-{client.trace_id}-{client.span_id}-03"


def _count(sink: OtlpSink, kind: str) -> int:
    return sum(span.kind.lower() == kind for span in sink.spans())


@pytest.mark.parametrize("kind", SERVERS)
def test_many_requests_at_a_time_keep_their_traces_apart_and_the_end_is_bare(tmp_path: Path, kind: str) -> None:
    with Server(SERVERS[kind]) as bare_server:
        ask_at_once(bare_server)  # else a worker that is still being started is killed
        bare = bare_server.end()
    with OtlpSink() as sink:
        server, observed = serve(SERVERS[kind], tmp_path, sink)
        assert_each_once(sink, [*server.jobs, *(f"/back{job}" for job in server.jobs)])
        assert_traces_are_apart(sink, server.jobs)
    assert (observed.returncode, observed.stdout) == (bare.returncode, bare.stdout)
    assert without_numbers(observed.stderr) == without_numbers(bare.stderr)
    assert server.ending_s < bare_server.ending_s + PROMPTLY_S


def test_workers_that_are_recycled_lose_nothing(tmp_path: Path) -> None:
    # not the application that calls itself: a worker on its way out waits for itself then, and what it was at is done again
    command = [*SERVERS["gunicorn"][:-3], "wsgi:application", "--worker-class", "gevent", "--max-requests", "20"]
    with OtlpSink() as sink, Server(command, tmp_path, sink) as server:
        while len({*server.pids}) < 3:
            server.wait_for_answer()
        observed = server.end()
        assert_each_once(sink, server.jobs)
        assert len(instances(sink)) >= 3
    assert observed.returncode == 0


def test_eventlets_workers_keep_traces_apart_too(tmp_path: Path) -> None:
    # gunicorn had this worker class until 25; the application needs the API, bare too
    python = make_environment(
        tmp_path / "environment", sys.executable, "gunicorn==23.0.0", "eventlet", "opentelemetry-api"
    )
    command = [*GUNICORN, "--worker-class", "eventlet"]
    bare = serve_bare(command, python=python)
    with OtlpSink() as sink:
        server, observed = serve(command, tmp_path / "runs", sink, python)
        assert_each_once(sink, [*server.jobs, *(f"/back{job}" for job in server.jobs)])
        assert_traces_are_apart(sink, server.jobs)
    assert (observed.returncode, observed.stdout) == (bare.returncode, bare.stdout)
    assert without_numbers(observed.stderr) == without_numbers(bare.stderr)
