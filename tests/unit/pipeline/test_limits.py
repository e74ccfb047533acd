"""Limits are those of the profile."""

from __future__ import annotations

import sys

from otelrun.pipeline.limits import Limits
from otelrun.profile.model import LogLimits, SpanLimits


def test_span_limits_are_copied():
    limits = Limits(SpanLimits(1, 2, 3, 4, 5, 6))
    found = (limits.length, limits.count, limits.events, limits.links, limits.event_count, limits.link_count)
    assert found == (1, 2, 3, 4, 5, 6)


def test_a_log_record_has_no_limit_of_what_it_does_not_have():
    limits = Limits(LogLimits(7, 8))
    assert (limits.length, limits.count, limits.events) == (7, 8, sys.maxsize)
