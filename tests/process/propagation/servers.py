"""Starts one of the servers of ``tests/apps/propagation``, sends it requests inside traces, and gives what came of them."""

from __future__ import annotations

import http.client
import http.server
import importlib.util
import json
import sys
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.programs import start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from typing_extensions import Self

    from tests.support.otlp_rows import SpanRow

APPS = Path(__file__).parents[2] / "apps" / "propagation"
SERVERS = ("http.server", "Flask", "gRPC", "gRPC aio")
DEADLINE_S = 30.0


def load_ways() -> dict[str, Any]:
    """Give the ways there are, by what the page calls them."""
    spec = importlib.util.spec_from_file_location("ways", APPS / "ways.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WAYS


WAYS = tuple(load_ways())


@dataclass
class Leaf:
    """What the requests' work asks for: keeps the trace context of each request it gets."""

    traceparents: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def __enter__(self) -> Self:
        """Listen."""
        leaf = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                leaf.traceparents[urllib.parse.unquote(self.path)] = self.headers["traceparent"]
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Sent:
    """A request that was sent: its way, and the trace and the span of who sent it."""

    number: int
    way: str

    @property
    def trace_id(self) -> str:
        """The trace that it is in."""
        return f"{self.number + 1:032x}"

    @property
    def parent_id(self) -> str:
        """The span of the client."""
        return f"{self.number + 0x1000:016x}"

    @property
    def traceparent(self) -> str:
        """Both, as a header says it."""
        return f"00-{self.trace_id}-{self.parent_id}-01"


@dataclass(frozen=True)
class Outcome:
    """What came of all requests to one server: its spans by trace, what the leaf got, and what was left in its threads."""

    sent: tuple[Sent, ...]
    spans: Mapping[str, list[SpanRow]]
    traceparents: Mapping[str, str]
    idle: Mapping[str, list[list[str]]]


def send(kind: str, port: int, requests: Iterable[Sent], at_a_time: int) -> None:
    """Send requests and wait for all answers."""
    call, close = _http_call(port) if kind in ("http.server", "Flask") else _grpc_call(port)
    with ThreadPoolExecutor(at_a_time) as clients:
        for _ in clients.map(call, requests):
            pass
    close()


def _numbers(leaf):
    return len({path.split("/")[1] for path in tuple(leaf.traceparents)})


def _http_call(port):
    def call(request):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        path = "/" + urllib.parse.quote(f"{request.way} {request.number}", safe="")
        connection.request("GET", path, headers={"traceparent": request.traceparent})
        response = connection.getresponse()
        assert (response.status, response.read()) == (204, b""), request
        connection.close()

    return call, lambda: None


def _grpc_call(port):
    import grpc

    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    go = channel.unary_unary("/ways.Ways/Go")

    def call(request):
        metadata = [("traceparent", request.traceparent)]
        go(f"{request.way} {request.number}".encode(), metadata=metadata, timeout=DEADLINE_S, wait_for_ready=True)

    return call, channel.close


def run(
    kind: str,
    ways: Iterable[str],
    otelrun_dir: str | os.PathLike[str],
    *,
    at_a_time: int = 1,
    profile: str = "",
    python: str = sys.executable,
) -> Outcome:
    """Send one request for each of ``ways`` to a server under otelrun, and end it.

    Args:
        kind: of ``SERVERS``.
        ways: of ``WAYS``, in the order of sending.
        otelrun_dir: the OTELRUN_DIR.
        at_a_time: how many requests are under way.
        profile: the path of a profile.
        python: the server's interpreter.
    """
    sent = tuple(Sent(number, way) for number, way in enumerate(ways))
    port = free_port()
    options = ["--profile", profile] if profile else []
    with OtlpSink() as sink, Leaf() as leaf:
        command = [*options, python, "serving.py", kind, str(port), str(leaf.port)]
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.http_endpoint}
        with start_otelrun(command, otelrun_dir=otelrun_dir, env=env, cwd=APPS) as program:
            if kind in ("http.server", "Flask"):
                wait_for(lambda: _listens(port), DEADLINE_S, what=f"{kind}: {program.stderr!r}")
            try:
                send(kind, port, sent, at_a_time)
            except Exception as error:
                raise AssertionError(program.stderr.decode()) from error
            wait_for(lambda: _numbers(leaf) >= len(sent), DEADLINE_S, what="work from each request")
            program.write(b"idle\n")
            idle = json.loads(program.read_line())
            result = program.finish()
        wait_until_idle(otelrun_dir)
        assert (result.returncode, result.stderr) == (0, b""), result.stderr.decode()
        spans: dict[str, list[SpanRow]] = {}
        for span in sink.spans():
            spans.setdefault(span.trace_id, []).append(span)
        return Outcome(sent, spans, dict(leaf.traceparents), idle)


def _listens(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True
