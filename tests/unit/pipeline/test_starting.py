from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.context import Context

from otelrun.instrumentation.links import LINK_KEY
from otelrun.instrumentation.start_context import StartContext
from otelrun.pipeline import starting
from otelrun.pipeline.current import SPAN_KEY

TRACE, SPAN = int("a" * 32, 16), int("b" * 16, 16)
VARIABLES = {"TRACEPARENT": f"00-{TRACE:032x}-{SPAN:016x}-01"}


@pytest.fixture
def start(monkeypatch):
    start = StartContext()
    monkeypatch.setattr(starting, "start_context", start)
    return start


def test_the_start_is_the_parent_until_the_process_serves_and_has_links_then(start):
    start.begin(VARIABLES, "auto")
    context = starting.place(Context({"more": 1}), is_entering=False)
    assert isinstance(context, Context)
    assert context["more"] == 1
    found = context[SPAN_KEY].get_span_context()
    assert (found.trace_id, found.span_id, found.is_remote) == (TRACE, SPAN, True)

    for is_entering in (True, False):
        context = starting.place(Context({"more": 1}), is_entering=is_entering)
        assert (context["more"], context[LINK_KEY].span_id) == (1, SPAN)
        assert SPAN_KEY not in context


def test_without_a_start_the_context_stays_as_it_is(start):
    start.begin({"TRACEPARENT": "nonsense"}, "auto")
    context = Context()
    assert starting.place(context, is_entering=True) is context
    assert trace.get_current_span(context) is trace.INVALID_SPAN
