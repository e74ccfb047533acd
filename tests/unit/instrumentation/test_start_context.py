from __future__ import annotations

import pytest
from opentelemetry import baggage, context, trace

from otelrun.instrumentation import start_context as module
from otelrun.instrumentation.start_context import StartContext, extract, outgoing, variable_names

TRACE, SPAN = int("a" * 32, 16), int("b" * 16, 16)
VARIABLES = {"TRACEPARENT": f"00-{TRACE:032x}-{SPAN:016x}-01", "TRACESTATE": "ci=1", "BAGGAGE": "a=1"}


@pytest.fixture
def start(monkeypatch):
    start = StartContext()
    start.names = variable_names(("tracecontext", "baggage"))
    monkeypatch.setattr(module, "start_context", start)
    return start


def ids(span_context):
    return span_context.trace_id, span_context.span_id


def test_the_variables_are_those_of_the_environment_carrier():
    assert variable_names(("tracecontext", "baggage")) == ("TRACEPARENT", "TRACESTATE", "BAGGAGE")
    assert variable_names(("b3multi",))[:2] == ("B3", "X_B3_TRACEID")
    assert variable_names(("none", "xray")) == ()


def test_a_start_counts_outside_spans_until_the_process_serves(start):
    start.begin(VARIABLES, "auto")
    assert ids(start.span_context()) == (TRACE, SPAN)
    assert start.ids() == (TRACE, SPAN, 1)
    start.serve()
    assert start.ids() == (0, 0, 0)


@pytest.mark.parametrize(
    ("rule", "is_stale", "is_serving", "is_serving_later"),
    [
        ("auto", False, False, True),
        ("auto", True, True, True),
        ("parent", False, False, False),
        ("parent", True, False, False),
        ("link", False, True, True),
    ],
)
def test_the_rule_says_what_it_is(start, rule, is_stale, is_serving, is_serving_later):
    start.begin(VARIABLES, rule, is_stale=is_stale)
    assert start.is_serving == is_serving
    start.serve()
    assert start.is_serving == is_serving_later


@pytest.mark.parametrize("variables", [{}, {"TRACEPARENT": "nonsense"}, {"BAGGAGE": "a=1"}])
def test_where_there_is_none_nothing_is_given(start, variables):
    start.begin(variables, "auto")
    assert start.span_context() is None
    assert start.ids() == (0, 0, 0)
    assert not start.is_given


def test_one_that_is_ignored_is_not_there(start):
    start.begin(VARIABLES, "ignore")
    assert (start.is_given, start.variables) == (False, {})


def test_the_current_span_goes_out_and_nothing_of_the_start_with_it(start, tracer):
    start.begin(VARIABLES, "auto")
    with tracer.start_as_current_span("work") as span:
        found = span.get_span_context()
        flags = int(found.trace_flags)
        assert outgoing() == {
            "TRACEPARENT": f"00-{found.trace_id:032x}-{found.span_id:016x}-{flags:02x}",
            "TRACESTATE": None,
            "BAGGAGE": None,
        }


def test_outside_spans_the_start_goes_out_unless_the_process_serves(start):
    start.begin(VARIABLES, "auto")
    assert outgoing() == VARIABLES
    token = context.attach(baggage.set_baggage("b", "2"))
    try:
        assert outgoing() == VARIABLES | {"BAGGAGE": "b=2"}
        start.serve()
        assert outgoing() == {"BAGGAGE": "b=2"}
    finally:
        context.detach(token)
    assert outgoing() == {}


def test_nothing_goes_out_where_there_is_nothing(start):
    assert outgoing() == {}


def test_what_goes_out_comes_in(tracer):
    found = extract(VARIABLES)
    assert ids(trace.get_current_span(found).get_span_context()) == (TRACE, SPAN)
    assert baggage.get_all(found) == {"a": "1"}
    assert extract({}) == {}
