"""Telemetry of every shape, by OpenTelemetry's API: attributes of all types, events, links, states, metrics, log records."""

from opentelemetry import _logs, metrics, trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

ATTRIBUTES = {
    "text": "tea",
    "unicode": "茶 ☕ \x1b[31m",
    "number": 7,
    "large": (1 << 63) - 1,
    "double": 0.1,
    "whole double": 7.0,
    "true": True,
    "list": [1, 2, 3],
    "doubles": [1.0, 2.5],
    "empty": "",
}
tracer = trace.get_tracer("own", "1.2", schema_url="https://opentelemetry.io/schemas/1.30.0", attributes={"k": 1})
elsewhere = SpanContext(1 << 100, 7, True, TraceFlags(1), TraceState([("a", "b")]))
with tracer.start_as_current_span("party", kind=SpanKind.SERVER, attributes=ATTRIBUTES, links=[Link(elsewhere, {"why": "tea"})]) as span:
    span.add_event("steep", {"minutes": 3.0})
    try:
        with tracer.start_as_current_span("pour", kind=SpanKind.CLIENT):
            raise ValueError("spilt")
    except ValueError:
        span.set_status(Status(StatusCode.ERROR, "cold"))
    logger = _logs.get_logger("own.logs", "3", attributes={"l": 2.5})
    logger.emit(body={"cups": [1, 2.0, None, b"\x00\xff"]}, severity_number=_logs.SeverityNumber.WARN, attributes=ATTRIBUTES)
    logger.emit(timestamp=1_795_514_400_000_000_000, body="spilt", severity_text="oh", event_name="tea.spilt")
with tracer.start_as_current_span("alone"):
    pass

meter = metrics.get_meter("own", "2")
meter.create_counter("cups", "{cup}", "Cups of tea").add(2, {"kind": "green"})
meter.create_counter("weight", "g").add(2.5)
meter.create_up_down_counter("guests").add(-3)
meter.create_gauge("heat", "Cel").set(81.5)
histogram = meter.create_histogram("sip", "ml")
for amount in (3, 12, 700):
    histogram.record(amount, {"kind": "green"})
meter.create_observable_counter("steps", [lambda _: [metrics.Observation(9, {"foot": "left"})]])
meter.create_observable_gauge("stock", [lambda _: [metrics.Observation(4)]])
