"""An emitted log record becomes a record with the ids of its span."""

from __future__ import annotations

from opentelemetry import _logs, context, trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import SpanContext, TraceFlags

from otelrun.ring.record import LogRecord

REMOTE = trace.set_span_in_context(
    trace.NonRecordingSpan(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))), context.Context()
)


def test_a_record_emitted_as_keywords(ring):
    ring.logger().emit(
        timestamp=5,
        observed_timestamp=6,
        context=REMOTE,
        severity_number=SeverityNumber.WARN2,
        severity_text="WARN",
        body={"text": "hi", "list": [1]},
        attributes={"a": [1, 2]},
        event_name="happened",
    )
    (record,) = ring.logs()
    assert record == LogRecord(
        5, 6, 1, 2, 1, 14, "WARN", {"text": "hi", "list": (1,)}, {"a": (1, 2)}, "happened", record.scope, 0
    )
    assert ring.reader.scope(record.scope).name == "tests"


def test_a_record_emitted_as_an_object(ring):
    given = _logs.LogRecord(timestamp=5, observed_timestamp=6, context=REMOTE, body="hi", attributes={"a": 1})
    ring.logger().emit(given)
    (record,) = ring.logs()
    assert record == LogRecord(5, 6, 1, 2, 1, 0, "", "hi", {"a": 1}, "", record.scope, 0)


def test_the_current_span_gives_the_ids(ring):
    logger = ring.logger()
    with ring.tracer().start_as_current_span("work") as span:
        logger.emit(body="in keywords")
        logger.emit(_logs.LogRecord(body="in an object"))
    logger.emit(body="outside")
    logger.emit(_logs.LogRecord(body="outside"))
    ids = (span.get_span_context().trace_id, span.get_span_context().span_id, 3)
    found = [(record.trace_id, record.span_id, record.flags) for record in ring.logs()]
    assert found == [ids, ids, (0, 0, 0), (0, 0, 0)]


def test_an_unsampled_span_gives_its_ids_too(ring):
    from otelrun.profile.model import Sampler

    with ring.tracer(Sampler("always_off")).start_as_current_span("work") as span:
        ring.logger().emit(body="x")
    (record,) = ring.logs()
    assert (record.trace_id, record.flags) == (span.get_span_context().trace_id, 2)


def test_an_exception_becomes_attributes_unless_they_are_given(ring):
    ring.logger().emit(body="x", exception=ValueError("broken"), attributes={"exception.message": "mine"})
    attributes = ring.logs()[0].attributes
    assert attributes["exception.type"] == "ValueError"
    assert attributes["exception.message"] == "mine"
    assert attributes["exception.stacktrace"] == "ValueError: broken\n"


def test_limits_hold(ring):
    ring.logger(attribute_count_limit=1, attribute_value_length_limit=2).emit(
        body="long body", attributes={"a": "xyz", "b": 1}
    )
    (record,) = ring.logs()
    assert (record.attributes, record.dropped_attributes, record.body) == ({"a": "xy"}, 1, "long body")


def test_anything_may_be_a_body(ring):
    logger = ring.logger()
    for body in (None, 1, b"x", object(), ValueError("e")):
        logger.emit(body=body)
    assert [record.body for record in ring.logs()] == [None, 1, b"x", None, "e"]


def test_times_and_severities_that_are_none(ring):
    ring.logger().emit(body="x", severity_number=99)
    (record,) = ring.logs()
    assert record.time_ns == 0
    assert record.observed_ns > 0
    assert record.severity_number == 0


def test_the_same_scope_gives_the_same_logger(ring):
    from otelrun.pipeline.limits import Limits
    from otelrun.pipeline.logger import LoggerProvider
    from otelrun.profile.model import LogLimits

    provider = LoggerProvider(ring.recorder, Limits(LogLimits()), ring.resource)
    assert provider.get_logger("a") is provider.get_logger("a")
    assert provider.get_logger("a", attributes={"x": 1}) is provider.get_logger("a", attributes={"x": 1})
    assert provider.get_logger("a") is not provider.get_logger("a", "1")
    assert provider.get_logger("a").enabled(severity_number=SeverityNumber.DEBUG) is True
    assert provider.force_flush() is True
    assert provider.resource.attributes["service.name"] == "shop"
    provider.shutdown()
