"""A file of OTLP/JSON read into a store: one document a line, or one document in all; gzip is unpacked on the way.

The file is foreign: what cannot be read is counted, the first of it with its line, and the rest is stored.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.errors import UnreadableFileError
from otelrun.ring.reader import SeriesState
from otelrun.ring.record import LogRecord, Scope, Series, SpanRecord
from otelrun.store import otlp_json
from otelrun.store.encoding import attributes_text
from otelrun.store.otlp_json import LeftOut, Point, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otelrun.store.ingest import StoreWriter
    from otelrun.store.otlp_json import Part

LONGEST_LINE = 256 * 1024 * 1024
"""Bytes of a line, or of a document on several lines; a longer one is not read."""

_COMMIT_EVERY = 20_000
_GZIP, _ZSTD, _SQLITE = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"SQLite format 3"


class Line(NamedTuple):
    """A document of the file and the number of its line, from 1; or why there is none."""

    number: int
    document: Any = None
    problem: str = ""


class Contents(NamedTuple):
    """What was stored of a file, and what was not.

    Attributes:
        spans: stored.
        logs: stored.
        points: of metrics, stored.
        first_ns: when the first of it happened, ns since the epoch; 0 where no time is known.
        last_ns: when the last of it had ended.
        service_name: of the resource with the most items.
        schema_url: of the resources, where one is named.
        bad: how many lines and items could not be read.
        first_bad: the first of these, ``LINE: why``.
        left_out: kind of metric that has no form in a store → points.
    """

    spans: int = 0
    logs: int = 0
    points: int = 0
    first_ns: int = 0
    last_ns: int = 0
    service_name: str = ""
    schema_url: str = ""
    bad: int = 0
    first_bad: str = ""
    left_out: dict[str, int] = {}  # noqa: RUF012 - replaced, never changed


def read_lines(path: str, progress: Callable[[int, int], None] | None = None) -> Iterator[Line]:
    """Read the documents of a file.

    Args:
        path: the file.
        progress: called now and then with how many bytes of how many were read.

    Raises:
        UnreadableFileError: it cannot be opened, or is of another kind.
    """
    try:
        with open(path, "rb") as file:
            head = file.peek(len(_SQLITE))
            _refuse_others(path, head)
            size = os.fstat(file.fileno()).st_size
            for line in _lines(gzip.GzipFile(fileobj=file) if head.startswith(_GZIP) else file):
                yield line
                if progress is not None:
                    progress(file.tell(), size)
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise UnreadableFileError(message) from error


def _refuse_others(path: str, head: bytes) -> None:
    reason = ""
    if head.startswith(_ZSTD):
        reason = "it is compressed by zstd; unpack it first: unzstd"
    elif head.startswith(_SQLITE):
        reason = "it is a database, not OTLP; for a run of otelrun: OTELRUN_DIR"
    if reason:
        message = f"{path}: {reason}"
        raise UnreadableFileError(message)


def _lines(file: io.BufferedIOBase) -> Iterator[Line]:
    """Read line by line; what begins on the first line and does not end there is one document."""
    try:
        number, raw = _next(file, 0)
        line = _parsed(number, raw)
        if line.problem and raw.strip()[:1] in (b"{", b"["):
            line, is_all = _over_several_lines(file, number, raw)
            if is_all:
                yield from _each(line)
                return
        while raw:
            yield from _each(line)
            number, raw = _next(file, number)
            line = _parsed(number, raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Line(0, problem=f"the compressed data is damaged or ends too early ({error})")


def _next(file: io.BufferedIOBase, number: int) -> tuple[int, bytes]:
    """Give the next line that is not empty, and its number; an empty one at the end."""
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if raw.strip():
            return number, raw
    return number, b""


def _over_several_lines(file: io.BufferedIOBase, number: int, first: bytes) -> tuple[Line, bool]:
    """Read the whole file as one document; only its first line where the second is a document.

    Returns:
        The document, or what is wrong with it, and whether it is the whole file; if not, the next to be read is the second line.
    """
    rest = file.read(LONGEST_LINE)
    whole = _parsed(number, first + rest)
    if whole.problem:
        at, second = _next(io.BytesIO(rest), number)
        if not _parsed(at, second).problem:
            file.seek(0)
            _next(file, 0)
            return _parsed(number, first), False
    return whole, True


def _parsed(number: int, raw: bytes) -> Line:
    if len(raw) > LONGEST_LINE:
        return Line(number, problem=f"longer than {LONGEST_LINE // (1024 * 1024)} MiB")
    try:
        return Line(number, json.loads(raw.rstrip()) if raw else None)
    except json.JSONDecodeError as error:
        return Line(number + error.lineno - 1, problem=f"not JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return Line(number, problem=f"not JSON: {type(error).__name__}")


def _each(line: Line) -> Iterator[Line]:
    """Give the documents of a line, which may be a list of them."""
    if isinstance(line.document, list):
        yield from (line._replace(document=one) for one in line.document)
    else:
        yield line


def store_lines(lines: Iterator[Line], writer: StoreWriter) -> Contents:
    """Store what the lines hold, and commit it.

    Raises:
        StoreError: the store cannot be written.
    """
    storing = _Storing(writer)
    for line in lines:
        storing.add(line)
    writer.commit()
    return storing.contents()


class _Source:
    """A resource of the file, which is a process of the store."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.items = 0


