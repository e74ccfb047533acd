"""Whatever is in a file that is opened: nothing raises but what is meant to, and what is well-formed in it is stored."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otelrun.errors import UnreadableFileError
from otelrun.store.ingest import StoreWriter
from otelrun.store.otlp_file import Contents, read_lines, store_lines
from otelrun.store.queries import open_store
from tests.unit.store.test_otlp_file import LOG, SPAN, lines_of, logs_document, metrics_document, spans_document

POINT = {"asInt": "1", "timeUnixNano": "5", "bucketCounts": ["1", "0"], "explicitBounds": [1.0], "sum": 2}
METRIC = {"name": "m", "sum": {"dataPoints": [POINT]}, "histogram": {"dataPoints": [POINT]}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def stored(data: bytes) -> Contents:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        writer = StoreWriter(str(Path(folder) / "store.db"))
        try:
            contents = store_lines(read_lines(str(path)), writer)
        finally:
            writer.close()
        with open_store(str(Path(folder) / "store.db")) as store:
            totals = store.totals()
        assert (totals.spans, totals.logs) == (contents.spans, contents.logs)
        return contents


def replaced(document: Any, place: int, value: Any) -> Any:
    """Put a value in the place of the n-th part of a document."""
    parts: list[tuple[Any, Any]] = []
    whole = json.loads(json.dumps(document))

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            parts.append((node, key))
            walk(node[key])

    walk(whole)
    node, key = parts[place % len(parts)]
    node[key] = value
    return whole


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    with suppress(UnreadableFileError):
        stored(data)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(("spans", "logs", "metrics")), st.integers(0, 500), JSON)
def test_any_part_of_a_document_may_be_anything(signal: str, place: int, value: Any) -> None:
    document = {"spans": spans_document(SPAN), "logs": logs_document(LOG), "metrics": metrics_document(METRIC)}[signal]
    contents = stored(lines_of(replaced(document, place, value), spans_document(SPAN)))
    assert contents.spans >= 1


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2_000), st.integers(0, 255))
def test_a_flipped_byte_costs_the_line_that_it_is_in_and_no_other(place: int, byte: int) -> None:
    good = lines_of(spans_document(SPAN))
    data = bytearray(good)
    data[place % (len(good) - 1)] = byte
    contents = stored(good + bytes(data) + good)
    assert contents.spans >= 2
