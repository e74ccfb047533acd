from __future__ import annotations

from opentelemetry import trace

from otelrun.instrumentation import http_server
from tests.unit.instrumentation.loopback import Handler, serving, talk


def test_a_span_that_was_given_up_for_one_of_the_programs_has_no_duration(telemetry, ledger):
    http_server.apply(ledger, {})

    class GivenUp(Handler):
        def do_GET(self):
            trace.get_current_span().end()
            super().do_GET()

    with serving(GivenUp) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert telemetry.points("http.server.request.duration") == []
