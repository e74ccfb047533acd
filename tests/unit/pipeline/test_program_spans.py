"""The spans of the program's own SDK are recorded as they ended, and are what they are bare."""

from __future__ import annotations

import gc
import weakref

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation import utils as upstream_utils
from opentelemetry.propagators.textmap import default_getter
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from otelrun.pipeline import program_spans
from otelrun.profile.model import Exporter, Processor, Sampler
from otelrun.ring.record import FLAGS, LEFT_SHIFT

ENDPOINT = "http://localhost:1/v1/traces"
PROFILE = [Processor("batch", Exporter("otlp_http", endpoint=ENDPOINT))]
HTTP_SERVER = "otelrun.instrumentation.http_server"


@pytest.fixture
def told():
    return []


@pytest.fixture(autouse=True)
def watched(ring, told, monkeypatch):
    """The SDK, watched as at its import."""
    monkeypatch.setattr(sdk.Span, "__init__", sdk.Span.__init__)
    monkeypatch.setattr(sdk.Span, "end", sdk.Span.end)
    monkeypatch.setattr(ParentBased, "should_sample", ParentBased.should_sample)
    name = "_start_internal_or_server_span"
    monkeypatch.setattr(upstream_utils, name, getattr(upstream_utils, name))
    program_spans.record_spans(program_spans.Parts(ring.recorder, PROFILE, told.append))
    program_spans.free_samplers()
    program_spans.give_server_spans_up()


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter):
    made = sdk.TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return made


def test_everything_of_a_span_is_recorded_once(ring, provider, exporter):
    remote = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1))
    tracer = provider.get_tracer("app", "1.0", "https://schema", {"a": 1})
    parent = trace.set_span_in_context(trace.NonRecordingSpan(remote))
    span = tracer.start_span(
        "work", parent, trace.SpanKind.CONSUMER, {"x": [1, 2]}, links=[trace.Link(remote, {"l": 1})]
    )
    span.add_event("happened", {"e": True}, timestamp=5)
    span.set_status(trace.StatusCode.ERROR, "bad")
    span.end(9)
    span.end(10)
    (record,) = ring.spans()
    (exported,) = exporter.get_finished_spans()
    assert record[:8] == (1, span.get_span_context().span_id, 2, 0x301, "work", 4, exported.start_time, 9)
    assert (record.attributes, record.status, record.status_description) == ({"x": (1, 2)}, 2, "bad")
    assert [tuple(event) for event in record.events] == [("happened", 5, {"e": True}, 0)]
    assert [tuple(link) for link in record.links] == [(1, 2, "", 0x301, {"l": 1}, 0)]
    assert ring.reader.scope(record.scope) == ("app", "1.0", "https://schema", {"a": 1})


def test_one_that_is_not_sampled_is_not(ring):
    tracer = sdk.TracerProvider(sampler=ALWAYS_OFF).get_tracer("app")
    tracer.start_span("work").end()
    assert ring.is_empty()


def test_its_parent_is_that_of_a_bare_run_and_the_record_has_the_true_one(ring, provider, exporter):
    theirs, ours = provider.get_tracer("app"), ring.tracer()
    with (
        theirs.start_as_current_span("root"),
        ours.start_as_current_span("ours"),
        theirs.start_as_current_span("inner"),
    ):
        pass
    with ours.start_as_current_span("server"), theirs.start_as_current_span("alone"):
        pass
    exported = {span.name: span for span in exporter.get_finished_spans()}
    recorded = {span.name: span for span in ring.spans()}
    assert exported["inner"].parent.span_id == exported["root"].context.span_id
    assert exported["alone"].parent is None
    assert exported["alone"].context.trace_id == recorded["server"].trace_id
    assert recorded["inner"].parent_span_id == recorded["ours"].span_id
    assert recorded["ours"].parent_span_id == recorded["root"].span_id
    assert recorded["alone"].parent_span_id == recorded["server"].span_id


