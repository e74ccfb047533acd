from __future__ import annotations

import logging
import socket
import traceback
import xmlrpc.client
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import pytest
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, StatusCode

from otelrun.instrumentation import http_conventions, http_server, http_server_telemetry
from tests.unit.instrumentation.loopback import Handler, serving, talk

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
TRACEPARENT = f"traceparent: 00-{TRACE_ID}-{PARENT_ID}-01\r\n".encode()


@pytest.fixture
def patched(telemetry, ledger):
    http_server.apply(ledger, {})
    return telemetry


def attributes_of(span, *left_out):
    return {
        name: value
        for name, value in span.attributes.items()
        if name not in ("client.port", "network.peer.port", "server.port", *left_out)
    }


COMMON = {
    "http.request.method": "GET",
    "url.path": "/",
    "url.scheme": "http",
    "network.protocol.version": "1.1",
    "server.address": "h",
    "client.address": "127.0.0.1",
    "network.peer.address": "127.0.0.1",
    "http.response.status_code": 200,
}


def test_a_request_is_a_server_span_with_the_conventions_attributes(patched):
    with serving(Handler) as server:
        talk(server, b"GET /a/b?x=1&sig=secret HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: probe/1\r\n\r\n")
    span = patched.span()
    assert (span.name, span.kind, span.parent, span.status.status_code) == (
        "GET",
        SpanKind.SERVER,
        None,
        StatusCode.UNSET,
    )
    assert attributes_of(span, "server.port") == {
        **COMMON,
        "url.path": "/a/b",
        "url.query": "x=1&sig=REDACTED",
        "server.address": "shop.example",
        "user_agent.original": "probe/1",
    }
    assert span.attributes["server.port"] == 8080
    assert span.attributes["client.port"] == span.attributes["network.peer.port"] > 0
    assert span.instrumentation_scope.name == "otelrun.instrumentation.http_server"


def test_the_duration_has_the_conventions_unit_buckets_and_attributes(patched):
    with serving(Handler) as server:
        talk(server, b"".join(b"%s / HTTP/1.1\r\nHost: h\r\n\r\n" % method for method in (b"GET", b"GET", b"POST")))
    points = {
        point.attributes["http.request.method"]: point for point in patched.points("http.server.request.duration")
    }
    common = {"url.scheme": "http", "network.protocol.version": "1.1"}
    assert dict(points["GET"].attributes) == {"http.request.method": "GET", "http.response.status_code": 200, **common}
    assert dict(points["POST"].attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 501,
        "error.type": "501",
        **common,
    }
    assert (points["GET"].count, points["POST"].count) == (2, 1)
    assert tuple(points["GET"].explicit_bounds) == http_conventions.DURATION_BOUNDARIES_S
    assert 0 < points["GET"].sum < 10


def test_the_parent_comes_from_the_headers(patched):
    with serving(Handler) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n" + TRACEPARENT.replace(b"traceparent", b"TraceParent") + b"\r\n")
    span = patched.span()
    assert format(span.context.trace_id, "032x") == TRACE_ID
    assert format(span.parent.span_id, "016x") == PARENT_ID
    assert span.parent.is_remote


@pytest.mark.parametrize(
    "headers", [TRACEPARENT + TRACEPARENT.replace(b"b7", b"b8"), b"traceparent: 00-junk\r\n", b"traceparent: \r\n"]
)
def test_a_parent_that_is_repeated_or_malformed_is_none(patched, headers):
    with serving(Handler) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n" + headers + b"\r\n")
    assert patched.span().parent is None


def test_repeated_tracestate_is_joined(patched):
    with serving(Handler) as server:
        talk(server, b"GET / HTTP/1.1\r\n" + TRACEPARENT + b"tracestate: a=1\r\nTraceState: b=2\r\n\r\n")
    assert dict(patched.span().context.trace_state) == {"a": "1", "b": "2"}


def test_the_span_is_current_in_the_handler_only(patched):
    seen = {}

    class Looking(Handler):
        def do_GET(self):
            seen["inside"] = trace.get_current_span()
            context.attach(context.set_value("left", "behind"))
            self.answer()

        def handle_one_request(self):
            super().handle_one_request()
            seen["after"] = dict(context.get_current())

    with serving(Looking) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert seen["inside"].get_span_context() == patched.span().context
    assert seen["after"] == {}


