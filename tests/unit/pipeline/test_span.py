"""A span holds what it is given, within limits, and becomes one record when it ends."""

from __future__ import annotations

import enum

import pytest
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from otelrun.ring.record import EventRecord, LinkRecord, SpanRecord

OTHER = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("k", "v")]))


class Colour(str, enum.Enum):
    RED = "red"


class Named:
    def __str__(self):
        return "a name"


class Bad:
    def __str__(self):
        raise RuntimeError


def test_a_span_becomes_one_record(ring):
    tracer = ring.tracer()
    span = tracer.start_span("work", kind=SpanKind.CLIENT, attributes={"a": "b"}, start_time=10)
    span.end(25)
    context = span.get_span_context()
    (record,) = ring.spans()
    assert record == SpanRecord(
        trace_id=context.trace_id,
        span_id=context.span_id,
        parent_span_id=0,
        trace_state="",
        flags=0x103,
        name="work",
        kind=2,
        start_ns=10,
        end_ns=25,
        attributes={"a": "b"},
        events=(),
        links=(),
        status=0,
        status_description="",
        scope=record.scope,
    )
    assert ring.reader.scope(record.scope) == ("tests", "1.2", "https://schema", {"a": 1})
    assert ring.reader.resource()["service.name"] == "shop"


@pytest.mark.parametrize(("now", "end"), [(5, 10), (10, 10), (25, 25)])
def test_a_clock_that_is_put_back_ends_no_span_before_its_start(ring, monkeypatch, now, end):
    span = ring.tracer().start_span("work", start_time=10)
    monkeypatch.setattr("otelrun.pipeline.span.time_ns", lambda: now)
    span.end()

    assert [(record.start_ns, record.end_ns) for record in ring.spans()] == [(10, end)]


def test_values_are_cleaned_to_what_otlp_can_hold(ring):
    span = ring.tracer().start_span("work")
    given = {
        "str": "x",
        "bool": True,
        "int": 5,
        "big": 1 << 70,
        "float": 1.5,
        "bytes": b"\0\xff",
        "array": bytearray(b"x"),
        "none": None,
        "list": [1, [2, "x"], None],
        "map": {"k": {"n": 1}, 2: "two"},
        "enum": Colour.RED,
        "object": Named(),
        "opaque": object(),
        "bad": Bad(),
        "surrogate": "a\ud800b",
    }
    for key, value in given.items():
        span.set_attribute(key, value)
    span.end()
    (record,) = ring.spans()
    assert record.attributes == {
        "str": "x",
        "bool": True,
        "int": 5,
        "big": str(1 << 70),
        "float": 1.5,
        "bytes": b"\0\xff",
        "array": b"x",
        "none": None,
        "list": (1, (2, "x"), None),
        "map": {"k": {"n": 1}, "2": "two"},
        "enum": "red",
        "object": "a name",
        "opaque": None,
        "bad": "<Bad>",
        "surrogate": "a?b",
    }
    assert type(record.attributes["enum"]) is str


def test_attributes_given_at_the_start_are_cleaned_alike(ring):
    ring.tracer().start_span("work", attributes={"big": 1 << 70, "surrogate": "\udfff", 5: "five", "": "none"}).end()
    assert ring.spans()[0].attributes == {"big": str(1 << 70), "surrogate": "?", "5": "five"}


def test_a_list_changed_after_it_was_set_does_not_change_the_span(ring):
    values = [1, 2]
    mapping = {"list": values}
    span = ring.tracer().start_span("work", attributes=mapping)
    span.set_attribute("again", values)
    values.append(3)
    mapping["late"] = True
    span.end()
    assert ring.spans()[0].attributes == {"list": (1, 2), "again": (1, 2)}


def test_attributes_over_the_count_limit_are_dropped_and_counted(ring):
    span = ring.tracer(attribute_count_limit=2).start_span("work", attributes={"a": 1, "b": 2, "c": 3})
    span.set_attribute("d", 4)
    span.set_attribute("a", 10)
    span.set_attributes({"e": 5, "b": 20})
    span.end()
    (record,) = ring.spans()
    assert record.attributes == {"a": 10, "b": 20}
    assert record.dropped_attributes == 3


def test_long_values_are_cut(ring):
    span = ring.tracer(attribute_value_length_limit=3).start_span("work", attributes={"a": "abcdef", "b": b"12345"})
    span.set_attribute("c", ["abcdef", {"d": "abcdef"}])
    span.add_event("event", {"e": "abcdef"})
    span.end()
    (record,) = ring.spans()
    assert record.attributes == {"a": "abc", "b": b"123", "c": ("abc", {"d": "abc"})}
    assert record.events[0].attributes == {"e": "abc"}


def test_a_list_that_holds_itself_ends(ring):
    endless = []
    endless.append(endless)
    span = ring.tracer().start_span("work")
    span.set_attribute("endless", endless)
    span.end()
    assert "<list>" in repr(ring.spans()[0].attributes)


def test_of_too_many_events_and_links_the_oldest_go(ring):
    span = ring.tracer(event_count_limit=2, link_count_limit=1, event_attribute_count_limit=1).start_span("work")
    for name in "abc":
        span.add_event(name, {"x": 1, "y": 2}, timestamp=7)
    span.add_link(OTHER)
    span.add_link(OTHER, {"second": True})
    span.end()
    (record,) = ring.spans()
    assert record.events == (EventRecord("b", 7, {"x": 1}, 1), EventRecord("c", 7, {"x": 1}, 1))
    assert record.links == (LinkRecord(0xABC, 0xDEF, "k=v", 0x301, {"second": True}, 0),)
    assert (record.dropped_events, record.dropped_links) == (1, 1)


