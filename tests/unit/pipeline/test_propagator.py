"""Propagators by name; B3 by its specification."""

from __future__ import annotations

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context.context import Context
from opentelemetry.trace import SpanContext, TraceFlags

from otelrun.pipeline.propagator import build_propagator

TRACE = "80f198ee56343ba864fe8b2a57d3eff7"
SPAN = "e457b5a2e4d86bd1"


def context_of(flags=1, trace_id=int(TRACE, 16)):
    span_context = SpanContext(trace_id, int(SPAN, 16), is_remote=False, trace_flags=TraceFlags(flags))
    return trace.set_span_in_context(trace.NonRecordingSpan(span_context), Context())


def extracted(name, carrier):
    found = trace.get_current_span(build_propagator((name,)).extract(carrier)).get_span_context()
    return (f"{found.trace_id:032x}", f"{found.span_id:016x}", int(found.trace_flags), found.is_remote)


def injected(name, context):
    carrier = {}
    build_propagator((name,)).inject(carrier, context)
    return carrier


@pytest.mark.parametrize(("flags", "sampled"), [(1, "1"), (0, "0"), (3, "1")])
def test_b3_single_is_injected(flags, sampled):
    assert injected("b3", context_of(flags)) == {"b3": f"{TRACE}-{SPAN}-{sampled}"}


def test_b3_multi_is_injected():
    assert injected("b3multi", context_of()) == {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "1"}


@pytest.mark.parametrize("name", ["b3", "b3multi"])
@pytest.mark.parametrize(
    ("carrier", "expected"),
    [
        ({"b3": f"{TRACE}-{SPAN}-1"}, (TRACE, SPAN, 1, True)),
        ({"b3": f"{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90"}, (TRACE, SPAN, 1, True)),
        ({"b3": f"{TRACE.upper()}-{SPAN}-0"}, (TRACE, SPAN, 0, True)),
        ({"b3": f"{TRACE}-{SPAN}-d"}, (TRACE, SPAN, 1, True)),
        ({"b3": f"{TRACE}-{SPAN}"}, (TRACE, SPAN, 0, True)),
        ({"b3": f"{TRACE[16:]}-{SPAN}-1"}, ("0" * 16 + TRACE[16:], SPAN, 1, True)),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "1"}, (TRACE, SPAN, 1, True)),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "true"}, (TRACE, SPAN, 1, True)),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-flags": "1"}, (TRACE, SPAN, 1, True)),
        ({"x-b3-traceid": TRACE, "x-b3-spanid": SPAN}, (TRACE, SPAN, 0, True)),
        ({"b3": f"{TRACE}-{SPAN}-1", "x-b3-traceid": "1" * 32, "x-b3-spanid": "2" * 16}, (TRACE, SPAN, 1, True)),
    ],
)
def test_b3_is_extracted_from_either_encoding(name, carrier, expected):
    assert extracted(name, carrier) == expected


@pytest.mark.parametrize(
    "carrier",
    [
        {},
        {"b3": "0"},
        {"b3": "-"},
        {"b3": f"{TRACE}x-{SPAN}-1"},
        {"b3": f"{'0' * 32}-{SPAN}-1"},
        {"b3": f"{TRACE}-{'0' * 16}-1"},
        {"b3": f"{TRACE}-{SPAN}-1-2-3-4"},
        {"x-b3-traceid": TRACE},
        {"x-b3-traceid": "short", "x-b3-spanid": SPAN},
    ],
)
def test_malformed_b3_leaves_the_context_alone(carrier):
    context = Context({"kept": 1})
    assert build_propagator(("b3",)).extract(carrier, context) is context


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("b3", {"b3": f"{TRACE}-{SPAN}-d"}),
        ("b3multi", {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-flags": "1"}),
    ],
)
def test_a_debug_flag_is_sent_on(name, expected):
    propagator = build_propagator((name,))
    context = propagator.extract({"b3": f"{TRACE}-{SPAN}-d"})
    assert injected(name, context) == expected


def test_without_a_span_nothing_is_injected():
    assert injected("b3", Context()) == {}


def test_several_are_used_in_order():
    propagator = build_propagator(("tracecontext", "baggage", "b3", "tracecontext"))
    carrier = {}
    propagator.inject(carrier, baggage.set_baggage("user", "ada", context_of()))
    assert carrier == {
        "traceparent": f"00-{TRACE}-{SPAN}-01",
        "baggage": "user=ada",
        "b3": f"{TRACE}-{SPAN}-1",
    }
    assert propagator.fields == {"traceparent", "tracestate", "baggage", "b3"}
    context = propagator.extract(carrier)
    assert baggage.get_baggage("user", context) == "ada"


@pytest.mark.parametrize("names", [(), ("none",)])
def test_none_does_nothing(names):
    propagator = build_propagator(names)
    carrier = {}
    propagator.inject(carrier, context_of())
    assert (carrier, propagator.fields) == ({}, set())


def test_an_unknown_one_is_told_and_left_out(notices):
    carrier = {}
    build_propagator(("tracecontext", "smoke-signals")).inject(carrier, context_of())
    assert list(carrier) == ["traceparent"]
    assert [slug for slug, _ in notices] == ["propagator:smoke-signals"]
