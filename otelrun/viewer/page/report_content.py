"""What goes into a report: reads a store, chooses traces where not all fit, masks. Writes no file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun.errors import NotFoundError
from otelrun.store import browsing
from otelrun.store.encoding import json_text
from otelrun.store.rows import Totals
from otelrun.viewer.analysis.digest import entries_of_run
from otelrun.viewer.analysis.failures import failures_of
from otelrun.viewer.page import documents_processes
from otelrun.viewer.page.documents_metrics import metrics_document
from otelrun.viewer.page.documents_requests import errors_document
from otelrun.viewer.page.documents_run import RunState, run_document, runs_document, totals_of
from otelrun.viewer.page.masking import Masking
from otelrun.viewer.page.packing import FINE, Content, packed
from otelrun.viewer.page.report_file import report_html
from otelrun.viewer.page.static_files import load_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otelrun.store.browsing import TraceSize
    from otelrun.store.listing import Listing
    from otelrun.store.queries import StoreReader
    from otelrun.store.rows import LogRow, NoteRow, SpanRow
    from otelrun.viewer.analysis.failures import Failure

MOST_SPANS = 200_000
MOST_LOGS_OUTSIDE = 50_000

_AT_ONCE = 400
_ATTEMPTS = 6
_TEXT_PER_BYTE = 40  # attributes shrink to a fortieth at best


class Wish(NamedTuple):
    """What a report is to hold.

    Attributes:
        trace: this trace alone; empty for all.
        last: the newest so many traces; 0 for all.
        most_bytes: so large may the report be.
        most_text: so many characters of attributes.
    """

    trace: str = ""
    last: int = 0
    most_bytes: int = 1 << 40
    most_text: int = 1 << 40


class Source(NamedTuple):
    """Where a report comes from."""

    reader: StoreReader
    listing: Listing
    notes: Sequence[NoteRow] = ()

    @property
    def started_ns(self) -> int:
        """When the run began."""
        return self.listing.run.started_ns


class Made(NamedTuple):
    """A report; ``left_out`` are traces, ``masked`` values."""

    html: bytes
    spans: int
    logs: int
    left_out: int
    masked: int


def make_report(
    source: Source,
    wish: Wish,
    now_ns: int,
    *,
    keep_secrets: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Made:
    """Make a report, no larger than wished: as long as it is, with fewer traces.

    Args:
        source: the run.
        wish: what is to be in it.
        now_ns: since the epoch.
        keep_secrets: mask nothing.
        progress: is told how many of how many traces are read.

    Raises:
        NotFoundError: the trace is not there.
        StoreError: the store cannot be read.
        ReportError: the page's own files are not as they should be.
    """
    static = load_texts()
    wish = wish._replace(most_text=wish.most_bytes * _TEXT_PER_BYTE)
    for _ in range(_ATTEMPTS):
        masking = Masking(is_off=keep_secrets)
        content = content_of(source, wish, masking, now_ns, progress)
        data = packed(content, masking)
        about = content.documents[f"/api/run/{content.run_id}"]["report"]
        about["masked"] = masking.masked
        html = report_html(static, data).encode("utf-8", "backslashreplace")
        if len(html) <= wish.most_bytes or len(content.traces) <= 1:
            break
        text = sum(len(json_text(span.attributes)) for spans in content.traces for span in spans)
        page_size = len(report_html(static, {}).encode())
        room, needed = wish.most_bytes - page_size, len(html) - page_size
        wish = wish._replace(most_text=int(text * 0.9 * max(0, room) / needed))
    spans = sum(map(len, content.traces))
    return Made(html, spans, len(content.logs), about["left_out"]["traces"] if not wish.trace else 0, masking.masked)


def chosen_traces(sizes: Sequence[TraceSize], wish: Wish) -> list[str]:
    """Choose traces: those with errors first, then the newest, until there is no more room.

    Args:
        sizes: of all traces, by their start.
        wish: what the report is to hold.

    Returns:
        Their ids, by their start.
    """
    if wish.trace:
        return [size.trace_id for size in sizes if size.trace_id == wish.trace]
    wanted = sizes[-wish.last :] if wish.last else sizes
    spans, text = 0, 0
    chosen: set[str] = set()
    newest_first = list(reversed(wanted))
    for size in sorted(newest_first, key=lambda size: not size.errors):
        spans, text = spans + size.spans, text + size.text
        if chosen and (spans > MOST_SPANS or text > wish.most_text):
            break
        chosen.add(size.trace_id)
    return [size.trace_id for size in wanted if size.trace_id in chosen]


def content_of(
    source: Source, wish: Wish, masking: Masking, now_ns: int, progress: Callable[[int, int], None] | None = None
) -> Content:
    """Read what a report holds.

    Args:
        source: the run.
        wish: what is to be in it.
        masking: for its documents; spans and log records are masked when they are packed.
        now_ns: since the epoch.
        progress: is told how many of how many traces are read.

    Raises:
        NotFoundError: the trace is not there.
        StoreError: the store cannot be read.
    """
    reader = source.reader
    sizes = browsing.trace_sizes(reader)
    ids = chosen_traces(sizes, wish)
    if wish.trace and not ids:
        message = f"there is no trace {wish.trace} in run {source.listing.run.run_id}"
        raise NotFoundError(message)
    traces, logs = _read(reader, ids, progress)
    if not wish.trace:
        since_ns = traces[0][0].start_ns if traces and len(ids) < len(sizes) else 0
        logs += reader.logs_outside_traces(limit=MOST_LOGS_OUTSIDE, since_ns=since_ns)
        logs.sort(key=lambda log: (log.time_ns, log.id))
    here = frozenset(ids)
    entries = [entry for entry in entries_of_run(reader) if entry.trace_id in here]
    failures = [failure for failure in failures_of(reader) if _is_told(failure, here, wish)]
    documents = _documents(source, wish, failures, traces, logs, now_ns)
    return Content(
        source.listing.run.run_id,
        source.started_ns,
        traces,
        logs,
        sorted(entries, key=lambda entry: entry.start_ns),
        masking.document(documents),
        frozenset(failure.span_id for failure in failures),
    )


def _is_told(failure: Failure, here: frozenset[str], wish: Wish) -> bool:
    return failure.trace_id in here or not (failure.trace_id or wish.trace)


def _read(
    reader: StoreReader, ids: Sequence[str], progress: Callable[[int, int], None] | None
) -> tuple[list[list[SpanRow]], list[LogRow]]:
    """Read traces, in the order of their ids, and their log records."""
    found: dict[str, list[SpanRow]] = {trace_id: [] for trace_id in ids}
    logs: list[LogRow] = []
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        for span in reader.spans(some):
            found[span.trace_id].append(span)
        logs += reader.logs_of(some)
        if progress is not None:
            progress(min(first + _AT_ONCE, len(ids)), len(ids))
    return [spans for spans in found.values() if spans], logs


def _documents(
    source: Source,
    wish: Wish,
    failures: Sequence[Failure],
    traces: Sequence[Sequence[SpanRow]],
    logs: Sequence[LogRow],
    now_ns: int,
) -> dict[str, Any]:
    """Make the documents that a report holds as they are, by their addresses."""
    reader, run = source.reader, source.listing.run
    whole = source.listing.totals or Totals()
    here = replace(
        whole,
        traces=len(traces),
        spans=sum(map(len, traces)),
        errors=sum(span.is_error for spans in traces for span in spans),
        logs=len(logs),
    )
    base = f"/api/run/{run.run_id}"
    unstored = sum(row.unstored for row in reader.processes())
    state = RunState(source.listing, "", source.notes, unstored, can_sql=False)
    about = {
        "made_ms": now_ns // 1_000_000,
        "left_out": {
            "traces": max(0, whole.traces - here.traces),
            "spans": max(0, whole.spans - here.spans),
            "logs": max(0, whole.logs - here.logs),
        },
        "masked": 0,
        "trace": wish.trace or None,
        "is_coarse": here.spans > FINE,
    }
    listing = replace(source.listing, totals=here)
    series = [] if wish.trace else browsing.series_of(reader)
    return {
        "/api/runs": runs_document([listing], run.run_id, now_ns),
        base: {**run_document(state, now_ns), "totals": totals_of(here), "report": about},
        f"{base}/errors": errors_document(failures, source.started_ns),
        f"{base}/metrics": metrics_document(
            ((row, browsing.points_of(reader, row.id)) for row in series), source.started_ns
        ),
        f"{base}/processes": documents_processes.processes_document(
            documents_processes.facts_of(reader, source.listing), source.started_ns
        ),
    }
