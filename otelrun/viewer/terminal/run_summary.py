"""A run in a few lines, and the tables of runs and of traces. Pure: rows in, ``rich`` texts out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from otelrun.store.listing import ENDED, FINISHING, INTERRUPTED, RUNNING
from otelrun.viewer import phrases
from otelrun.viewer.terminal import arrival
from otelrun.viewer.terminal.columns import Column, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otelrun.store.listing import Listing
    from otelrun.store.losses import Loss
    from otelrun.store.rows import PrunedRow, Totals, TraceRow
    from otelrun.viewer.facts import RunFacts
    from otelrun.viewer.terminal.screen import Glyphs

_STATE_STYLES = {RUNNING: "green", FINISHING: "green", ENDED: "", INTERRUPTED: "yellow"}
_NOTES = 5
_LABEL = 10
_WIDE = 100
_INDENT = _LABEL + 2


def headline(listing: Listing, now_ns: int, glyphs: Glyphs) -> Text:
    """Draw a run's first line: id, service, state, how long, when."""
    run = listing.run
    parts = [(phrases.visible(run.service_name, 30), "bold cyan")] if run.service_name else []
    parts.append((listing.state, _STATE_STYLES[listing.state]))
    took = listing.duration_ns(now_ns)
    if took is not None:
        parts.append((phrases.duration(took), ""))
    if run.started_ns:
        parts.append((f"{phrases.clock(run.started_ns, now_ns)} ({phrases.ago(run.started_ns, now_ns)})", "dim"))
    text = Text("run ").append(run.run_id, "bold")
    for part, style in parts:
        text.append(glyphs.dot, "dim").append(part, style)
    return text


def facts(about: RunFacts, width: int, glyphs: Glyphs, now_ns: int) -> Iterator[Text]:
    """Draw the rest of a run's summary: a label and a value per line. Only the path of the store may exceed ``width``."""
    run = about.listing.run
    yield from _fact("command", Text(phrases.visible(" ".join(run.command))), width)
    source = f" ({phrases.visible(run.service_name_source)})" if run.service_name_source else ""
    yield from _fact("service", Text(phrases.visible(run.service_name)).append(source, "dim"), width)
    totals, accounted = about.listing.totals, about.accounts.total()
    recorded = accounted.recorded
    if totals is not None and (not totals.is_empty or not recorded):
        label = "kept" if about.listing.pruned.is_any else "recorded"
        yield from _fact(label, _recorded(totals, accounted.interrupted, glyphs), width)
    elif about.accounts.is_any:
        counted = [phrases.count(number, kind.removesuffix("s")) for kind, number in recorded.items()]
        yield from _fact("recorded", Text(glyphs.dot.join(counted) or "nothing"), width)
    arrived = arrival.lines(about, width - _INDENT, glyphs, now_ns)
    for label, value in (*_pruned(about.listing.pruned, glyphs), *arrived, *_noted(about)):
        yield from _fact(label, value, width)
    if about.store_path:
        yield from _fact("store", Text(phrases.path(about.store_path)), 1_000)


def _fact(label: str, value: Text, width: int) -> Iterator[Text]:
    if value:
        line = Text().append(f"  {label:<{_LABEL}}", "dim").append_text(value)
        line.truncate(width, overflow="ellipsis")
        yield line


def _recorded(totals: Totals, interrupted: int, glyphs: Glyphs) -> Text:
    if totals.is_empty:
        return Text("nothing", "yellow")
    text = Text(phrases.count(totals.spans, "span"))
    if totals.errors:
        text.append(f" ({totals.errors} failed)", "red")
    if interrupted:
        text.append(f" ({interrupted} interrupted)", "yellow")
    if totals.spans:
        text.append(f" in {phrases.count(totals.traces, 'trace')}")
    text.append(glyphs.dot).append(phrases.count(totals.logs, "log"))
    text.append(glyphs.dot).append(phrases.count(totals.metrics, "metric"))
    text.append(glyphs.dot).append(phrases.count(totals.processes, "process", "processes"))
    return text


def _pruned(pruned: PrunedRow, glyphs: Glyphs) -> Iterator[tuple[str, Text]]:
    """Say what the store has let go of, and which key keeps more."""
    numbers = (
        (pruned.traces, "oldest trace"),
        (pruned.spans, "span"),
        (pruned.logs, "log"),
        (pruned.points, "metric point"),
    )
    counted = glyphs.dot.join(phrases.count(number, thing) for number, thing in numbers if number)
    if counted:
        yield "pruned", Text(counted, "yellow")
        yield "", Text("more room: distribution.otelrun.store.max_run_mb", "yellow")


def _noted(about: RunFacts) -> Iterator[tuple[str, Text]]:
    if about.listing.state == INTERRUPTED:
        yield "note", Text("the agent went before the end and has left something unread", "yellow")
        yield "", Text("the next otelrun on this machine reads it; at once: otelrun true", "yellow")
    for note in about.notes[:_NOTES]:
        yield "note", Text(phrases.visible(note.text) + (f" ({note.times} times)" if note.times > 1 else ""))
    more = len(about.notes) - _NOTES
    if more > 0:
        yield "", Text(f"and {phrases.count(more, 'more note')}: otelrun show --json", "dim")


