"""What became of what was recorded: whether it arrived, what is held, what was lost, why, and what mends it. Pure.

Per destination one line where everything arrived; else a table of its signals, and a line for each reason.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from otelrun.ring.record import LEFT_TO_PROGRAM
from otelrun.store.listing import ENDED, FINISHING, LOCAL_STORE, RUNNING
from otelrun.viewer import phrases
from otelrun.viewer.terminal.columns import Column, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from otelrun.store.accounts import ExporterAccount, ProcessAccount
    from otelrun.viewer.facts import RunFacts
    from otelrun.viewer.terminal.screen import Glyphs

    Fact = tuple[str, Text]

_THINGS = {"spans": "span", "logs": "log record", "metrics": "metric point", "notes": "note"}
_PROCESSES = 8
_KEY = "distribution.otelrun."
_CHECK_HEADERS = "check the headers of the exporter: it does not let this sender in"
_CHECK_ENDPOINT = "check the endpoint of the exporter: nothing takes this signal there"
_RING_REMEDIES = {
    "no room": (f"more room: {_KEY}ring.size", f"a longer wait for it: {_KEY}ring.hold_ms"),
    "too large": (f"more room: {_KEY}ring.size",),
}
_REMEDIES = {
    "outbox full": (f"more room: {_KEY}outbox_limit_mb",),
    "no space on disk": ("make room on the disk of the state directory, or set OTELRUN_DIR",),
    "lost with an agent": ("make room on the disk of the state directory, or set OTELRUN_DIR",),
    "HTTP 401": (_CHECK_HEADERS,),
    "HTTP 403": (_CHECK_HEADERS,),
    "UNAUTHENTICATED": (_CHECK_HEADERS,),
    "PERMISSION_DENIED": (_CHECK_HEADERS,),
    "HTTP 404": (_CHECK_ENDPOINT,),
    "UNIMPLEMENTED": (_CHECK_ENDPOINT,),
    "no form in OTLP": ("each of them is in agent.log in the run's directory",),
}
_SERIES_REMEDY = (f"more room: {_KEY}ring.tables_size",)
_NEXT_RUN = "the next otelrun on this machine sends them; at once: otelrun true"


class _Row(NamedTuple):
    """One line of a table: who or what, and its numbers, where recorded = exported + held + lost."""

    name: Text
    recorded: int
    exported: int
    held: int
    lost: int


def lines(about: RunFacts, width: int, glyphs: Glyphs, now_ns: int) -> Iterator[Fact]:
    """Draw what became of a run's telemetry: pairs of a label and a text of at most ``width`` columns."""
    run = about.accounts
    elsewhere = [name for name in about.listing.run.destinations if name != LOCAL_STORE]
    if elsewhere and not run.exporters:
        yield "sends to", Text(glyphs.dot.join(phrases.visible(name, 200) for name in elsewhere))
    for destination in dict.fromkeys(exporter.destination for exporter in run.exporters):
        exporters = [exporter for exporter in run.exporters if exporter.destination == destination]
        yield from _destination(about, exporters, width, glyphs)
        yield from _held(about, exporters, now_ns)
    yield from _lost(about)
    if len(run.processes) + run.older_count > 1 and run.exporters:
        yield from _processes(about, width)


def problems(about: RunFacts, now_ns: int) -> Iterator[Fact]:
    """Draw only what is held and what is lost, in pairs as ``lines`` does."""
    run = about.accounts
    for destination in dict.fromkeys(exporter.destination for exporter in run.exporters):
        yield from _held(about, [one for one in run.exporters if one.destination == destination], now_ns)
    yield from _lost(about)


def _is_live(about: RunFacts) -> bool:
    return about.listing.state in (RUNNING, FINISHING)


