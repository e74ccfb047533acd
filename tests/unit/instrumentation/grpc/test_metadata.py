"""The context in a call's metadata."""

from __future__ import annotations

import pytest
from opentelemetry import baggage, propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from otelrun.instrumentation.grpc.metadata import extract, inject, with_injected

SPAN = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True, TraceFlags(1))
CONTEXT = trace.set_span_in_context(NonRecordingSpan(SPAN), Context())
HEADER = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


class Shouting(TextMapPropagator):
    """Sends what HTTP/2 refuses, and keys as HTTP/1 writes them."""

    def inject(self, carrier, context=None, setter=None):
        assert context is CONTEXT
        setter.set(carrier, "X-B3-TraceId", "1")
        setter.set(carrier, "x-bad", "line\nend")
        setter.set(carrier, "x-worse", "Käse")

    def extract(self, carrier, context=None, getter=None):
        return baggage.set_baggage("seen", getter.get(carrier, "X-B3-TraceId"), context)

    @property
    def fields(self):
        return set()


def test_the_context_follows_the_programs_own_metadata():
    own = [("tenant", "blue"), ("token-bin", b"\xff")]
    assert inject(own, CONTEXT) == (("tenant", "blue"), ("token-bin", b"\xff"), HEADER)
    assert inject(None, CONTEXT) == (HEADER,)
    assert own == [("tenant", "blue"), ("token-bin", b"\xff")]


def test_a_key_the_program_sends_stays_the_programs():
    context = baggage.set_baggage("a", "1", CONTEXT)
    assert inject([("traceparent", "mine"), ("baggage", "b=2")], context) == (
        ("traceparent", "mine"),
        ("baggage", "b=2"),
    )


@pytest.mark.parametrize("metadata", [5, [5], [("one",)]])
def test_what_grpc_will_refuse_is_left_for_grpc_to_refuse(metadata):
    assert inject(metadata, CONTEXT) is metadata


def test_keys_are_lower_case_and_values_printable(monkeypatch):
    monkeypatch.setattr(propagate, "get_global_textmap", Shouting)
    assert inject(None, CONTEXT) == (("x-b3-traceid", "1"),)
    assert baggage.get_baggage("seen", extract([("x-b3-traceid", "1")], Context())) == ["1"]


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((b"",), {}, ((b"",), {"metadata": (HEADER,)})),
        ((b"", 1.0), {}, ((b"", 1.0), {"metadata": (HEADER,)})),
        ((b"", 1.0, None), {}, ((b"", 1.0, (HEADER,)), {})),
        ((b"", 1.0, None, "c"), {}, ((b"", 1.0, (HEADER,), "c"), {})),
        ((b"",), {"metadata": [("a", "b")]}, ((b"",), {"metadata": (("a", "b"), HEADER)})),
    ],
)
def test_metadata_is_found_wherever_it_was_passed(args, kwargs, expected):
    assert with_injected(args, kwargs, CONTEXT) == expected


def test_what_was_injected_is_extracted():
    found = extract(tuple(inject([("binary-bin", b"x")], CONTEXT)), Context())
    assert trace.get_current_span(found).get_span_context() == SpanContext(
        SPAN.trace_id, SPAN.span_id, True, SPAN.trace_flags
    )


def test_no_metadata_is_no_context():
    base = Context()
    assert extract((), base) is base
