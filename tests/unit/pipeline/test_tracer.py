"""Tracers decide, make spans, and make them current, as the API promises."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN, SpanContext, TraceFlags

from otelrun.profile import model

NEVER = model.Sampler("always_off")


def remote(flags, trace_id=0x1234):
    parent = SpanContext(trace_id, 0x5678, is_remote=True, trace_flags=TraceFlags(flags))
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))


def test_nested_spans_are_parent_and_child_of_one_trace(ring):
    tracer = ring.tracer()
    with tracer.start_as_current_span("outer") as outer:
        assert trace.get_current_span() is outer
        with tracer.start_as_current_span("inner") as inner:
            assert trace.get_current_span() is inner
        assert trace.get_current_span() is outer
    assert trace.get_current_span() is INVALID_SPAN
    first, second = ring.spans()
    assert (first.name, first.parent_span_id, first.trace_id) == ("inner", second.span_id, second.trace_id)
    assert (second.name, second.parent_span_id) == ("outer", 0)
    assert first.start_ns >= second.start_ns
    assert first.end_ns <= second.end_ns


def test_what_else_is_in_the_context_stays(ring):
    token = context.attach(baggage.set_baggage("user", "ada"))
    try:
        with ring.tracer().start_as_current_span("work"):
            assert baggage.get_baggage("user") == "ada"
    finally:
        context.detach(token)


def test_an_explicit_context_decides_the_parent_and_not_what_is_current(ring):
    tracer = ring.tracer()
    with tracer.start_as_current_span("current") as current:
        with tracer.start_as_current_span("other", context=remote(1)):
            pass
        with tracer.start_as_current_span("root", context=context.Context()):
            pass
        assert trace.get_current_span() is current
    other, root, _ = ring.spans()
    assert (other.trace_id, other.parent_span_id, other.flags) == (0x1234, 0x5678, 0x301)
    assert root.parent_span_id == 0


def test_an_exception_passes_and_is_recorded_on_each_span_it_leaves(ring):
    tracer = ring.tracer()
    error = ValueError("broken")
    with pytest.raises(ValueError, match="broken") as caught, tracer.start_as_current_span("work"):
        raise error
    assert caught.value is error
    (record,) = ring.spans()
    assert (record.status, record.status_description) == (2, "ValueError: broken")
    assert record.events[0].attributes["exception.escaped"] == "False"


def test_at_the_recursion_limit_the_programs_own_error_leaves_all_spans(ring, notices):
    tracer = ring.tracer(event_count_limit=0)
    raised = []

    def down():
        with tracer.start_as_current_span("deep"):
            try:
                down()
            except RecursionError as error:
                raised.append(error)
                raise

    with pytest.raises(RecursionError) as caught:
        down()
    assert len(raised) > 50
    assert {id(error) for error in raised} == {id(caught.value)}


def test_recording_of_exceptions_can_be_switched_off(ring):
    tracer = ring.tracer()
    quiet = {"record_exception": False, "set_status_on_exception": False}
    with pytest.raises(ValueError, match="x"), tracer.start_as_current_span("work", **quiet):
        raise ValueError("x")
    with pytest.raises(GeneratorExit), tracer.start_as_current_span("work"):
        raise GeneratorExit
    assert [(record.status, record.events) for record in ring.spans()] == [(0, ()), (0, ())]


def test_end_on_exit_false_leaves_the_span_open(ring):
    with ring.tracer().start_as_current_span("work", end_on_exit=False) as span:
        pass
    assert span.is_recording()
    span.end()
    assert len(ring.spans()) == 1


def test_it_decorates_functions_with_a_span_for_each_call(ring):
    @ring.tracer().start_as_current_span("call")
    def double(number):
        """Double it."""
        assert trace.get_current_span().is_recording()
        return 2 * number

    assert [double(1), double(2)] == [2, 4]
    assert (double.__name__, double.__doc__) == ("double", "Double it.")
    assert [record.name for record in ring.spans()] == ["call", "call"]


def test_it_decorates_coroutine_functions_and_lasts_until_they_return(ring):
    @ring.tracer().start_as_current_span("call")
    async def work():
        await asyncio.sleep(0)
        trace.get_current_span().set_attribute("inside", True)
        return 1

    assert asyncio.iscoroutinefunction(work)
    assert asyncio.run(work()) == 1
    assert ring.spans()[0].attributes == {"inside": True}


def test_it_works_in_an_exit_stack(ring):
    with contextlib.ExitStack() as stack:
        span = stack.enter_context(ring.tracer().start_as_current_span("work"))
        assert trace.get_current_span() is span
    assert len(ring.spans()) == 1


def test_a_span_left_in_another_context_is_ended_silently(ring, capfd, caplog):
    manager = ring.tracer().start_as_current_span("work")

    async def enter():
        manager.__enter__()

    asyncio.run(enter())
    manager.__exit__(None, None, None)
    assert len(ring.spans()) == 1
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_the_apis_own_use_span_works_with_it(ring):
    span = ring.tracer().start_span("work")
    with trace.use_span(span, end_on_exit=True):
        assert trace.get_current_span() is span
    assert len(ring.spans()) == 1


def test_an_unsampled_span_has_valid_ids_and_is_not_recorded(ring):
    tracer = ring.tracer(NEVER)
    with tracer.start_as_current_span("work", attributes={"a": 1}) as span:
        assert not span.is_recording()
        assert span.get_span_context().is_valid
        assert span.get_span_context().trace_flags == 2
        span.set_attribute("b", 2)
        span.add_event("event")
        child = tracer.start_span("child")
        assert child.get_span_context().trace_id == span.get_span_context().trace_id
        child.end()
    assert isinstance(span, trace.NonRecordingSpan)
    assert ring.is_empty()


def test_children_of_an_unsampled_span_are_unsampled_by_default(ring):
    sampler = model.Sampler("parent_based", root=NEVER)
    tracer = ring.tracer(sampler)
    with tracer.start_as_current_span("root"), tracer.start_as_current_span("child") as child:
        assert not child.is_recording()
    assert tracer.start_span("remote", remote(1)).is_recording()
    assert not tracer.start_span("remote", remote(0)).is_recording()


def test_the_random_flag_is_set_on_roots_and_inherited(ring):
    tracer = ring.tracer()
    assert tracer.start_span("root").get_span_context().trace_flags == 3
    assert tracer.start_span("child", remote(1)).get_span_context().trace_flags == 1
    assert tracer.start_span("child", remote(3)).get_span_context().trace_flags == 3


def test_the_same_scope_gives_the_same_tracer(ring):
    provider = ring.tracer_provider()
    assert provider.get_tracer("a", "1") is provider.get_tracer("a", "1")
    assert provider.get_tracer("a", "1") is not provider.get_tracer("a", "2")
    assert provider.get_tracer("a", attributes={"x": 1}) is not provider.get_tracer("a")
    assert isinstance(provider.get_tracer(None), trace.Tracer)


def test_the_sdks_processors_that_a_program_adds_see_every_span(ring):
    provider = ring.tracer_provider()
    tracer = provider.get_tracer("tests")
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with tracer.start_as_current_span("work", attributes={"a": 1}) as span:
        span.add_event("event", {"e": 1})
    (seen,) = exporter.get_finished_spans()
    assert (seen.name, dict(seen.attributes), seen.context) == ("work", {"a": 1}, span.get_span_context())
    assert seen.resource.attributes["service.name"] == "shop"
    assert '"name": "work"' in seen.to_json()
    assert provider.force_flush() is True
    provider.shutdown()
    assert len(ring.spans()) == 1


def test_threads_record_side_by_side_and_nothing_is_lost(ring):
    tracer = ring.tracer()

    def work():
        for _ in range(50):
            with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner"):
                pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = ring.spans()
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == 300
    assert all(by_id[span.parent_span_id].name == "outer" for span in spans if span.name == "inner")


def test_two_threads_that_end_one_span_record_it_once(ring):
    tracer = ring.tracer()
    spans = [tracer.start_span("work") for _ in range(200)]
    threads = [threading.Thread(target=lambda: [span.end() for span in spans]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ring.spans()) == 200
