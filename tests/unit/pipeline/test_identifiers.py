"""Ids are random, never zero, and none of the program's business."""

from __future__ import annotations

import random
import uuid

from otelrun.pipeline import identifiers


def test_ids_differ_and_fill_their_width():
    trace_ids = {identifiers.new_trace_id() for _ in range(1000)}
    span_ids = {identifiers.new_span_id() for _ in range(1000)}
    assert len(trace_ids) == len(span_ids) == 1000
    assert 1 << 120 < max(trace_ids) < 1 << 128
    assert 1 << 56 < max(span_ids) < 1 << 64


def test_the_programs_generator_is_neither_used_nor_followed():
    random.seed(1)
    state = random.getstate()
    first = identifiers.new_trace_id()
    assert random.getstate() == state
    random.seed(1)
    assert identifiers.new_trace_id() != first


def test_a_uuid_is_one_of_version_4():
    made = uuid.UUID(identifiers.new_uuid())
    assert (made.version, made.variant) == (4, uuid.RFC_4122)
