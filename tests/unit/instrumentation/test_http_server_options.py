"""What the options of ``http_server`` do to real requests."""

from __future__ import annotations

import logging
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest
from opentelemetry import trace

from otelrun.instrumentation import http_server
from otelrun.instrumentation import logging as logging_instrumentation
from otelrun.instrumentation.excluded import ExcludedSpan
from tests.unit.instrumentation.loopback import Handler, serving, talk

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"traceparent: 00-{TRACE_ID}-b7ad6b7169203331-03\r\n".encode()


@pytest.fixture
def served(telemetry, ledger):
    def serve(options, *requests, handler=Handler):
        http_server.apply(ledger, options)
        with serving(handler) as server:
            return [talk(server, request) for request in requests]

    return serve


def get(path=b"/", headers=b"", method=b"GET"):
    return b"%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n" % (method, path, headers)


def test_a_route_names_the_span_and_is_an_attribute_of_both(telemetry, served):
    served({"routes": ("/users/{id}",)}, get(b"/users/7?x=1"), get(b"/users"))
    named, plain = telemetry.spans()
    assert (named.name, named.attributes["http.route"]) == ("GET /users/{id}", "/users/{id}")
    assert (plain.name, "http.route" in plain.attributes) == ("GET", False)
    routes = {point.attributes.get("http.route") for point in telemetry.points("http.server.request.duration")}
    assert routes == {"/users/{id}", None}


class Busy(Handler):
    """Logs, makes a span, and keeps what is current."""

    current = ()

    def do_GET(self):
        with trace.get_tracer("program").start_as_current_span("inside"):
            logging.getLogger("program").warning("at work")
        type(self).current = trace.get_current_span()
        super().do_GET()


@pytest.mark.parametrize("options", [{"exclude": ("/health*",)}, {"excluded_urls": "nothing,h/healthz"}])
def test_an_excluded_request_leaves_no_span_no_duration_and_no_log_record(telemetry, ledger, served, options):
    logging_instrumentation.apply(ledger, {})
    answers = served({**options, "active_requests": True}, get(b"/healthz", TRACEPARENT), handler=Busy)
    assert answers[0].startswith(b"HTTP/1.1 200")
    assert telemetry.spans() == []
    assert telemetry.logs() == []
    assert telemetry.points("http.server.request.duration") == []
    assert telemetry.points("http.server.active_requests") == []
    assert isinstance(Busy.current, ExcludedSpan)
    told = Busy.current.get_span_context()
    assert (f"{told.trace_id:032x}", int(told.trace_flags), told.is_remote) == (TRACE_ID, 2, False)
    assert told.span_id not in (0, 0xB7AD6B7169203331)


def test_requests_beside_an_excluded_one_are_recorded(telemetry, ledger, served):
    logging_instrumentation.apply(ledger, {})
    served({"exclude": ("/healthz",)}, get(b"/healthz") + get(b"/a") + get(b"/healthz"), handler=Busy)
    assert [span.name for span in telemetry.spans()] == ["inside", "GET"]
    assert [record.body for record in telemetry.logs()] == ["at work"]
    assert not trace.get_current_span().get_span_context().is_valid


def test_an_excluded_request_that_fails_fails_the_same(telemetry, served):
    class Raising(Handler):
        def do_GET(self):
            raise ValueError

    served({"exclude": ("*",)}, get(), handler=Raising)
    assert telemetry.spans() == []


class Answering(Handler):
    def do_POST(self):
        if self.headers["Content-Length"] == "3":
            self.rfile.read(3)
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.send_header("X-Part", "a")
        self.send_header("X-Part", "b: c")
        self.send_header("Set-Cookie", "id=1")
        self.end_headers()
        self.wfile.write(b"12345")

    do_HEAD = do_POST


def test_headers_are_captured_where_the_options_say_so(telemetry, served):
    served(
        {"request_captured_headers": ("x-.*",), "response_captured_headers": ("x-part", "set-cookie", "date")},
        get(b"/", b"X-A: 1\r\nX-A: 2\r\nAuthorization: b\r\nX-Secret: s\r\nContent-Length: 0\r\n", b"POST"),
        handler=Answering,
    )
    attributes = telemetry.span().attributes
    assert attributes["http.request.header.x-a"] == ("1", "2")
    assert attributes["http.request.header.x-secret"] == ("REDACTED",)
    assert attributes["http.response.header.x-part"] == ("a", "b: c")
    assert attributes["http.response.header.set-cookie"] == ("REDACTED",)
    assert len(attributes["http.response.header.date"]) == 1
    assert len([name for name in attributes if ".header." in name]) == 5


def test_headers_after_an_interim_response_are_the_final_ones(telemetry, served):
    served(
        {"response_captured_headers": (".*",)},
        get(b"/", b"Expect: 100-continue\r\nContent-Length: 0\r\n", b"POST"),
        handler=Answering,
    )
    assert telemetry.span().attributes["http.response.header.x-part"] == ("a", "b: c")


def test_body_sizes_are_attributes_and_metrics_where_the_option_says_so(telemetry, served):
    served(
        {"body_sizes": True},
        get(b"/", b"Content-Length: 3\r\n", b"POST") + b"abc",
        get(b"/", b"Content-Length: 1x\r\n", b"HEAD"),
        handler=Answering,
    )
    post, head = telemetry.spans()
    assert (post.attributes["http.request.body.size"], post.attributes["http.response.body.size"]) == (3, 5)
    assert not {"http.request.body.size", "http.response.body.size"} & set(head.attributes)
    (received,) = telemetry.points("http.server.request.body.size")
    (sent,) = telemetry.points("http.server.response.body.size")
    assert (received.sum, received.count, sent.sum, sent.count) == (3, 1, 5, 1)
    assert sent.attributes["http.response.status_code"] == 200


def test_wsgiref_says_itself_how_much_it_has_sent(telemetry, ledger):
    def application(_, start_response):
        start_response("200 OK", [])
        return [b"123", b"4567"]

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args):
            pass

    http_server.apply(ledger, {"body_sizes": True})
    with serving(Quiet, lambda handler: WSGIServer(("127.0.0.1", 0), handler)) as server:
        server.set_app(application)
        talk(server, get())
    assert telemetry.span().attributes["http.response.body.size"] == 7


def test_active_requests_are_counted_up_and_down(telemetry, served):
    seen = []

    class Looking(Handler):
        def do_GET(self):
            seen.extend(point.value for point in telemetry.points("http.server.active_requests"))
            super().do_GET()

    served({"active_requests": True}, get(), b"GET / HTTP/9.9\r\n\r\n", handler=Looking)
    points = {
        point.attributes["http.request.method"]: point.value
        for point in telemetry.points("http.server.active_requests")
    }
    assert seen == [1]
    assert set(points.values()) == {0}


def test_without_options_nothing_of_the_kind_is_there(telemetry, served):
    served({}, get(b"/healthz", b"Content-Length: 0\r\nX-A: 1\r\n"))
    names = set(telemetry.span().attributes)
    assert not any("header" in name or "size" in name or "route" in name for name in names)
    assert telemetry.points("http.server.active_requests") == []
