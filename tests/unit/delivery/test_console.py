from __future__ import annotations

import json
import os

from otelrun.delivery.console import Console
from otelrun.delivery.encode import ProcessEncoder
from otelrun.delivery.file import OtlpFile, open_stream
from otelrun.delivery.retry import DELIVERED, REJECTED, Outcome
from otelrun.ring.record import EventRecord, LogRecord, Scope, SpanRecord

ENCODER = ProcessEncoder({"service.name": "shop"}, "", lambda _: Scope("a", "1", "", {}))
SPAN = SpanRecord(
    *(1, 2, 0, 1, "GET /", 1, 1_000_000, 3_500_000, {"n": 5, "list": (1, "a")}, 1),
    *("", (EventRecord("exception", 5, {"exception.type": "E"}),), (), 2, "broken"),
)
LOG = LogRecord(10, 11, 1, 2, 1, 9, "INFO", {"a": [1]}, {}, "", 1)


def test_span_is_one_line_for_people(tmp_path):
    path = tmp_path / "out"
    fd = open_stream(f"file://{path}")
    [payload] = ENCODER.spans([SPAN], 10)
    assert Console(fd, "spans").send(payload.data) == Outcome(DELIVERED)
    os.close(fd)
    assert json.loads(path.read_text()) == {
        "span": "GET /",
        "service": "shop",
        "kind": "server",
        "duration_ms": 2.5,
        "status": "error",
        "error": "broken",
        "trace_id": f"{1:032x}",
        "span_id": f"{2:016x}",
        "attributes": {"n": 5, "list": [1, "a"]},
        "events": [{"name": "exception", "exception.type": "E"}],
    }


def test_log_record_is_one_line_for_people(tmp_path):
    path = tmp_path / "out"
    fd = open_stream(str(path))
    [payload] = ENCODER.logs([LOG, LOG], 10)
    Console(fd, "logs").send(payload.data)
    os.close(fd)
    row = {"log": {"a": [1]}, "service": "shop", "severity": "INFO", "trace_id": f"{1:032x}", "span_id": f"{2:016x}"}
    assert [json.loads(line) for line in path.read_text().splitlines()] == [row, row]


def test_reader_that_went_away_ends_delivery_to_the_console():
    reading, writing = os.pipe()
    os.close(reading)
    [payload] = ENCODER.spans([SPAN], 10)
    outcome = OtlpFile(writing, "spans").send(payload.data)
    os.close(writing)
    assert outcome == Outcome(REJECTED, "nobody reads standard output any more")
