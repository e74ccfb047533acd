"""Which headers are read, and which parent they carry, under any propagator."""

from __future__ import annotations

from email.message import Message

import pytest
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator

from otelrun.instrumentation.http_headers import HeaderReader
from otelrun.pipeline.propagator import build_propagator

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"


class Own(TextMapPropagator):
    """A program's own, which does not say what it reads."""

    fields = frozenset()

    def extract(self, carrier, context=None, getter=None):
        return Context({"own": (getter.keys(carrier), getter.get(carrier, "X-Own"))})

    def inject(self, carrier, context=None, setter=None):
        """Write nothing."""


def message(*headers):
    made = Message()
    for name, value in headers:
        made[name] = value
    return made


@pytest.fixture
def use():
    """Sets the global propagator."""
    before = propagate.get_global_textmap()
    yield propagate.set_global_textmap
    propagate.set_global_textmap(before)


def parent_of(*headers):
    reader = HeaderReader()
    context = reader.parent(reader.read(message(*headers)))
    span_context = trace.get_current_span(context).get_span_context()
    return format(span_context.trace_id, "032x"), format(span_context.span_id, "016x")


CARRIED = {
    "tracecontext": (("TraceParent", f"00-{TRACE_ID}-{SPAN_ID}-01"),),
    "b3": (("B3", f"{TRACE_ID}-{SPAN_ID}-1"),),
    "b3multi": (("X-B3-TraceId", TRACE_ID), ("X-B3-SpanId", SPAN_ID)),
}


@pytest.mark.parametrize(
    ("names", "headers"),
    [
        (("tracecontext", "baggage"), CARRIED["tracecontext"]),
        (("b3",), CARRIED["b3"]),
        (("b3",), CARRIED["b3multi"]),
        (("b3multi", "tracecontext"), CARRIED["b3"]),
        (("b3multi", "tracecontext"), CARRIED["tracecontext"]),
    ],
)
def test_every_header_that_a_propagator_reads_is_found(use, names, headers):
    use(build_propagator(names))
    assert parent_of(("Host", "h"), *headers) == (TRACE_ID, SPAN_ID)


def test_baggage_alone_is_carried(use):
    use(build_propagator(("tracecontext", "baggage")))
    reader = HeaderReader()
    assert len(reader.parent(reader.read(message(("Baggage", "user=ada"))))) == 1


def test_only_what_is_wanted_is_kept(use):
    use(build_propagator(("tracecontext",)))
    headers = message(
        ("Host", "h"), ("Cookie", "secret"), ("User-Agent", "a"), ("TRACESTATE", "a=1"), ("tracestate", "b=2")
    )
    assert HeaderReader().read(headers) == {"host": "h", "user-agent": "a", "tracestate": "a=1,b=2"}


def test_a_propagator_that_does_not_say_what_it_reads_is_given_all(use):
    use(CompositePropagator([build_propagator(("tracecontext",)), Own()]))
    reader = HeaderReader()
    context = reader.parent(reader.read(message(("Host", "h"), ("X-Own", "1"))))
    assert dict(context) == {"own": (["host", "x-own"], ["1"])}


def test_a_propagator_set_later_counts_from_then_on(use):
    use(build_propagator(("b3",)))
    reader = HeaderReader()
    assert reader.read(message(CARRIED["tracecontext"][0])) == {}
    use(build_propagator(("tracecontext",)))
    assert list(reader.read(message(CARRIED["tracecontext"][0]))) == ["traceparent"]
