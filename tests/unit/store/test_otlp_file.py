"""A file of OTLP/JSON becomes a store: whole files, broken files, files of another kind."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from otelrun.errors import UnreadableFileError
from otelrun.store import otlp_file
from otelrun.store.ingest import StoreWriter
from otelrun.store.otlp_file import Contents, read_lines, store_lines
from otelrun.store.queries import open_store
from otelrun.store.replay import Replay
from tests.support.shop_trace import START_NS

if TYPE_CHECKING:
    from pathlib import Path

RESOURCE = {
    "attributes": [
        {"key": "service.name", "value": {"stringValue": "tea"}},
        {"key": "process.pid", "value": {"intValue": "77"}},
    ]
}
SCOPE = {"name": "party", "version": "1", "attributes": [{"key": "k", "value": {"boolValue": True}}]}
SPAN: dict[str, Any] = {
    "traceId": "0AF7651916CD43DD8448EB211C80319C",
    "spanId": "b7ad6b7169203331",
    "parentSpanId": "",
    "name": "GET /tea",
    "kind": 2,
    "startTimeUnixNano": str(START_NS),
    "endTimeUnixNano": str(START_NS + 5),
    "attributes": [
        {"key": "text", "value": {"stringValue": "tea"}},
        {"key": "number", "value": {"intValue": "-7"}},
        {"key": "double", "value": {"doubleValue": 7}},
        {"key": "not", "value": {"doubleValue": "NaN"}},
        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "a"}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"bytesValue": "AP8="}}]}}},
        {"key": "none", "value": {}},
    ],
    "events": [{"name": "exception", "timeUnixNano": START_NS + 1, "attributes": []}],
    "links": [{"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203332"}],
    "status": {"code": 2, "message": "cold"},
    "flags": 257,
}
LOG: dict[str, Any] = {
    "timeUnixNano": str(START_NS + 2),
    "observedTimeUnixNano": str(START_NS + 3),
    "severityNumber": 17,
    "severityText": "ERROR",
    "body": {"stringValue": "spilt"},
    "traceId": "0af7651916cd43dd8448eb211c80319c",
    "spanId": "b7ad6b7169203331",
}


def spans_document(*spans: Any, resource: Any = RESOURCE) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": SCOPE, "spans": list(spans)}]}]}


def logs_document(*records: Any) -> dict[str, Any]:
    return {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [{"scope": SCOPE, "logRecords": list(records)}]}]}


def metrics_document(*metrics: Any) -> dict[str, Any]:
    return {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"scope": SCOPE, "metrics": list(metrics)}]}]}


def lines_of(*documents: Any) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


class Found:
    """What a store holds after a file was read into it."""

    def __init__(self, folder: Path, data: bytes) -> None:
        path, store = folder / "telemetry.jsonl", str(folder / "store.db")
        path.write_bytes(data)
        writer = StoreWriter(store)
        try:
            self.contents: Contents = store_lines(read_lines(str(path)), writer)
        finally:
            writer.close()
        with open_store(store) as reader:
            replay = Replay(reader)
            self.sources = replay.sources
            numbers = [source.process for source in replay.sources]
            self.spans = [one for number in numbers for some in replay.spans(number) for one in some]
            self.logs = [one for number in numbers for some in replay.logs(number) for one in some]
            self.series = [series for number in numbers for series in replay.points(number)]
            self.processes = reader.processes()
            self.scopes = [replay.scope_of(one.scope) for one in (*self.spans, *self.logs)]


def test_spans_and_log_records_are_stored_with_all_that_they_have(tmp_path: Path) -> None:
    found = Found(tmp_path, lines_of(spans_document(SPAN), logs_document(LOG)))
    (span,), (log,) = found.spans, found.logs
    assert span.attributes == {
        "text": "tea",
        "number": -7,
        "double": 7.0,
        "not": "NaN",
        "list": [1, "a"],
        "map": {"a": b"\x00\xff"},
        "none": None,
    }
    assert isinstance(span.attributes["double"], float)
    assert (span.trace_id, span.kind, span.status, span.status_description, span.flags) == (
        0x0AF7651916CD43DD8448EB211C80319C,
        1,
        2,
        "cold",
        257,
    )
    assert (span.events[0].time_ns, span.links[0].span_id) == (START_NS + 1, 0xB7AD6B7169203332)
    assert (log.body, log.severity_number, log.span_id) == ("spilt", 17, span.span_id)
    assert {(scope.name, scope.version, str(scope.attributes)) for scope in found.scopes} == {
        ("party", "1", "{'k': True}")
    }
    (process,) = found.processes
    assert (process.pid, process.service_name) == (77, "tea")
    assert found.contents == Contents(1, 1, 0, START_NS, START_NS + 5, "tea", left_out={})


def test_one_document_on_many_lines_is_read_as_well(tmp_path: Path) -> None:
    whole = json.dumps({**spans_document(SPAN), **logs_document(LOG)}, indent=2).encode()
    found = Found(tmp_path, whole)
    assert (found.contents.spans, found.contents.logs, found.contents.bad) == (1, 1, 0)


def test_a_list_of_documents_and_a_gzipped_file_are_read_as_well(tmp_path: Path) -> None:
    listed = json.dumps([spans_document(SPAN), spans_document(SPAN)]).encode()
    found = Found(tmp_path, gzip.compress(b"\n\n" + listed))
    assert (found.contents.spans, found.contents.bad) == (2, 0)


def test_what_protobufs_own_json_writes_is_understood(tmp_path: Path) -> None:
    ids = {"traceId": "CvdlGRbNQ92ESOshHIAxnA==", "spanId": "t61rcWkgMzE="}
    named = {**SPAN, **ids, "kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_ERROR"}}
    record = {**LOG, "severityNumber": "SEVERITY_NUMBER_WARN2"}
    found = Found(tmp_path, lines_of(spans_document(named), logs_document(record)))
    assert (found.spans[0].trace_id, found.spans[0].span_id) == (0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331)
    assert (found.spans[0].kind, found.spans[0].status, found.logs[0].severity_number) == (2, 2, 14)


def test_each_resource_is_a_process_and_the_same_one_is_one(tmp_path: Path) -> None:
    other = {"attributes": [{"key": "service.name", "value": {"stringValue": "cake"}}]}
    found = Found(tmp_path, lines_of(spans_document(SPAN), spans_document(SPAN, resource=other), spans_document(SPAN)))
    assert [process.service_name for process in found.processes] == ["tea", "cake"]
    assert found.contents.service_name == "tea"


def test_deltas_are_added_up(tmp_path: Path) -> None:
    def counter(value: int, time_ns: int) -> dict[str, Any]:
        point = {"asInt": str(value), "startTimeUnixNano": str(START_NS), "timeUnixNano": str(time_ns)}
        return {
            "name": "cups",
            "unit": "1",
            "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [point]},
        }

    def heat(counts: list[int], total: float, least: float, time_ns: int) -> dict[str, Any]:
        point = {
            "bucketCounts": counts,
            "explicitBounds": [50],
            "sum": total,
            "min": least,
            "max": 90,
            "timeUnixNano": time_ns,
        }
        return {
            "name": "heat",
            "histogram": {"aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA", "dataPoints": [point]},
        }

    found = Found(
        tmp_path,
        lines_of(
            metrics_document(counter(3, START_NS + 10), heat([1, 2], 150.5, 20, START_NS + 10)),
            metrics_document(counter(4, START_NS + 20), heat([0, 1], 60, 60, START_NS + 20)),
        ),
    )
    cups, heats = found.series
    assert [(point.time_ns, point.state.value, point.state.is_float) for point in cups] == [
        (START_NS + 10, 3, False),
        (START_NS + 20, 7, False),
    ]
    assert [(point.state.value, point.state.counts, point.state.minimum) for point in heats] == [
        (150.5, (1, 2), 20.0),
        (210.5, (1, 3), 20.0),
    ]
    assert (cups[0].state.series.instrument, found.contents.points) == ("counter", 4)


def test_gauges_and_up_down_counters_are_told_apart_and_what_has_no_form_is_counted(tmp_path: Path) -> None:
    point = {"asDouble": 1.5, "timeUnixNano": str(START_NS)}
    found = Found(
        tmp_path,
        lines_of(
            metrics_document(
                {"name": "level", "gauge": {"dataPoints": [point]}},
                {"name": "open", "sum": {"aggregationTemporality": 2, "dataPoints": [point]}},
                {"name": "old", "summary": {"dataPoints": [{}, {}]}},
                {"name": "new", "exponentialHistogram": {"dataPoints": [{}]}},
            )
        ),
    )
    assert [series[0].state.series.instrument for series in found.series] == ["gauge", "up_down_counter"]
    assert found.contents.left_out == {"summary": 2, "exponentialHistogram": 1}


def test_broken_lines_and_items_are_counted_and_the_rest_is_stored(tmp_path: Path) -> None:
    bad_span = {**SPAN, "traceId": "short"}
    data = b"\n".join(
        (
            lines_of(spans_document(SPAN)).strip(),
            b'{"resourceSpans": [',
            b"\xff\xfe\x00garbage",
            b'{"some": "thing else"}',
            lines_of(spans_document(bad_span, SPAN, 7)).strip(),
            lines_of(spans_document(SPAN)).strip(),
        )
    )
    found = Found(tmp_path, data)
    assert (found.contents.spans, found.contents.bad) == (3, 5)
    assert found.contents.first_bad.startswith("2: not JSON: Expecting value")


def test_a_broken_first_line_hides_no_other(tmp_path: Path) -> None:
    found = Found(tmp_path, b'{"resourceSpans": [\n' + lines_of(spans_document(SPAN), spans_document(SPAN)))
    assert (found.contents.spans, found.contents.bad) == (2, 1)
    assert found.contents.first_bad.startswith("1: ")


def test_a_document_that_ends_too_early_is_one_mistake(tmp_path: Path) -> None:
    whole = json.dumps(spans_document(SPAN), indent=2).encode()
    found = Found(tmp_path, whole[:-20])
    assert (found.contents.spans, found.contents.bad) == (0, 1)


def test_of_a_damaged_gzip_file_the_beginning_is_kept(tmp_path: Path) -> None:
    data = gzip.compress(lines_of(*[spans_document(SPAN)] * 3))
    found = Found(tmp_path, data[:-12])
    assert found.contents.bad == 1
    assert found.contents.first_bad.startswith("the compressed data")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"{}\n", b"[]", b"null"])
def test_a_file_without_telemetry_gives_nothing(tmp_path: Path, data: bytes) -> None:
    contents = Found(tmp_path, data).contents
    assert (contents.spans, contents.logs, contents.points) == (0, 0, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"\x28\xb5\x2f\xfd....", "zstd"), (b"SQLite format 3\x00...", "a database"), (None, "No such file")],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes | None, reason: str) -> None:
    path = tmp_path / "file"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UnreadableFileError, match=reason):
        list(read_lines(str(path)))


def test_a_line_that_is_too_long_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_file, "LONGEST_LINE", 2_000)
    long = spans_document({**SPAN, "name": "x" * 3_000})
    found = Found(tmp_path, lines_of(spans_document(SPAN), long, spans_document(SPAN)))
    assert found.contents.spans == 2
    assert found.contents.bad >= 1


def test_deeply_nested_values_are_survived(tmp_path: Path) -> None:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(200):
        value = {"arrayValue": {"values": [value]}}
    deep = b'{"resourceSpans":' + b"[" * 100_000
    found = Found(tmp_path, lines_of(spans_document({**SPAN, "attributes": [{"key": "a", "value": value}]})) + deep)
    assert (found.contents.spans, found.contents.bad) == (1, 1)


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(lines_of(*[spans_document(SPAN)] * 5))
    told: list[tuple[int, int]] = []
    assert len(list(read_lines(str(path), lambda done, size: told.append((done, size))))) == 5
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
