"""However an outbox overflows, counts stay exact, payloads stay whole, and no trace is split that was not on its way."""

from __future__ import annotations

import os
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.frames import Mark
from otelrun.delivery.outbox import Outbox
from otelrun.ring.record import Scope, SpanRecord

LARGE = 10_000_000
ENCODER = ProcessEncoder({"service.name": "shop"}, "", lambda _: Scope("a", "1", "", {}))
SPANS = st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 60)), min_size=1, max_size=6)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), SPANS),
        st.tuples(st.just("settle"), st.tuples(st.integers(1, 8), st.integers(60, 900), st.integers(0, 3))),
        st.tuples(st.just("take"), st.integers(1, 8)),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=40,
)


def encode(described, first):
    records = [
        SpanRecord(trace, number, 0, 1, "n" * size, 0, 5, 6, {}, 0, status=2 if is_error else 0)
        for number, (trace, is_error, size) in enumerate(described, first)
    ]
    [payload] = ENCODER.spans(records, LARGE)
    return payload.data


def spans_of(data):
    return [
        span
        for resource in ExportTraceServiceRequest.FromString(data).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def traces(spans):
    found = {}
    for span in spans:
        found.setdefault(span.trace_id, set()).add(span.span_id)
    return found


def held(outbox):
    """Give the spans that an outbox holds, without taking any."""
    batch = outbox.take(LARGE, LARGE)
    outbox.release()
    return spans_of(batch.data) if batch else []


@settings(max_examples=200, deadline=None)
@given(st.lists(SPANS, max_size=30))
def test_traces_go_whole_and_failed_ones_last(payloads):
    with tempfile.TemporaryDirectory() as directory:
        outbox = Outbox(os.path.join(directory, "spans-0"), "spans", limit=2_500)
        made = 0
        for described in payloads:
            before = held(outbox)
            dropped = outbox.put(encode(described, made + 1), len(described), Mark(1, made + 1))
            after = traces(held(outbox))
            kept = {trace: ids for trace, ids in traces(before).items() if ids <= after.get(trace, set())}
            gone = {trace: ids for trace, ids in traces(before).items() if trace not in kept}
            failed = {span.trace_id for span in before if span.status.code}
            assert dropped == sum(len(ids) for ids in gone.values())
            assert not any(ids & after.get(trace, set()) for trace, ids in gone.items())
            assert not (failed & gone.keys() and kept.keys() - failed)
            made += len(described)


@settings(max_examples=200, deadline=None)
@given(ACTIONS)
def test_held_exported_and_dropped_are_what_was_put(actions):
    made = accepted = 0
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "spans-0")
        outbox = Outbox(path, "spans", limit=1_500)
        for action, argument in actions:
            if action == "put":
                outbox.put(encode(argument, made + 1), len(argument), Mark(made % 3, made + 1))
                made += len(argument)
            elif action == "take":
                outbox.take(argument, LARGE)
            elif action == "reopen":
                outbox = Outbox(path, "spans", limit=1_500)
            elif batch := outbox.take(argument[0], argument[1]):
                rejected = min(argument[2], batch.records)
                assert len(spans_of(batch.data)) == batch.records
                outbox.settle(batch, rejected=rejected, reason="HTTP 400")
                accepted += batch.records - rejected
            totals, sources = outbox.totals(), outbox.by_source()
            assert sum(totals) == made
            assert totals.exported == accepted
            assert totals.dropped == sum(sum(source.dropped.values()) for source in sources.values())
            assert totals.held == sum(source.held for source in sources.values())
        assert len(held(outbox)) == outbox.totals().held
