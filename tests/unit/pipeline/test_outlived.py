from __future__ import annotations

import contextvars
from time import time_ns

import pytest
from opentelemetry import context, trace

from otelrun.instrumentation import carried
from otelrun.instrumentation.links import as_link
from otelrun.profile import model

MINUTE_NS = 60_000_000_000


def in_new_thread(function, *args):
    return contextvars.Context().run(function, *args)


@pytest.fixture
def provider(ring):
    made = ring.tracer_provider()
    made.outlived_after_ns = MINUTE_NS
    return made


def ended(provider, ago_ns):
    """Give the context of a span that ended so long ago, and what would be its child in a thread started in it."""
    tracer = provider.get_tracer("tests")
    span = tracer.start_span("request", start_time=1)
    span.end(time_ns() - ago_ns)
    return span, trace.set_span_in_context(span)


def start_in(provider, give, given):
    def start():
        give(given)
        with provider.get_tracer("tests").start_as_current_span("work") as work:
            return work, provider.get_tracer("tests").start_span("below")

    return in_new_thread(start)


def test_a_thread_that_outlives_its_span_by_long_makes_roots_with_a_link(provider):
    request, given = ended(provider, MINUTE_NS)
    work, below = start_in(provider, carried.give, given)
    assert work.parent is None
    assert work.get_span_context().trace_id != request.get_span_context().trace_id
    assert [link.context for link in work.links] == [request.get_span_context()]
    assert (below.parent, below.links) == (work.get_span_context(), ())


def test_until_then_and_where_the_profile_says_never_it_stays_below(provider):
    request, given = ended(provider, MINUTE_NS // 2)
    work, _ = start_in(provider, carried.give, given)
    assert (work.parent, work.links) == (request.get_span_context(), ())
    provider.outlived_after_ns = None
    request, given = ended(provider, MINUTE_NS)
    work, _ = start_in(provider, carried.give, given)
    assert (work.parent, work.links) == (request.get_span_context(), ())


def test_an_item_that_has_waited_for_long_is_still_below_who_put_it(provider):
    request, given = ended(provider, MINUTE_NS)
    work, _ = start_in(provider, carried.take, given)
    assert (work.parent, work.links) == (request.get_span_context(), ())


def test_a_thread_started_in_a_span_that_was_not_sampled_is_sampled_later(ring):
    provider = ring.tracer_provider(model.Sampler("parent_based", root=model.Sampler("always_on")))
    provider.outlived_after_ns = 0
    unsampled = ring.tracer_provider(model.Sampler("always_off")).get_tracer("tests").start_span("request")
    work, _ = start_in(provider, carried.give, trace.set_span_in_context(unsampled))
    assert not work.is_recording()
    unsampled.end()
    work, _ = start_in(provider, carried.give, trace.set_span_in_context(unsampled))
    assert work.parent is None


def test_a_root_span_has_the_link_that_its_context_has(provider):
    request, given = ended(provider, 0)
    work, below = start_in(provider, carried.take, as_link(given))
    assert work.parent is None
    assert [link.context for link in work.links] == [request.get_span_context()]
    assert (below.parent, below.links) == (work.get_span_context(), ())


def test_a_span_left_in_another_context_than_it_was_entered_in_is_current_nowhere(provider):
    tracer = provider.get_tracer("tests")

    def look():
        with tracer.start_as_current_span("outer") as outer:
            held = tracer.start_as_current_span("held")
            held.__enter__()
            in_new_thread(held.__exit__, None, None, None)
            return trace.get_current_span() is outer, tracer.start_span("after").parent == outer.get_span_context()

    assert in_new_thread(look) == (True, True)
    assert context.get_current() == {}
