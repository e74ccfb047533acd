"""Our samplers decide exactly as the SDK's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import sampling
from opentelemetry.trace import SpanContext, TraceFlags

from otelrun.pipeline import sampler
from otelrun.profile.model import Sampler

PARENTS = {
    sampler.NO_PARENT: None,
    sampler.REMOTE_SAMPLED: (True, 1),
    sampler.REMOTE_NOT_SAMPLED: (True, 0),
    sampler.LOCAL_SAMPLED: (False, 1),
    sampler.LOCAL_NOT_SAMPLED: (False, 0),
}
LEAVES = st.one_of(
    st.just(Sampler("always_on")),
    st.just(Sampler("always_off")),
    st.builds(lambda ratio: Sampler("trace_id_ratio_based", ratio=ratio), st.floats(0, 1)),
)
DELEGATES = (
    "root",
    "remote_parent_sampled",
    "remote_parent_not_sampled",
    "local_parent_sampled",
    "local_parent_not_sampled",
)


def nested(inner):
    return st.builds(
        lambda delegates: Sampler("parent_based", **delegates),
        st.fixed_dictionaries({name: st.none() | inner for name in DELEGATES}),
    )


SAMPLERS = st.recursive(LEAVES, nested, max_leaves=8)


def to_sdk(wanted, default=None):
    if wanted is None:
        return default
    if wanted.kind == "parent_based":
        on, off = sampling.ALWAYS_ON, sampling.ALWAYS_OFF
        defaults = dict(zip(DELEGATES, (on, on, off, on, off), strict=True))
        return sampling.ParentBased(**{name: to_sdk(getattr(wanted, name), defaults[name]) for name in DELEGATES})
    if wanted.kind == "trace_id_ratio_based":
        return sampling.TraceIdRatioBased(wanted.ratio)
    return sampling.ALWAYS_ON if wanted.kind == "always_on" else sampling.ALWAYS_OFF


@given(wanted=SAMPLERS, trace_id=st.integers(1, (1 << 128) - 1), relation=st.sampled_from(list(PARENTS)))
def test_decisions_equal_the_sdks(wanted, trace_id, relation):
    parent = PARENTS[relation]
    context = trace.set_span_in_context(trace.INVALID_SPAN)
    if parent is not None:
        span_context = SpanContext(trace_id, 1, is_remote=parent[0], trace_flags=TraceFlags(parent[1]))
        context = trace.set_span_in_context(trace.NonRecordingSpan(span_context))
    theirs = to_sdk(wanted).should_sample(context, trace_id, "name").decision.is_sampled()
    ours = trace_id & sampler.LOW_BITS < sampler.bounds(wanted)[relation]
    assert ours == theirs


@pytest.mark.parametrize("wanted", [Sampler("trace_id_ratio_based", ratio=1.5), Sampler("of_a_plugin")])
def test_what_it_cannot_do_it_says(wanted):
    with pytest.raises(ValueError, match=r"1\.5|of_a_plugin"):
        sampler.bounds(wanted)