def runs_table(listings: Sequence[Listing], width: int, now_ns: int) -> Iterator[Text]:
    """Draw the table of runs, in the order given; below a run a line with what it still holds and has lost, if anything."""
    is_wide = width >= _WIDE
    columns = (
        Column("run"),
        Column("service", widest=16),
        Column("started"),
        Column("took", is_right=True),
        Column("spans", is_right=True),
        Column("failed", is_right=True),
        Column("logs", is_right=True),
        *([Column("size", is_right=True)] if is_wide else []),
        Column("command", is_elastic=True),
    )
    short = short_ids([listing.run.run_id for listing in listings])
    rows = []
    for listing in listings:
        run = listing.run
        took = listing.duration_ns(now_ns)
        state = Text(listing.state, _STATE_STYLES[listing.state])
        started = f"{phrases.clock(run.started_ns, now_ns)} {phrases.ago(run.started_ns, now_ns)}"
        rows.append(
            (
                Text(short[run.run_id], "bold"),
                Text(phrases.visible(run.service_name, 60), "cyan"),
                Text(started if run.started_ns else "?"),
                state if listing.state != ENDED or took is None else Text(phrases.duration(took)),
                *_numbers(listing),
                *([Text(phrases.size(listing.size))] if is_wide else []),
                Text(phrases.visible(" ".join(run.command), 400)),
            )
        )
    heading, *lines = lay_out(columns, rows, width)
    yield heading
    for line, listing in zip(lines, listings, strict=True):
        yield line
        yield from _missing(listing, short[listing.run.run_id])


def _missing(listing: Listing, short: str) -> Iterator[Text]:
    held, lost = sum(listing.accounts.held().values()), listing.accounts.lost()
    is_away = any(exporter.state == "holding" for exporter in listing.accounts.exporters)
    if listing.state in (RUNNING, FINISHING) and not is_away:
        held = 0  # on its way
    if held or lost:
        text = Text(" " * (cell_len(short) + 2))
        text.append(f"{held:,} held" if held else "", "yellow")
        text.append(", " if held and lost else "").append(f"{lost:,} lost" if lost else "", "red")
        yield text.append(f": otelrun show {short}", "dim")


def room(runs: int, size: int, limit: int) -> Iterator[Text]:
    """Say how much room all runs take.

    Args:
        runs: how many there are.
        size: bytes.
        limit: bytes; 0 where it is not known.
    """
    of_limit = f" of {phrases.size(limit)} (store.max_total_mb)" if limit else ""
    yield Text(f"\n{phrases.count(runs, 'run')}, {phrases.size(size)}{of_limit}", "dim")


def removed(loss: Loss) -> Iterator[Text]:
    """Say what went with runs that were removed before it was delivered; nothing where there are none."""
    if loss.runs:
        runs = phrases.count(loss.runs, "older run was", "older runs were")
        yield Text(f"\n{runs} removed with undelivered telemetry: {loss}", "red")


def _numbers(listing: Listing) -> tuple[Text, Text, Text]:
    totals = listing.totals
    if totals is None:
        counted = {kind: str(number) for kind, number in listing.accounts.total().recorded.items()}
        spans = Text("unreadable", "red") if listing.problem else Text(counted.get("spans", "-"))
        return (spans, Text("-", "dim"), Text(counted.get("logs", "-")))
    failed = Text(str(totals.errors), "bold red") if totals.errors else Text("-", "dim")
    return (Text(str(totals.spans)), failed, Text(str(totals.logs)))


def short_ids(run_ids: Sequence[str]) -> dict[str, str]:
    """Give the shortest way to name each run: the end of its id, all of it where two end alike."""
    ends = [run_id.rpartition("-")[2] for run_id in run_ids]
    return {run_id: end if ends.count(end) == 1 else run_id for run_id, end in zip(run_ids, ends, strict=True)}


def traces_table(traces: Sequence[TraceRow], width: int, glyphs: Glyphs) -> Iterator[Text]:
    """Draw the table of traces, in the order given."""
    columns = (
        Column("trace"),
        Column("first span", is_elastic=True),
        Column("service", widest=20),
        Column("took", is_right=True),
        Column("spans", is_right=True),
        Column("failed", is_right=True),
        Column("logs", is_right=True),
    )
    rows = []
    for trace in traces:
        first = Text(f"{glyphs.error} ", "bold red") if trace.errors else Text()
        rows.append(
            (
                Text(phrases.short_trace(trace.trace_id)),
                _with_details(first.append(phrases.visible(trace.name, 400), "bold"), trace),
                Text(phrases.visible(trace.service_name, 60), "cyan"),
                Text(phrases.duration(trace.duration_ns)),
                Text(str(trace.spans)),
                Text(str(trace.errors), "red") if trace.errors else Text("-", "dim"),
                Text(str(trace.logs) if trace.logs else "-", "" if trace.logs else "dim"),
            )
        )
    return lay_out(columns, rows, width)


def _with_details(first: Text, trace: TraceRow) -> Text:
    first.append(" interrupted" if trace.interrupted else "", "yellow")
    about = phrases.visible(phrases.target(trace), 200)
    return first.append(f"  {about}", "dim") if about else first