class _Storing:
    """Stores the documents of one file."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer
        self._counts = Contents(left_out={})
        self._sources: dict[str, _Source] = {}
        self._names: dict[str, str] = {}
        self._scopes: list[Scope] = []
        self._scope_numbers: dict[tuple[str, str, str, str], int] = {}
        self._series: dict[tuple[Any, ...], SeriesState] = {}
        self._uncommitted = 0

    def add(self, line: Line) -> None:
        """Store one document."""
        problem = line.problem
        try:
            for part in [] if problem else otlp_json.parts_of(line.document):
                self._add_part(line.number, part)
        except ValueError as error:
            problem = str(error)
        if problem:
            self._complain(line.number, problem)

    def _complain(self, number: int, problem: str) -> None:
        counts = self._counts
        first = counts.first_bad or (f"{number}: {problem}" if number else problem)
        self._counts = counts._replace(bad=counts.bad + 1, first_bad=first)

    def _add_part(self, number: int, part: Part) -> None:
        for item in part.items:
            if isinstance(item, Problem):
                self._complain(number, item.text)
            elif isinstance(item, LeftOut):
                self._counts.left_out[item.kind] = self._counts.left_out.get(item.kind, 0) + item.points
        records = [item for item in part.items if isinstance(item, (SpanRecord, LogRecord))]
        points = [item for item in part.items if isinstance(item, Point)]
        if not records and not points:
            return
        self._note_times(records, points)
        source = self._source(part)
        scope = self._scope_number(part.scope)
        placed = [(source.items + index, record._replace(scope=scope)) for index, record in enumerate(records)]
        self._writer.add(source.process, placed, self._scopes.__getitem__)
        for point in points:
            self._add_point(source.process, scope, point)
        source.items += len(records) + len(points)
        self._count(records, points, part.schema_url)

    def _count(self, records: list[SpanRecord | LogRecord], points: list[Point], schema_url: str) -> None:
        counts = self._counts
        spans = sum(isinstance(record, SpanRecord) for record in records)
        self._counts = counts._replace(
            spans=counts.spans + spans,
            logs=counts.logs + len(records) - spans,
            points=counts.points + len(points),
            schema_url=counts.schema_url or schema_url,
        )
        self._uncommitted += len(records) + len(points)
        if self._uncommitted >= _COMMIT_EVERY:
            self._writer.commit()
            self._uncommitted = 0

    def _note_times(self, records: list[SpanRecord | LogRecord], points: list[Point]) -> None:
        times = [point.time_ns for point in points]
        for record in records:
            if isinstance(record, SpanRecord):
                times += record.start_ns, record.end_ns
            else:
                times.append(record.time_ns or record.observed_ns)
        known = [time_ns for time_ns in times if time_ns]
        if known:
            counts = self._counts
            first_ns = min(filter(None, (counts.first_ns, *known)))
            self._counts = counts._replace(first_ns=first_ns, last_ns=max(counts.last_ns, *known))

    def _source(self, part: Part) -> _Source:
        name = attributes_text(part.resource)
        if name not in self._sources:
            pid = part.resource.get("process.pid")
            ring = f"resource-{len(self._sources) + 1}"
            pid = pid if isinstance(pid, int) and 0 < pid < 1 << 31 else 0
            process = self._writer.add_process(ring, pid, 0, self._counts.first_ns, part.resource)
            self._sources[name] = _Source(process)
            service = part.resource.get("service.name")
            self._names[name] = service if isinstance(service, str) else ""
        return self._sources[name]

    def _scope_number(self, scope: Scope) -> int:
        name = (scope.name, scope.version, scope.schema_url, attributes_text(scope.attributes))
        if name not in self._scope_numbers:
            self._scope_numbers[name] = len(self._scopes)
            self._scopes.append(scope)
        return self._scope_numbers[name]

    def _add_point(self, process: int, scope: int, point: Point) -> None:
        stream = point.stream
        name = (process, scope, stream, attributes_text(point.attributes), point.boundaries)
        before = self._series.get(name)
        state = _state(point, scope, before, len(self._series) + 1)
        self._series[name] = state
        self._writer.set_metrics(process, [state], self._scopes.__getitem__, point.time_ns)

    def contents(self) -> Contents:
        """Give what was stored."""
        most = max(self._sources, key=lambda name: self._sources[name].items, default="")
        return self._counts._replace(service_name=self._names.get(most, ""))


def _state(point: Point, scope: int, before: SeriesState | None, number: int) -> SeriesState:
    """Give how a series stands after a point: cumulative, also where the file has deltas."""
    stream = point.stream
    start_ns = point.start_ns if before is None else before.series.start_ns
    series = Series(
        stream.instrument,
        stream.name,
        stream.unit,
        stream.description,
        scope,
        point.attributes,
        point.boundaries,
        start_ns,
    )
    value, counts, minimum, maximum = point.value, point.counts, point.minimum, point.maximum
    if stream.is_delta and before is not None:
        value += before.value
        counts = tuple(new + old for new, old in zip(counts, before.counts, strict=True))
        minimum, maximum = _least(minimum, before.minimum), -_least(-maximum, -before.maximum)
    return SeriesState(
        id=number if before is None else before.id,
        series=series,
        value=value,
        is_float=isinstance(value, float),
        time_ns=point.time_ns,
        minimum=minimum,
        maximum=maximum,
        counts=counts,
    )


def _least(one: float, other: float) -> float:
    if math.isnan(one) or math.isnan(other):
        return one if math.isnan(other) else other
    return min(one, other)
