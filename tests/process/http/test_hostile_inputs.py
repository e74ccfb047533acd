"""A plain server under otelrun, and a client that means it no good: no 5xx, no crash, no growth, and each trace as specified."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.support.hostile import expected, hostile_headers
from tests.support.otlp_sink import OtlpSink
from tests.support.programs import start_otelrun, wait_until_idle
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process, pytest.mark.timeout(1_800)]

SERVER = Path(__file__).parents[2] / "apps" / "http" / "plain_server.py"
SEED = 10
GROWTH_KIB = 4_096
GARBAGE = (
    b"",
    b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
    b"GET\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\ntraceparent\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"traceparent: x\r\n" * 101 + b"\r\n",
    b"GET / HTTP/1.1\r\ntracestate: " + b"a" * 70_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n folded: 1\r\n\ttraceparent: x\r\n\r\n",
    b'GET / HTTP/1.1\r\nHost: [::1\r\nForwarded: for="[\r\nX-Forwarded-For: ,,\r\n\r\n',
    b"GET http://[ HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\xff\xfe / HTTP/1.1\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nbaggage: " + b"a=1," * 10_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\nabc",
)


class Client:
    """Sends requests on one connection until the server closes it, and gives the status of each answer."""

    def __init__(self, port):
        self._port = port
        self._socket = None

    def ask(self, request):
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self._socket.sendall(request)
        answer = b""
        while not answer.endswith(b"\r\n\r\nok"):
            part = self._socket.recv(65_536)
            answer += part
            if not part:
                self.close()
                break
        return int(answer[9:12])

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def memory_kib(pid):
    """Read what a process holds of its own; the ring is mapped, and no part of it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


def send_garbage(port, random):
    request = random.choice(GARBAGE)
    if request and random.random() < 0.5:
        at = random.randrange(len(request))
        request = request[:at] + random.randbytes(3) + request[at + 2 :]
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        except ConnectionError:
            return  # it had seen enough
    if answer.startswith(b"HTTP/"):
        assert answer[9:10] in b"124" or answer[9:12] in (b"501", b"505"), request


def send_requests(port, pid, count):
    """Send them; give, by number, what is to be made of those that were answered well, and the growth in KiB."""
    random = Random(SEED)
    wanted = {}
    client = Client(port)
    memory = 0
    for number in range(count):
        headers = hostile_headers(random)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        status = client.ask(f"GET /{number} HTTP/1.1\r\nHost: h\r\n{head}\r\n".encode("latin-1"))
        assert status in (200, 431), headers
        if status == 200:
            wanted[number] = expected(headers)
        if number % 50 == 0:
            send_garbage(port, random)
        if number == count // 4:
            memory = memory_kib(pid)
    client.close()
    return wanted, memory_kib(pid) - memory


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads /proc")
def test_hostile_requests_are_answered_and_traced_as_specified(tmp_path, request):
    count = 100_000 if request.config.getoption("--full") else 4_000
    with OtlpSink() as sink:
        arguments = ["--to", sink.http_endpoint, sys.executable, str(SERVER)]
        with start_otelrun(arguments, otelrun_dir=tmp_path) as server:
            port = int(server.read_line())
            wanted, growth_kib = send_requests(port, server.pid, count)
            server.send_signal(signal.SIGTERM)
            result = server.finish()
        wait_until_idle(tmp_path, 120)
        recorded = sum(each.is_sampled for each in wanted.values())
        wait_for(lambda: sink.counts()["traces"] >= recorded, 60, what="all spans")
        spans = {span.attributes.get("url.path", ""): span for span in sink.spans()}
    assert (result.returncode, result.stderr) == (0, b"")
    assert growth_kib < GROWTH_KIB
    assert len(wanted) > 0.95 * count
    for number, each in wanted.items():
        if not each.is_sampled:
            assert f"/{number}" not in spans
            continue
        span = spans[f"/{number}"]
        if each.trace_id:
            assert (span.trace_id, span.parent_span_id) == (each.trace_id, each.parent_id)
            assert span.trace_state == each.trace_state
        else:
            assert span.parent_span_id == ""
            assert span.trace_state == ""