def _destination(about: RunFacts, exporters: Sequence[ExporterAccount], width: int, glyphs: Glyphs) -> Iterator[Fact]:
    """Say how one destination stands."""
    where = phrases.visible(exporters[0].destination, 200)
    rows = [row for row in (_signal_row(about, exporter) for exporter in exporters) if row.recorded]
    if not rows:
        yield "sends to", Text(where)
        return
    held, lost = sum(row.held for row in rows), sum(row.lost for row in rows)
    things = [phrases.count(row.exported, _THINGS[exporter.signal]) for exporter, row in _paired(about, exporters)]
    is_away = any(exporter.state == "holding" for exporter in exporters)
    if not lost and (not held or (_is_live(about) and not is_away)):
        is_over = about.listing.state == ENDED  # not where the agent was killed: it has left something unread
        said, end = ("everything arrived", f" {glyphs.done}") if is_over else ("so far", "")
        more = f"; {held:,} on their way" if held else ""
        yield from _in_one_or_two("sent to", f"{said}: {', '.join(things)}", f"at {where}{more}{end}", width)
        return
    yield "sent to" if any(row.exported for row in rows) else "not sent", Text(where)
    for line in lay_out(_columns("signal"), [_cells(row) for row in rows], width):
        yield "", line


def _paired(about: RunFacts, exporters: Iterable[ExporterAccount]) -> Iterator[tuple[ExporterAccount, _Row]]:
    for exporter in exporters:
        row = _signal_row(about, exporter)
        if row.recorded:
            yield exporter, row


def _in_one_or_two(label: str, text: str, place: str, width: int) -> Iterator[Fact]:
    whole = Text(f"{text} {place}", "green")
    if whole.cell_len <= width:
        yield label, whole
        return
    yield label, Text(text, "green")
    yield "", Text(place, "green")


def _signal_row(about: RunFacts, exporter: ExporterAccount) -> _Row:
    """Add up one signal of one destination over all processes; what never came out of a ring is in it."""
    delivery, total = exporter.delivery, about.accounts.total()
    lost = delivery.lost
    held = delivery.held
    if exporter.signal != "metrics":
        lost += sum(total.dropped.get(exporter.signal, {}).values())
    recorded = delivery.exported + held + lost
    return _Row(Text(f"{_THINGS[exporter.signal]}s"), recorded, delivery.exported, held, lost)


def _held(about: RunFacts, exporters: Sequence[ExporterAccount], now_ns: int) -> Iterator[Fact]:
    """Say what waits here and since when its endpoint is away, and what sends it."""
    parts = [phrases.count(e.delivery.held, _THINGS[e.signal]) for e in exporters if e.delivery.held]
    away = [exporter for exporter in exporters if exporter.state == "holding" and exporter.delivery.held]
    if not parts or (_is_live(about) and not away):
        return
    yield "held", Text(", ".join(parts), "yellow")
    for error in dict.fromkeys(exporter.last_error for exporter in exporters if exporter.delivery.held):
        since_ns = min((exporter.since_ns for exporter in away if exporter.last_error == error), default=0)
        since = f" since {phrases.clock(since_ns, now_ns)}" if since_ns else ""
        if error or since:
            yield "", Text(f"{phrases.visible(error, 200) or 'away'}{since}", "yellow")
        elif about.listing.state == ENDED:
            yield "", Text(f"no answer in time at the end: {_KEY}exit_budget_ms", "yellow")
    yield "", Text("they are sent when it answers" if _is_live(about) else _NEXT_RUN, "yellow")


def _lost(about: RunFacts) -> Iterator[Fact]:
    """Say what is lost, each reason on a line of its own, and below it what mends it."""
    label = "lost"
    losses = [*_losses(about), ("", ())]
    for (what, remedies), (_, next_remedies) in pairwise(losses):
        yield label, Text(what, "red")
        if remedies != next_remedies:  # what mends several is said once
            for remedy in remedies:
                yield "", Text(remedy, "yellow")
        label = ""


