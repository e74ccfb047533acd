"""When the span of a request ends: with the body of its response, however that comes to its end."""

from __future__ import annotations

import gc
import http.client
import time
import urllib.request
import weakref

import pytest
from opentelemetry import context
from opentelemetry.trace import StatusCode

from otelrun.instrumentation import http_client, http_client_redirects
from tests.unit.instrumentation.loopback import Handler, Server, serving

PAUSE_S = 0.05


BODIES = {
    "chunked": b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
    "broken": b"3\r\nabc\r\n3\r\nd",
    "nonsense": b"3\r\nabc\r\nx\r\n",
    "length": b"abcdef",
    "short": b"abc",
    "until": b"abcdef",
}


class Streaming(Handler):
    """Sends a body in chunks (or with a length, or until the end), with a pause in it; ``/short`` breaks off."""

    def do_GET(self):
        kind = self.path.strip("/")
        self.send_response(204 if kind == "none" else 200)
        if kind in ("chunked", "broken", "nonsense"):
            self.send_header("Transfer-Encoding", "chunked")
        elif kind in ("length", "short"):
            self.send_header("Content-Length", "6")
        elif kind == "empty":
            self.send_header("Content-Length", "0")
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        time.sleep(PAUSE_S)
        self.wfile.write(BODIES.get(kind, b""))
        self.close_connection = self.close_connection or kind in ("short", "broken", "nonsense")

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()


@pytest.fixture
def patched(telemetry, ledger):
    http_client.apply(ledger, {})
    return telemetry


def make_server(handler):
    server = Server(handler)
    server.daemon_threads = True  # a failing test leaves connections open
    return server


@pytest.fixture
def connection(patched):
    with serving(Streaming, make_server) as server:
        connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
        yield connection
        connection.close()


def ask(connection, kind, method="GET"):
    connection.request(method, f"/{kind}")
    return connection.getresponse()


def read_in_parts(response):
    while response.read(2):
        pass


def read_into(response):
    while response.readinto(bytearray(4)):
        pass


def iterate(response):
    for _ in response:
        pass


WAYS = [http.client.HTTPResponse.read, read_in_parts, read_into, iterate]


@pytest.mark.parametrize("way", WAYS, ids=["read", "parts", "readinto", "lines"])
@pytest.mark.parametrize("kind", ["chunked", "length", "until"])
def test_the_span_ends_when_the_body_is_read(patched, connection, kind, way):
    response = ask(connection, kind)
    assert patched.spans() == []
    way(response)
    response.close()
    span = patched.span()
    assert span.attributes["http.response.status_code"] == 200
    assert span.status.status_code is StatusCode.UNSET
    assert (span.end_time - span.start_time) / 1e9 >= PAUSE_S
    (point,) = patched.points("http.client.request.duration")
    assert point.sum >= PAUSE_S
    assert point.attributes["http.response.status_code"] == 200


@pytest.mark.parametrize("kind", ["chunked", "length", "until"])
def test_reading_alone_is_enough(patched, connection, kind):
    assert ask(connection, kind).read() == b"abcdef"
    assert len(patched.spans()) == 1


@pytest.mark.parametrize(("kind", "method"), [("none", "GET"), ("empty", "GET"), ("length", "HEAD")])
def test_without_a_body_the_span_ends_with_the_head(patched, connection, kind, method):
    response = ask(connection, kind, method)
    assert len(patched.spans()) == 1
    response.read()
    response.close()
    assert len(patched.spans()) == 1


def test_closing_the_response_or_the_connection_ends_the_span(patched, connection):
    ask(connection, "chunked").close()
    assert len(patched.spans()) == 1
    connection.close()
    kept = ask(connection, "length")
    connection.close()
    assert len(patched.spans()) == 2
    assert all(span.status.status_code is StatusCode.UNSET for span in patched.spans())
    assert kept.isclosed()


def test_a_response_that_is_dropped_ends_the_span_and_dies_when_it_would(patched, connection):
    gc.disable()
    try:
        response = ask(connection, "until")
        died = weakref.ref(response)
        del response
        assert died() is None
    finally:
        gc.enable()
    assert len(patched.spans()) == 1


def test_nothing_is_set_on_the_response(patched, connection):
    response = ask(connection, "length")
    assert set(vars(response)) == set(vars(http.client.HTTPResponse(connection.sock))) | {"code"}
    assert type(response) is http.client.HTTPResponse
    response.read()


def test_each_request_on_a_connection_has_its_own_end(patched, connection):
    for kind in ("length", "chunked", "empty", "length"):
        ask(connection, kind).read()
    assert [span.attributes["url.full"].rpartition("/")[2] for span in patched.spans()] == [
        "length",
        "chunked",
        "empty",
        "length",
    ]


@pytest.mark.parametrize("kind", ["short", "broken", "nonsense"])
def test_a_body_that_breaks_off_is_an_error(patched, connection, kind):
    with pytest.raises(http.client.IncompleteRead), ask(connection, kind) as response:
        response.read()
    span = patched.span()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] in ("http.client.IncompleteRead", "ValueError")


def test_a_failure_of_the_programs_own_is_none_of_the_request(patched, connection):
    with pytest.raises(KeyError), ask(connection, "length"):
        raise KeyError
    connection.close()
    try:
        raise LookupError
    except LookupError:
        ask(connection, "until").read()
    assert [span.status.status_code for span in patched.spans()] == [StatusCode.UNSET] * 2


def test_urllib_reads_to_the_end_too(patched):
    with serving(Streaming) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/chunked"
        with urllib.request.urlopen(url) as response:
            assert patched.spans() == []
            assert response.read() == b"abcdef"
            assert len(patched.spans()) == 1


def test_redirects_of_urllib_are_counted(patched, ledger):
    class Redirecting(Handler):
        def do_GET(self):
            number = int(self.path.strip("/"))
            if not number:
                self.answer()
                return
            self.send_response(302)
            self.send_header("Location", f"/{number - 1}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    http_client_redirects.apply(ledger, {})
    with serving(Redirecting) as server:
        for number in (2, 0):
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}/{number}") as response:
                response.read()
    found = {
        (span.attributes["url.full"].rpartition("/")[2], span.attributes.get("http.request.resend_count"))
        for span in patched.spans()
    }
    assert found == {("2", None), ("1", 1), ("0", 2), ("0", None)}
    assert context.get_current() == {}


def test_connect_and_upgrade_end_with_the_head(patched):
    class Tunnel(Handler):
        def do_CONNECT(self):
            self.send_response(200)
            self.end_headers()
            self.close_connection = True

    with serving(Tunnel) as server:
        connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
        connection.request("CONNECT", "shop.example:8443")
        connection.getresponse().close()
        connection.close()
    attributes = patched.span().attributes
    assert (attributes["server.address"], attributes["server.port"]) == ("shop.example", 8443)


def test_options_exclude_urls_and_capture_headers(telemetry, ledger):
    http_client.apply(
        ledger,
        {
            "excluded_urls": "/empty$",
            "request_captured_headers": ("x-.*", "authorization"),
            "response_captured_headers": ("content-length", "set-cookie"),
        },
    )
    with serving(Streaming) as server:
        connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
        for path in ("/empty", "/length"):
            connection.request("GET", path, headers={"X-A": "1", "Authorization": "Bearer b"})
            connection.getresponse().read()
        connection.close()
    attributes = telemetry.span().attributes
    assert {name: value for name, value in attributes.items() if ".header." in name} == {
        "http.request.header.x-a": ("1",),
        "http.request.header.authorization": ("REDACTED",),
        "http.response.header.content-length": ("6",),
    }
