"""The transports against real servers: TLS with an authority of one's own, kept connections, proxies, the terminal."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelrun.delivery.channel import Batching, Channel
from otelrun.delivery.destination import Destination
from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.frames import Mark
from otelrun.delivery.otlp_grpc import OtlpGrpc
from otelrun.delivery.otlp_http import OtlpHttp
from otelrun.delivery.outbox import Outbox
from otelrun.delivery.retry import DELIVERED, Outcome
from otelrun.delivery.totals import Totals
from otelrun.profile.model import Exporter, Tls
from otelrun.ring.record import Scope, SpanRecord
from tests.process.agent.conftest import DEADLINE_S
from tests.support.otlp_sink import OtlpSink, free_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Host"], dict(self.headers), body, self.client_address))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    listening.block_on_close = False
    listening.seen = []
    yield listening
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def connect():
    transports = []

    def make(exporter):
        transports.append(OtlpHttp(exporter, "spans"))
        return transports[-1]

    yield make
    for transport in transports:
        transport._connection.close()


def serve(listening):
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def certificate(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, cert = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, *subject]
    subprocess.run(command, check=True, capture_output=True)
    return key, cert


def test_server_with_a_certificate_of_a_given_authority_is_trusted_and_no_other(server, certificate, connect):
    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serve(server)
    endpoint = f"https://127.0.0.1:{server.server_port}/v1/traces"
    trusting = connect(Exporter("otlp_http", endpoint, tls=Tls(ca_file=cert)))
    assert trusting.send(b"data") == Outcome(DELIVERED)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(Exporter("otlp_http", endpoint)).send(b"data")
    assert [row[3] for row in server.seen] == [b"data"]


def test_connection_is_kept_and_made_anew_when_the_server_has_closed_it(server, connect):
    serve(server)
    transport = connect(Exporter("otlp_http", f"http://127.0.0.1:{server.server_port}/v1/traces"))
    transport.send(b"one")
    transport.send(b"two")
    transport._connection.sock.shutdown(2)
    transport.send(b"three")
    ports = [row[4][1] for row in server.seen]
    assert [row[3] for row in server.seen] == [b"one", b"two", b"three"]
    assert ports[0] == ports[1] != ports[2]


def test_headers_and_credentials_of_the_profile_are_sent(server, connect):
    serve(server)
    endpoint = f"http://me:se%20cret@127.0.0.1:{server.server_port}/v1/traces?tenant=a"
    connect(Exporter("otlp_http", endpoint, headers=(("X-Scope-OrgID", "shop"),))).send(b"data")
    [(path, _, headers, _, _)] = server.seen
    assert (path, headers["X-Scope-OrgID"]) == ("/v1/traces?tenant=a", "shop")
    assert headers["Authorization"] == "Basic bWU6c2UgY3JldA=="


def test_proxy_of_the_environment_is_used_unless_it_says_not_for_this_host(server, monkeypatch, connect):
    serve(server)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("no_proxy", "internal.example")
    connect(Exporter("otlp_http", "http://collector.example:4318/v1/traces")).send(b"data")
    [(path, host, *_)] = server.seen
    assert (path, host) == ("http://collector.example:4318/v1/traces", "collector.example:4318")
    direct = connect(Exporter("otlp_http", "http://internal.example:1/v1/traces"))
    assert direct._connection.host == "internal.example"


@pytest.mark.parametrize("kind", ["otlp_http", "otlp_grpc"])
def test_endpoint_that_takes_small_requests_only_gets_everything_in_parts(tmp_path, server, connect, kind):
    largest = 4_000
    taken = []

    class Small(Handler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_taken = len(body) <= largest
            if is_taken:
                taken.append(body)
            self.send_response(200 if is_taken else 413)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def export(request, _):
        taken.append(request)
        return b""

    handler = grpc.method_handlers_generic_handler(
        "opentelemetry.proto.collector.trace.v1.TraceService", {"Export": grpc.unary_unary_rpc_method_handler(export)}
    )
    small = grpc.server(ThreadPoolExecutor(1), [handler], options=[("grpc.max_receive_message_length", largest)])
    port = small.add_insecure_port("127.0.0.1:0")
    small.start()
    server.RequestHandlerClass = Small
    serve(server)
    if kind == "otlp_http":
        transport = connect(Exporter(kind, f"http://127.0.0.1:{server.server_port}/v1/traces"))
    else:
        transport = OtlpGrpc(Exporter(kind, f"http://127.0.0.1:{port}"), "spans")
    channel = Channel(
        "spans-0",
        Destination("http://there", lambda *_: None),
        outbox=Outbox(str(tmp_path / "spans-0"), "spans"),
        open_transport=lambda: transport,
        batching=Batching(512, 0.0),
    )
    records = [SpanRecord(1, number, 0, 1, "work", 0, 5, 6, {"number": number}, 0) for number in range(1, 401)]
    encoder = ProcessEncoder({"service.name": "shop"}, "", lambda _: Scope("a", "1", "", {}))
    for payload in encoder.spans(records, 200):
        channel.put(payload.data, payload.records, Mark(1, 1))
    assert channel.wait_flushed(time.monotonic() + DEADLINE_S)
    channel.stop()
    channel.close()
    small.stop(None)
    requests = [ExportTraceServiceRequest.FromString(data) for data in taken]
    spans = [span for row in requests for part in row.resource_spans[0].scope_spans for span in part.spans]
    assert [int.from_bytes(span.span_id, "big") for span in spans] == list(range(1, 401))
    assert channel.totals() == Totals(400, 0, 0)
    assert len(taken) < 40


def test_terminal_gets_one_line_when_delivery_begins_to_wait_and_one_when_it_goes_on(runs):
    controller, device = os.openpty()
    os.set_blocking(controller, False)
    port = free_port()
    run = runs.start(f"http://127.0.0.1:{port}", "recording.py", "10", "wait", stderr=device, is_quiet=False)
    os.close(device)
    run.wait_for_line("recorded")
    shown = []

    def lines():
        with suppress(BlockingIOError):
            shown.append(os.read(controller, 10_000))
        return b"".join(shown).decode().split("\r\n")[:-1]

    wait_for(lines, DEADLINE_S)
    assert run.log().count("held locally") == 1
    run.wait_until_held("spans", "logs")
    with OtlpSink(http_port=port) as sink:
        wait_for(lambda: len(sink.spans()) == 10 and len(sink.logs()) == 10, DEADLINE_S)
        wait_for(lambda: len(lines()) > 1, DEADLINE_S)
    place = f"otelrun: http://127.0.0.1:{port}"
    assert [line.rstrip() for line in lines()] == [
        f"{place}: connection refused: telemetry is held locally until it answers",
        f"{place}: delivering again, 10 held spans and 10 held log records sent",
    ]
    run.process.communicate(timeout=DEADLINE_S)
    os.close(controller)