def _losses(about: RunFacts) -> Iterator[tuple[str, tuple[str, ...]]]:
    total = about.accounts.total()
    for kind, reasons in total.dropped.items():
        for reason, number in reasons.items():
            if kind == "series":
                yield f"{phrases.count(number, 'metric series', 'metric series')} ({reason})", _SERIES_REMEDY
            else:
                yield f"{phrases.count(number, _THINGS.get(kind, kind))} ({reason})", _RING_REMEDIES.get(reason, ())
    if total.torn:
        yield f"{phrases.count(total.torn, 'record')} damaged", ()
    for exporter in about.accounts.exporters:
        for reason, number in exporter.delivery.dropped.items():
            if reason == LEFT_TO_PROGRAM:
                continue
            what = f"{phrases.count(number, _THINGS[exporter.signal])} ({phrases.visible(reason, 200)})"
            yield what, _remedy(reason)
    unstored = sum(process.unstored for process in about.processes)
    if unstored:
        yield f"{phrases.count(unstored, 'record')} not storable", ()
    missing = _missing(about) - unstored
    if missing > 0:
        yield f"{phrases.count(missing, 'record')} not in the store (see agent.log beside it)", ()


def _remedy(reason: str) -> tuple[str, ...]:
    return next((remedies for part, remedies in _REMEDIES.items() if part in reason), ())


def _missing(about: RunFacts) -> int:
    """How many spans and log records of a run that is over were taken up and are not in its store."""
    totals = about.listing.totals
    if totals is None or about.listing.state != ENDED:
        return 0
    total = about.accounts.total()
    stored = totals.spans + totals.logs + about.listing.pruned.spans + about.listing.pruned.logs
    return total.put("", "spans") + total.put("", "logs") - stored


def _processes(about: RunFacts, width: int) -> Iterator[Fact]:
    """Draw the processes, those with something held or lost first."""
    run = about.accounts
    services = {row.ring: row.service_name for row in about.processes}
    rows = [_process_row(process, services.get(process.ring, "")) for process in run.processes]
    rows.sort(key=lambda row: (not row.lost, not row.held))
    if run.older_count:
        rows.append(_process_row(run.older, f"{run.older_count:,} older ones"))
    shown = rows if len(rows) <= _PROCESSES else rows[: _PROCESSES - 1]
    columns = _columns("pid")
    if not any(row.held or row.lost for row in rows):
        columns = columns[:2]
    label = "processes"
    for line in lay_out(columns, [_cells(row)[: len(columns)] for row in shown], width):
        yield label, line
        label = ""
    if len(rows) > len(shown):
        yield "", Text(f"and {len(rows) - len(shown):,} more: otelrun show --json", "dim")


def _process_row(process: ProcessAccount, service: str) -> _Row:
    """Add up one process, all signals together; each destination counts what it was given."""
    deliveries = process.deliveries.values()
    recorded = process.interrupted + max(process.points.values(), default=0)
    lost = sum(delivery.lost for delivery in deliveries)
    held = sum(delivery.held for delivery in deliveries)
    for kind in ("spans", "logs"):
        recorded += process.recorded.get(kind, 0)
        lost += sum(process.dropped.get(kind, {}).values())
    name = Text(str(process.pid) if process.pid else "")
    name.append(f"{'  ' if process.pid else ''}{phrases.visible(service, 60)}", "cyan")
    return _Row(name, recorded, sum(delivery.exported for delivery in deliveries), held, lost)


def _columns(first: str) -> tuple[Column, ...]:
    names = ("recorded", "exported", "held", "lost")
    return (Column(first, is_elastic=True), *(Column(name, is_right=True) for name in names))


def _cells(row: _Row) -> tuple[Text, ...]:
    return (
        row.name,
        Text(f"{row.recorded:,}"),
        _cell(row.exported, "green"),
        _cell(row.held, "yellow"),
        _cell(row.lost, "red"),
    )


def _cell(number: int, style: str) -> Text:
    return Text(f"{number:,}", style) if number else Text("-", "dim")