def test_links_given_at_the_start_are_recorded_and_invalid_ones_ignored(ring):
    links = [Link(OTHER, {"a": 1}), Link(trace.INVALID_SPAN_CONTEXT)]
    span = ring.tracer().start_span("work", links=links)
    (link,) = span.links
    assert (link.context, dict(link.attributes)) == (OTHER, {"a": 1})
    span.end()
    assert ring.spans()[0].links == (LinkRecord(0xABC, 0xDEF, "k=v", 0x301, {"a": 1}, 0),)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([(StatusCode.ERROR, "why")], (2, "why")),
        ([(StatusCode.OK, "ignored")], (1, "")),
        ([(StatusCode.OK, None), (StatusCode.ERROR, "late")], (1, "")),
        ([(StatusCode.ERROR, "first"), (StatusCode.ERROR, "second")], (2, "second")),
        ([(StatusCode.ERROR, "first"), (StatusCode.UNSET, None)], (2, "first")),
        ([(StatusCode.ERROR, "first"), (StatusCode.OK, None)], (1, "")),
        ([(Status(StatusCode.ERROR, "object"), None)], (2, "object")),
    ],
)
def test_status_follows_the_specification(ring, calls, expected):
    span = ring.tracer().start_span("work")
    for status, description in calls:
        span.set_status(status, description)
    assert span.status.status_code.value == expected[0]
    span.end()
    (record,) = ring.spans()
    assert (record.status, record.status_description) == expected


def test_an_exception_becomes_an_event(ring):
    span = ring.tracer().start_span("work")
    try:
        raise KeyError("key")
    except KeyError as error:
        span.record_exception(error, {"extra": 1}, timestamp=5)
    span.end()
    (event,) = ring.spans()[0].events
    stacktrace = event.attributes.pop("exception.stacktrace")
    assert event == EventRecord(
        "exception",
        5,
        {"exception.type": "KeyError", "exception.message": "'key'", "exception.escaped": "False", "extra": 1},
    )
    assert stacktrace.startswith("Traceback (most recent call last):\n")
    assert stacktrace.endswith("KeyError: 'key'\n")


def test_an_exception_that_leaves_a_span_used_as_a_block_is_its_error(ring):
    with pytest.raises(ValueError, match="broken"), ring.tracer().start_span("work"):
        raise ValueError("broken")
    (record,) = ring.spans()
    assert (record.status, record.status_description) == (2, "ValueError: broken")
    assert record.events[0].attributes["exception.escaped"] == "True"


def test_a_span_ends_once_and_then_changes_no_more(ring):
    span = ring.tracer().start_span("work")
    assert span.is_recording()
    span.end(100)
    assert not span.is_recording()
    span.end(200)
    span.set_attribute("late", 1)
    span.set_attributes({"late": 1})
    span.add_event("late")
    span.add_link(OTHER)
    span.update_name("late")
    span.set_status(StatusCode.ERROR)
    span.record_exception(ValueError())
    (record,) = ring.spans()
    assert (record.name, record.end_ns, record.attributes, record.events, record.status) == ("work", 100, {}, (), 0)
    assert (span.name, span.end_time, dict(span.attributes)) == ("work", 100, {})


def test_a_span_reads_like_the_sdks(ring):
    tracer = ring.tracer()
    parent = SpanContext(0x1, 0x2, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "b")]))
    context = trace.set_span_in_context(trace.NonRecordingSpan(parent))
    span = tracer.start_span("work", context, SpanKind.SERVER, {"a": 1}, start_time=5)
    span.add_event("event", {"e": 1}, 6)
    span.update_name("renamed")
    assert (span.name, span.kind, span.parent, span.start_time, span.end_time) == (
        "renamed",
        SpanKind.SERVER,
        parent,
        5,
        None,
    )
    assert span.context == span.get_span_context()
    assert (span.context.trace_id, span.context.trace_state) == (1, parent.trace_state)
    assert dict(span.attributes) == {"a": 1}
    with pytest.raises(TypeError):
        span.attributes["b"] = 2
    assert [(e.name, e.timestamp, e.attributes) for e in span.events] == [("event", 6, {"e": 1})]
    assert (span.dropped_attributes, span.dropped_events, span.dropped_links) == (0, 0, 0)
    assert span.status.is_unset
    assert span.resource.attributes["service.name"] == "shop"
    assert (span.instrumentation_scope.name, span.instrumentation_scope.version) == ("tests", "1.2")
    assert "renamed" in repr(span)
    span.end()
    (record,) = ring.spans()
    assert (record.parent_span_id, record.trace_state, record.flags) == (2, "a=b", 0x301)


def test_wrong_times_and_names_do_not_harm(ring):
    span = ring.tracer().start_span(Named(), start_time="soon")
    span.add_event("event", timestamp=1.5)
    span.end(end_time="late")
    (record,) = ring.spans()
    assert record.name == "a name"
    assert type(record.start_ns) is int
    assert type(record.end_ns) is int
    assert record.events[0].time_ns == 1
