"""A profile's sections as the SDK's objects."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.sdk.trace import sampling

from otelrun.instrumentation.links import as_link
from otelrun.pipeline import sdk
from otelrun.profile import model


def built(section):
    profile = model.Profile(tracer_provider=section)
    return sdk.build_provider("traces", profile, sdk.build_resource(profile))


def test_the_sampler_is_the_profiles_with_all_delegates():
    on, off = model.Sampler("always_on"), model.Sampler("always_off")
    ratio = model.Sampler("trace_id_ratio_based", ratio=0.25)
    sampler = built(
        model.TracerProvider(
            sampler=model.Sampler(
                "parent_based",
                root=ratio,
                remote_parent_sampled=off,
                remote_parent_not_sampled=on,
                local_parent_not_sampled=ratio,
            )
        )
    ).sampler
    expected = sampling.ParentBased(
        root=sampling.TraceIdRatioBased(0.25),
        remote_parent_sampled=sampling.ALWAYS_OFF,
        remote_parent_not_sampled=sampling.ALWAYS_ON,
        local_parent_not_sampled=sampling.TraceIdRatioBased(0.25),
    )
    assert sampler.get_description() == expected.get_description()


def test_limits_are_the_profiles(monkeypatch):
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1")
    limits = sdk._span_limits(model.SpanLimits(None, 2, 3, 4, 5, 6))
    assert (limits.max_span_attribute_length, limits.max_attribute_length) == (None, None)
    found = (limits.max_span_attributes, limits.max_events, limits.max_links)
    assert (*found, limits.max_event_attributes, limits.max_link_attributes) == (2, 3, 4, 5, 6)
    assert sdk._span_limits(model.SpanLimits(7)).max_span_attribute_length == 7


def test_a_batch_processor_is_the_profiles(monkeypatch):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
    processor = sdk._span_processor(
        model.Processor("batch", model.Exporter("console"), 1234, 5678, max_queue_size=64, max_export_batch_size=512)
    )
    inner = processor._batch_processor
    assert inner._schedule_delay_millis == 1234
    assert (inner._max_queue_size, inner._max_export_batch_size) == (64, 64)
    processor.shutdown()


def test_root_spans_get_the_link_of_their_context_where_the_profile_asks_for_links():
    queue = model.Instrumentation("queue", options=(("context", "link"),))
    for instrumentations, count in ((), 0), ((queue,), 1):
        profile = model.Profile(tracer_provider=model.TracerProvider(), instrumentations=instrumentations)
        tracer = sdk.build_provider("traces", profile, sdk.build_resource(profile)).get_tracer("tests")
        producer = tracer.start_span("producer")
        linked = as_link(trace.set_span_in_context(producer))
        root = tracer.start_span("root", linked)
        below = tracer.start_span("below", trace.set_span_in_context(root, linked))
        assert [link.context for link in root.links] == [producer.get_span_context()] * count
        assert (root.parent, below.links) == (None, ())