def test_a_server_started_inside_a_span_does_not_adopt_its_requests(patched, tracer, ledger):
    from otelrun.instrumentation import threading as threads

    threads.apply(ledger, {})
    with tracer.start_as_current_span("main"), serving(Handler) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    request, main = patched.spans()
    assert (request.kind, request.parent) == (SpanKind.SERVER, None)
    assert request.context.trace_id != main.context.trace_id


def test_keep_alive_and_pipelining_make_one_span_per_request(patched):
    requests = b"".join(
        b"GET /%d HTTP/1.1\r\nHost: h\r\n%s\r\n" % (i, TRACEPARENT if i == 1 else b"") for i in range(4)
    )
    with serving(Handler) as server:
        answer = talk(server, requests)
    assert answer.count(b"200 OK") == 4
    spans = patched.spans()
    assert [span.attributes["url.path"] for span in spans] == ["/0", "/1", "/2", "/3"]
    assert [span.parent is not None for span in spans] == [False, True, False, False]
    assert len({span.context.trace_id for span in spans}) == 4


def test_idle_time_of_a_kept_connection_is_in_no_span(patched):
    with serving(Handler) as server, socket.create_connection(server.server_address[:2], timeout=10) as connection:
        connection.sendall(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
        connection.recv(65536)
        connection.sendall(b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        connection.recv(65536)
    first, second = patched.spans()
    assert first.start_time <= first.end_time <= second.start_time <= second.end_time


def test_http_10_and_09_and_head(patched):
    class Also(Handler):
        do_HEAD = Handler.do_GET

    with serving(Also) as server:
        talk(server, b"GET /10 HTTP/1.0\r\n\r\n")
        talk(server, b"GET /09\r\n\r\n")
        talk(server, b"HEAD /head HTTP/1.1\r\nHost: h\r\n\r\n")
    found = {
        span.attributes["url.path"]: (
            span.name,
            span.attributes["network.protocol.version"],
            span.attributes["http.response.status_code"],
        )
        for span in patched.spans()
    }
    assert found == {"/10": ("GET", "1.0", 200), "/09": ("GET", "0.9", 200), "/head": ("HEAD", "1.1", 200)}


def test_without_a_host_header_the_server_is_its_socket(patched):
    with serving(Handler) as server:
        talk(server, b"GET / HTTP/1.0\r\n\r\n")
    attributes = patched.span().attributes
    assert (attributes["server.address"], attributes["server.port"]) == server.server_address


FORWARDED = b'Forwarded: for="[2001:db8::1]:47";host=shop.example;proto=https, for=10.0.0.1\r\n'
X_FORWARDED = (
    b"X-Forwarded-For: [2001:db8::1]:47, 10.0.0.1\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Proto: https\r\n"
)
ADDRESSES = ("client.address", "server.address", "server.port", "url.scheme", "network.peer.address")


@pytest.mark.parametrize("headers", [FORWARDED, X_FORWARDED])
def test_a_proxys_account_of_the_request_is_not_believed_unless_asked(patched, headers):
    with serving(Handler) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: inner\r\n" + headers + b"\r\n")
    attributes = patched.span().attributes
    assert {name: attributes[name] for name in ADDRESSES} == {
        "client.address": "127.0.0.1",
        "server.address": "inner",
        "server.port": 80,
        "url.scheme": "http",
        "network.peer.address": "127.0.0.1",
    }
    assert attributes["client.port"] == attributes["network.peer.port"]


@pytest.mark.parametrize("headers", [FORWARDED, X_FORWARDED])
def test_a_proxys_account_of_the_request_is_believed_where_the_option_says_so(telemetry, ledger, headers):
    http_server.apply(ledger, {"trust_forwarded": True})
    with serving(Handler) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: inner\r\n" + headers + b"\r\n")
    attributes = telemetry.span().attributes
    assert {name: attributes[name] for name in (*ADDRESSES, "client.port")} == {
        "client.address": "2001:db8::1",
        "client.port": 47,
        "server.address": "shop.example",
        "server.port": 443,
        "url.scheme": "https",
        "network.peer.address": "127.0.0.1",
    }


def test_no_client_can_make_series_of_the_duration_at_will(telemetry, ledger):
    http_server.apply(ledger, {"trust_forwarded": True})
    with serving(Handler) as server:
        for number in range(3):
            talk(server, b"GET / HTTP/1.%d\r\nX-Forwarded-Proto: a%d\r\n\r\n" % (number + 7, number))
    assert [span.attributes["network.protocol.version"] for span in telemetry.spans()] == ["1.7", "1.8", "1.9"]
    (point,) = telemetry.points("http.server.request.duration")
    assert dict(point.attributes) == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.response.status_code": 200,
    }


def test_an_unknown_method_is_other_and_keeps_its_name_aside(patched):
    class Brewing(Handler):
        do_BREW = Handler.do_GET

    with serving(Brewing) as server:
        talk(server, b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n")
    span = patched.span()
    assert (span.name, span.attributes["http.request.method"], span.attributes["http.request.method_original"]) == (
        "HTTP",
        "_OTHER",
        "BREW",
    )


@pytest.mark.parametrize(("status", "is_error"), [(204, False), (302, False), (404, False), (500, True), (503, True)])
def test_server_errors_are_errors_and_client_errors_are_not(patched, status, is_error):
    class Answering(Handler):
        def do_GET(self):
            self.answer(status, b"")

    with serving(Answering) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    span = patched.span()
    assert span.attributes["http.response.status_code"] == status
    assert span.attributes.get("error.type") == (str(status) if is_error else None)
    assert span.status.status_code == (StatusCode.ERROR if is_error else StatusCode.UNSET)


def test_an_interim_response_is_not_the_status(patched):
    class Posting(Handler):
        def do_POST(self):
            self.rfile.read(2)
            self.answer(201)

    with serving(Posting) as server:
        answer = talk(server, b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201")
    assert patched.span().attributes["http.response.status_code"] == 201


def test_a_handlers_exception_is_recorded_and_goes_on_untouched(patched):
    error = ValueError("its own")

    class Failing(Handler):
        def do_GET(self):
            raise error

    with serving(Failing) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert server.errors == [error]
    assert server.errors[0] is error
    assert error.__context__ is None
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    assert not [name for name in files if "otelrun/instrumentation" in name]
    span = patched.span()
    assert (span.attributes["error.type"], span.status.status_code) == ("ValueError", StatusCode.ERROR)
    assert "http.response.status_code" not in span.attributes
    (event,) = span.events
    assert (event.name, event.attributes["exception.type"], event.attributes["exception.message"]) == (
        "exception",
        "ValueError",
        "its own",
    )


def test_an_exception_after_the_response_keeps_the_status(patched):
    class Failing(Handler):
        def do_GET(self):
            self.answer()
            raise KeyError

    with serving(Failing) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    span = patched.span()
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (200, "KeyError")


def test_a_broken_pipe_ends_the_span(patched):
    class Writing(Handler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.connection.shutdown(socket.SHUT_WR)
            self.wfile.write(b"x" * 100)

    with serving(Writing) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [type(error) for error in server.errors] == [BrokenPipeError]
    assert patched.span().attributes["error.type"] == "BrokenPipeError"


def test_a_timeout_inside_the_handler_is_an_error(patched):
    class Reading(Handler):
        timeout = 0.05

        def do_POST(self):
            self.rfile.read(5)

    with serving(Reading) as server:
        talk(server, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", shut=False)
    assert server.errors == []
    assert patched.span().attributes["error.type"] == "TimeoutError"


@pytest.mark.parametrize("request_bytes", [b"", b"\r\n", b"GET"])
def test_what_is_no_request_makes_no_span(patched, request_bytes):
    class Impatient(Handler):
        timeout = 0.05

    with serving(Impatient) as server:
        talk(server, request_bytes, shut=len(request_bytes) < 3)
    assert patched.spans() == []
    assert patched.points("http.server.request.duration") == []


@pytest.mark.parametrize(
    ("request_bytes", "status", "method"),
    [
        (b"GET / x HTTP/1.1\r\n\r\n", 400, "_OTHER"),
        (b"POST /\r\n\r\n", 400, "_OTHER"),
        (b"GET / HTTP/2.0\r\n\r\n", 505, "_OTHER"),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", 414, "_OTHER"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 120 + b"\r\n", 431, "GET"),
    ],
)
def test_a_request_that_is_refused_is_a_span_of_its_status(patched, request_bytes, status, method):
    with serving(Handler) as server, socket.create_connection(server.server_address[:2], timeout=10) as connection:
        connection.sendall(request_bytes)
        connection.recv(100)
    span = patched.span()
    assert (span.attributes["http.response.status_code"], span.attributes["http.request.method"]) == (status, method)


def test_log_lines_of_the_handler_are_in_the_span(patched, ledger):
    from otelrun.instrumentation import logging as logs

    logs.apply(ledger, {})

    class Telling(Handler):
        def do_GET(self):
            logging.getLogger("shop").warning("served")
            self.answer()

    with serving(Telling) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    (log,) = patched.logs()
    assert (log.trace_id, log.span_id) == (patched.span().context.trace_id, patched.span().context.span_id)


class QuietWsgiHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def wsgi_server(app):
    def make(handler):
        server = WSGIServer(("127.0.0.1", 0), handler)
        server.set_app(app)
        return server

    return make


def test_wsgiref_which_replaces_handle(patched):
    seen = []

    def app(environ, start_response):
        seen.append(trace.get_current_span().get_span_context())
        start_response("418 I'm a teapot", [])
        return [b""]

    with serving(QuietWsgiHandler, wsgi_server(app)) as server:
        talk(server, b"GET /tea HTTP/1.1\r\nHost: h\r\n" + TRACEPARENT + b"\r\n")
        talk(server, b"GET /two HTTP/1.1\r\nHost: h\r\n\r\n")
    first, second = patched.spans()
    assert [span.context for span in (first, second)] == seen
    assert (first.attributes["url.path"], first.attributes["http.response.status_code"]) == ("/tea", 418)
    assert format(first.parent.span_id, "016x") == PARENT_ID
    assert second.parent is None


def test_a_subclass_that_replaces_handle_and_raises(patched):
    class Own(Handler):
        def handle(self):
            self.raw_requestline = self.rfile.readline(100)
            if self.parse_request():
                raise LookupError("lost")

    with serving(Own) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [type(error) for error in server.errors] == [LookupError]
    assert patched.span().attributes["error.type"] == "LookupError"


def test_a_subclass_that_handles_several_requests_by_itself(patched):
    class Own(Handler):
        def handle(self):
            for _ in range(2):
                self.raw_requestline = self.rfile.readline(100)
                if self.parse_request():
                    self.do_GET()

    with serving(Own) as server:
        talk(server, b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [
        (span.attributes["url.path"], span.attributes["http.response.status_code"], span.parent)
        for span in patched.spans()
    ] == [
        ("/1", 200, None),
        ("/2", 200, None),
    ]


def test_xmlrpc(patched):
    def make(handler):
        server = SimpleXMLRPCServer(("127.0.0.1", 0), handler, logRequests=False)
        server.register_function(lambda a, b: a + b, "add")
        return server

    with (
        serving(SimpleXMLRPCRequestHandler, make) as server,
        xmlrpc.client.ServerProxy("http://{}:{}".format(*server.server_address)) as proxy,
    ):
        assert proxy.add(1, 2) == 3
    assert (patched.span().name, patched.span().attributes["http.response.status_code"]) == ("POST", 200)


def test_nothing_is_left_on_the_class_after_undo(telemetry):
    from http.server import BaseHTTPRequestHandler

    from otelrun.instrumentation.patching import Ledger

    before = dict(vars(BaseHTTPRequestHandler))
    ledger = Ledger()
    http_server.apply(ledger, {})
    ledger.undo()
    assert dict(vars(BaseHTTPRequestHandler)) == before


def test_our_own_failure_never_reaches_the_request(patched, monkeypatch):
    from otelrun.environment_variables import OTELRUN_QUIET, OTELRUN_STRICT

    monkeypatch.delenv(OTELRUN_STRICT)
    monkeypatch.setenv(OTELRUN_QUIET, "1")

    def failing(*_):
        raise RuntimeError("ours")

    monkeypatch.setattr(http_server_telemetry, "_request_attributes", failing)
    with serving(Handler) as server:
        answer = talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert server.errors == []
