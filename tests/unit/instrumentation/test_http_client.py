from __future__ import annotations

import http.client
import socket
import traceback
import urllib.request

import pytest
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, StatusCode

from otelrun.instrumentation import http_client
from otelrun.instrumentation.patching import Ledger
from tests.unit.instrumentation.loopback import Handler, serving


class Echo(Handler):
    """Keeps the headers it was sent."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self.headers)
        self.answer(int(self.path.strip("/") or 200) if self.path.strip("/").isdigit() else 200)

    do_POST = do_GET


@pytest.fixture
def patched(telemetry, ledger):
    http_client.apply(ledger, {})
    return telemetry


@pytest.fixture
def server():
    with serving(Echo) as server:
        server.seen = []
        yield server


@pytest.fixture
def connection(server):
    connection = http.client.HTTPConnection(*server.server_address, timeout=10)
    yield connection
    connection.close()


def injected(headers):
    (value,) = headers.get_all("traceparent")
    _, trace_id, span_id, _ = value.split("-")
    return int(trace_id, 16), int(span_id, 16)


def test_a_request_is_a_client_span_whose_ids_are_sent(patched, server, connection):
    connection.request("GET", "/a?x=1&sig=secret")
    connection.getresponse().read()
    span = patched.span()
    host, port = server.server_address
    assert (span.name, span.kind, span.parent, span.status.status_code) == (
        "GET",
        SpanKind.CLIENT,
        None,
        StatusCode.UNSET,
    )
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "url.full": f"http://{host}:{port}/a?x=1&sig=REDACTED",
        "server.address": host,
        "server.port": port,
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
    }
    assert injected(server.seen[0]) == (span.context.trace_id, span.context.span_id)


def test_the_duration_has_the_conventions_attributes(patched, server, connection):
    connection.request("GET", "/404")
    connection.getresponse().read()
    (point,) = patched.points("http.client.request.duration")
    host, port = server.server_address
    assert dict(point.attributes) == {
        "http.request.method": "GET",
        "server.address": host,
        "server.port": port,
        "http.response.status_code": 404,
        "error.type": "404",
        "network.protocol.version": "1.1",
    }
    assert point.count == 1


def test_the_current_span_is_the_parent_and_stays_current(patched, tracer, connection):
    with tracer.start_as_current_span("work") as work:
        connection.request("GET", "/")
        connection.getresponse().read()
        assert trace.get_current_span() is work
    client, _ = patched.spans()
    assert client.parent == work.get_span_context()


def test_the_long_call_style_and_several_requests_on_one_connection(patched, server, connection):
    for number in range(3):
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", "2")
        connection.endheaders()
        connection.send(b"hi")
        response = connection.getresponse()
        response.read()
        assert len(patched.spans()) == number + 1
    assert [injected(headers)[1] for headers in server.seen] == [span.context.span_id for span in patched.spans()]


@pytest.mark.parametrize("name", ["traceparent", "TraceParent"])
def test_the_programs_own_headers_win(patched, server, connection, tracer, name):
    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    sent = {name: own}
    with tracer.start_as_current_span("work"):
        connection.request("GET", "/", headers=sent)
        connection.getresponse().read()
    assert server.seen[0].get_all("traceparent") == [own]
    assert server.seen[0].get_all("tracestate") is None
    assert sent == {name: own}


@pytest.mark.parametrize("status", [404, 500])
def test_client_and_server_errors_are_errors(patched, connection, status):
    connection.request("GET", f"/{status}")
    connection.getresponse().read()
    span = patched.span()
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (status, str(status))
    assert span.status.status_code == StatusCode.ERROR


def refused_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def test_a_refused_connection_ends_the_span_and_the_exception_goes_on(patched):
    connection = http.client.HTTPConnection("127.0.0.1", refused_port())
    with pytest.raises(ConnectionRefusedError) as caught:
        connection.request("GET", "/")
    assert caught.value.__context__ is None
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert not [name for name in files if "otelrun/instrumentation" in name]
    span = patched.span()
    assert (span.attributes["error.type"], span.status.status_code) == ("ConnectionRefusedError", StatusCode.ERROR)
    assert [event.name for event in span.events] == ["exception"]


def test_a_server_that_hangs_up_is_an_error(patched):
    class HangingUp(Handler):
        def do_GET(self):
            self.close_connection = True

    with serving(HangingUp) as server:
        connection = http.client.HTTPConnection(*server.server_address)
        connection.request("GET", "/")
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
        connection.close()
    assert patched.span().attributes["error.type"] == "http.client.RemoteDisconnected"


def test_a_connection_closed_before_the_response_ends_the_span(patched, connection):
    connection.request("GET", "/")
    connection.close()
    span = patched.span()
    assert "http.response.status_code" not in span.attributes
    assert span.status.status_code == StatusCode.UNSET


def test_a_request_that_cannot_begin_makes_no_span(patched, connection):
    with pytest.raises(http.client.InvalidURL):
        connection.request("GET", "/ \n")
    connection.close()
    connection.putrequest("GET", "/")
    with pytest.raises(http.client.CannotSendRequest):
        connection.putrequest("GET", "/")
    connection.endheaders()
    with pytest.raises(http.client.CannotSendHeader):
        connection.endheaders()
    with connection.getresponse() as response:
        assert response.status == 200
    assert patched.span().attributes["http.response.status_code"] == 200


@pytest.mark.parametrize("key", ["_SUPPRESS_INSTRUMENTATION_KEY", "_SUPPRESS_HTTP_INSTRUMENTATION_KEY"])
def test_nothing_happens_where_another_instrumentation_has_the_request(patched, server, connection, key):
    token = context.attach(context.set_value(getattr(context, key), True))
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    finally:
        context.detach(token)
    assert patched.spans() == []
    assert server.seen[0].get_all("traceparent") is None


def test_requests_with_its_own_instrumentation_gives_one_span(patched, server):
    requests = pytest.importorskip("requests")
    instrumentor = pytest.importorskip("opentelemetry.instrumentation.requests").RequestsInstrumentor()
    url = "http://{}:{}/".format(*server.server_address)
    instrumentor.instrument(tracer_provider=patched.tracer_provider)
    try:
        assert requests.get(url, timeout=10).text == "ok"
    finally:
        instrumentor.uninstrument()
    span = patched.span()
    assert span.instrumentation_scope.name == "opentelemetry.instrumentation.requests"
    assert injected(server.seen[0]) == (span.context.trace_id, span.context.span_id)


def test_requests_without_it_and_urllib_give_one_span_each(patched, server):
    requests = pytest.importorskip("requests")
    url = "http://{}:{}/".format(*server.server_address)
    assert requests.get(url, timeout=10).text == "ok"
    with urllib.request.urlopen(url, timeout=10) as response:
        assert response.read() == b"ok"
    assert [span.attributes["url.full"] for span in patched.spans()] == [url, url]
    assert [injected(headers)[1] for headers in server.seen] == [span.context.span_id for span in patched.spans()]


def test_through_a_proxy_the_server_is_the_one_asked_for(patched, server):
    connection = http.client.HTTPConnection(*server.server_address, timeout=10)
    connection.request("GET", "http://user:pw@shop.example/a")
    connection.getresponse().read()
    connection.close()
    attributes = patched.span().attributes
    assert (attributes["url.full"], attributes["server.address"], attributes["server.port"]) == (
        "http://REDACTED:REDACTED@shop.example/a",
        "shop.example",
        80,
    )


def test_an_ipv6_address_is_bracketed_in_the_url(patched):
    connection = http.client.HTTPConnection("[::1]", 9)
    connection._create_connection = lambda *_: (_ for _ in ()).throw(OSError("no network here"))
    with pytest.raises(OSError, match="no network here"):
        connection.request("OPTIONS", "*")
    attributes = patched.span().attributes
    assert (attributes["url.full"], attributes["server.address"]) == ("http://[::1]:9/*", "::1")


def test_undo_restores_the_class(telemetry):
    before = dict(vars(http.client.HTTPConnection))
    ledger = Ledger()
    http_client.apply(ledger, {})
    ledger.undo()
    assert dict(vars(http.client.HTTPConnection)) == before
