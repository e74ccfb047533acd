"""A profile's sections as the SDK's objects."""

from __future__ import annotations

from opentelemetry.sdk.trace import sampling

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
