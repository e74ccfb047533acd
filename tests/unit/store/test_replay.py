"""A store read back gives the records it was written from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from otelrun.ring.reader import SeriesState
from otelrun.ring.record import EventRecord, LinkRecord, LogRecord, Scope, Series, SpanRecord
from otelrun.store.ingest import StoreWriter
from otelrun.store.queries import open_store
from otelrun.store.replay import Replay, attributes_of
from tests.support.shop_trace import START_NS

if TYPE_CHECKING:
    from pathlib import Path

ATTRIBUTES: dict[str, Any] = {
    "text": "tea",
    "number": 7,
    "whole double": 7.0,
    "double": 0.1,
    "large": (1 << 63) - 1,
    "true": True,
    "bytes": b"\x00\xff",
    "list": [1, 2, 3],
    "doubles": [1.0, 2.5],
    "nested": {"a": [b"x", None, {"b": False}]},
    "base64": "a text that is named so",
    "empty": "",
    "none": None,
}
SPAN = SpanRecord(
    trace_id=0xABC << 64,
    span_id=0xDEF,
    parent_span_id=0x123,
    flags=0x301,
    name="GET /tea",
    kind=2,
    start_ns=START_NS,
    end_ns=START_NS + 5,
    attributes=ATTRIBUTES,
    scope=1,
    trace_state="a=b",
    events=(EventRecord("steep", START_NS + 1, {"minutes": 3}, 2), EventRecord("pour", START_NS + 2, {})),
    links=(LinkRecord(1 << 100, 7, "c=d", 0x101, {"why": "tea"}, 1),),
    status=2,
    status_description="cold",
    dropped_attributes=1,
    dropped_events=2,
    dropped_links=3,
)
BARE_SPAN = SpanRecord(1, 2, 0, 1, "", 0, START_NS, START_NS, {}, 1)
LOG = LogRecord(START_NS, START_NS + 9, 1, 2, 1, 17, "ERROR", "spilt", ATTRIBUTES, "tea.spilt", 1, 4)
BARE_LOG = LogRecord(0, START_NS, 0, 0, 0, 0, "", {"a": [1, b"\x01"]}, {}, "", 1)
SCOPE = Scope("tea.party", "1.2", "https://example.org/schema", {"k": 1})
COUNTER = SeriesState(
    1, Series("counter", "cups", "{cup}", "Cups", 1, ATTRIBUTES, (), START_NS), 3, False, START_NS + 4, 0, 0, ()
)
HISTOGRAM = SeriesState(
    2,
    Series("histogram", "heat", "Cel", "", 1, {}, (50.0, 90.5), START_NS),
    165.5,
    True,
    START_NS + 4,
    15.5,
    95.0,
    (1, 0, 1),
)


def replayed(tmp_path: Path, *records: Any, states: tuple[SeriesState, ...] = ()) -> tuple[list[Any], list[Any]]:
    path = str(tmp_path / "store.db")
    writer = StoreWriter(path)
    process = writer.add_process("a.ring", 7, 0, START_NS, {"service.name": "tea", "n": 1.0})
    writer.add_process("b.ring", 8, 0, START_NS, {"service.name": "other"})
    writer.add(process, [(index * 8, record) for index, record in enumerate(records)], {1: SCOPE}.__getitem__)
    for number, time_ns in enumerate((START_NS + 10, START_NS + 20)):
        moved = [state._replace(value=state.value + number, time_ns=state.time_ns + number) for state in states]
        writer.set_metrics(process, moved, {1: SCOPE}.__getitem__, time_ns)
    writer.close()
    with open_store(path) as store:
        replay = Replay(store)
        assert [source.resource for source in replay.sources] == [
            {"service.name": "tea", "n": 1.0},
            {"service.name": "other"},
        ]
        found: list[Any] = [one for some in replay.spans(process) for one in some]
        found += [one for some in replay.logs(process) for one in some]
        assert all(replay.scope_of(one.scope) == SCOPE for one in found)
        return found, list(replay.points(process))


def typed(value: Any) -> Any:
    """Give a value with the type of each part, since 1, 1.0 and True are equal."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [typed(item) for item in value]
    return type(value), value


@pytest.mark.parametrize("record", [SPAN, BARE_SPAN, LOG, BARE_LOG], ids=["span", "bare span", "log", "bare log"])
def test_a_record_comes_out_as_it_went_in(tmp_path: Path, record: Any) -> None:
    ([found], _) = replayed(tmp_path, record)
    assert typed(found._replace(scope=1)) == typed(record)


def test_many_spans_keep_their_order_their_events_and_their_links(tmp_path: Path) -> None:
    records = [SPAN._replace(span_id=number, events=SPAN.events[: number % 3]) for number in range(1, 1_203)]
    found, _ = replayed(tmp_path, *records)
    assert [one.span_id for one in found] == list(range(1, 1_203))
    assert [len(one.events) for one in found] == [number % 3 for number in range(1, 1_203)]


def test_metric_points_come_out_series_by_series(tmp_path: Path) -> None:
    _, points = replayed(tmp_path, states=(COUNTER, HISTOGRAM))
    assert [[(point.time_ns, point.state.value) for point in series] for series in points] == [
        [(START_NS + 10, 3), (START_NS + 20, 4)],
        [(START_NS + 10, 165.5), (START_NS + 20, 166.5)],
    ]
    counter, histogram = (series[0].state for series in points)
    assert counter.is_float is False
    assert typed(counter.series.attributes) == typed(ATTRIBUTES)
    for state, wanted in ((counter, COUNTER), (histogram, HISTOGRAM)):
        assert state.series._replace(scope=1, attributes={}) == wanted.series._replace(attributes={})
    assert (histogram.counts, histogram.minimum, histogram.maximum, histogram.is_float) == ((1, 0, 1), 15.5, 95.0, True)


def test_a_value_that_is_no_number_is_still_none(tmp_path: Path) -> None:
    _, [[point, _]] = replayed(tmp_path, states=(COUNTER._replace(value=math.nan, is_float=True),))
    assert math.isnan(point.state.value)


@pytest.mark.parametrize("text", [None, "", "no json", "[1]", '{"a": '])
def test_what_is_no_json_object_is_no_attributes(text: str | None) -> None:
    assert attributes_of(text) == {}


def test_what_only_looks_like_bytes_stays_as_it_is() -> None:
    text = '{"a": {"base64": "not base64!"}, "b": {"base64": 7}, "c": {"base64": "AA==", "d": 1}}'
    assert attributes_of(text) == {"a": {"base64": "not base64!"}, "b": {"base64": 7}, "c": {"base64": "AA==", "d": 1}}