def test_where_both_send_to_one_place_it_is_marked_and_keeps_the_true_parent(ring, told):
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=ENDPOINT)))
    provider._active_span_processor._span_processors[0].span_exporter.export = lambda _: None
    with ring.tracer().start_as_current_span("server") as server:
        span = provider.get_tracer("app").start_span("work")
    assert span.parent == server.get_span_context()
    span.end()
    _, record = sorted(ring.spans(), key=lambda record: record.name)
    assert (record.flags >> LEFT_SHIFT, record.flags & FLAGS & 1, told) == (1, 1, [(ENDPOINT,)])


@pytest.mark.parametrize("is_sampled", [True, False])
def test_a_sampler_that_follows_the_parent_does_not_follow_otelruns(ring, is_sampled):
    off = sdk.TracerProvider(sampler=ParentBased(ALWAYS_OFF)).get_tracer("app")
    on = sdk.TracerProvider().get_tracer("app")
    sampler = Sampler("always_on" if is_sampled else "always_off")
    with ring.tracer(sampler).start_as_current_span("ours") as ours:
        assert not off.start_span("root of a bare run").is_recording()
        assert on.start_span("root of a bare run").is_recording()
    assert ours.get_span_context().trace_flags.sampled is is_sampled
    with on.start_as_current_span("theirs"), ring.tracer().start_as_current_span("ours"):
        assert off.start_span("child of theirs").is_recording()


def start(tracer):
    return upstream_utils._start_internal_or_server_span(tracer, "GET /", None, {}, default_getter)


def test_the_programs_server_span_takes_the_place_of_otelruns(ring, provider):
    server = ring.tracer_provider().get_tracer(HTTP_SERVER)
    with server.start_as_current_span("GET", kind=trace.SpanKind.SERVER) as given_up:
        span, _ = start(provider.get_tracer("opentelemetry.instrumentation.wsgi"))
        span.end()
    assert (span.kind, span.parent, given_up.is_recording()) == (trace.SpanKind.SERVER, None, False)
    assert [record.name for record in ring.spans()] == ["GET /"]
    assert ring.reader.interrupted(0) == []


def test_a_tracer_from_before_the_program_has_set_its_provider_is_the_programs(ring, provider):
    before = ring.tracer_provider()
    tracer = before.get_tracer("opentelemetry.instrumentation.wsgi")
    before.give_way(provider)
    with ring.tracer_provider().get_tracer(HTTP_SERVER).start_as_current_span("GET", kind=trace.SpanKind.SERVER):
        assert start(tracer)[0].kind is trace.SpanKind.SERVER


def test_where_the_programs_cannot_be_made_otelruns_is_still_current(ring, provider):
    server = ring.tracer_provider().get_tracer(HTTP_SERVER)
    with server.start_as_current_span("GET", kind=trace.SpanKind.SERVER) as ours:
        with pytest.raises(AttributeError):
            upstream_utils._start_internal_or_server_span(provider.get_tracer("wsgi"), "GET /", None, {}, None)
        assert trace.get_current_span() is ours
    assert [record.name for record in ring.spans()] == ["GET"]


def test_otelruns_server_span_stays_above_one_of_otelruns_tracers(ring):
    provider = ring.tracer_provider()
    with provider.get_tracer(HTTP_SERVER).start_as_current_span("GET", kind=trace.SpanKind.SERVER):
        span, _ = start(provider.get_tracer("opentelemetry.instrumentation.flask"))
        span.end()
    assert span.kind is trace.SpanKind.INTERNAL
    assert sorted(record.name for record in ring.spans()) == ["GET", "GET /"]


def test_no_span_and_no_provider_is_kept(provider):
    span = provider.get_tracer("app").start_span("work")
    span.end()
    gone = weakref.ref(span), weakref.ref(provider._active_span_processor)
    del span
    provider.shutdown()
    processor = provider._active_span_processor
    del provider
    assert processor is gone[1]()
    gc.collect()
    assert gone[0]() is None
