"""What is said of a run when its program has ended: what failed first, then where the time went, then where to look. Pure.

At most 15 lines, which fit; three where nothing failed and nothing is slow. Every line but the first is set off, so that it is
not taken for the program's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from otelrun.viewer import phrases
from otelrun.viewer.known_instrumentations import install_command
from otelrun.viewer.terminal import arrival
from otelrun.viewer.terminal.columns import Column, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otelrun.viewer.analysis.endpoints import Endpoint
    from otelrun.viewer.analysis.failures import Failure
    from otelrun.viewer.known_instrumentations import Gap
    from otelrun.viewer.summary import Summary
    from otelrun.viewer.terminal.screen import Glyphs

MOST_LINES = 15
SLOW_NS = 100_000_000
"""A request that takes so long is worth a table."""

_PREFIX = "otelrun: "
_INDENT = "  "
_FAILURES = 4
_CALM_ENDPOINTS = 3
_REMEDIES = 4
_NOTES = 4
_FEWEST_ENDPOINTS = 2
_SHORTEST_MESSAGE = 24
_SHORTEST_NAME = 8
_WIDE = 100
_SERVING = ("server", "consumer")


def draw_line(summary: Summary, width: int, glyphs: Glyphs, now_ns: int) -> Iterator[Text]:
    """Draw the summary in one line."""
    text = _facts(summary, glyphs, now_ns, has_id=False)
    verb = "show" if summary.about.listing.totals is None else "ui"
    look = Text().append(glyphs.dot, "dim").append(f"otelrun {verb} {_short(summary)}")
    room = width - look.cell_len
    if summary.failures:
        failure = summary.failures[0]
        place = _place(failure).partition(" in ")[0]
        both = f"{_kind(failure)} at {place}" if place else _kind(failure)
        left = room - len(_PREFIX) - _SHORTEST_NAME - text.cell_len - len(" ()")
        text.append(f" ({both if cell_len(both) <= left else place or both})", "red")
    yield _headline(summary, text, room).append_text(look)


def draw(summary: Summary, width: int, glyphs: Glyphs, now_ns: int) -> Iterator[Text]:
    """Draw the summary.

    Args:
        summary: what was read.
        width: in columns.
        glyphs: what it is drawn with.
        now_ns: the time, since the epoch.
    """
    drawing = _Body(summary, width - len(_INDENT), glyphs, now_ns)
    yield _headline(summary, _facts(summary, glyphs, now_ns), width)
    for line in drawing.lines():
        yield _cut(Text(_INDENT).append_text(line), width) if line else line


def _headline(summary: Summary, facts: Text, width: int) -> Text:
    """Put the name of the service before the facts; where there is no room for both, the name gives way first."""
    name = Text().append(phrases.visible(summary.about.listing.run.service_name, 30) or "the program", "bold cyan")
    _cut(name, max(_SHORTEST_NAME, width - len(_PREFIX) - facts.cell_len))
    return _cut(Text().append(_PREFIX, "dim").append_text(name).append_text(facts), width)


def _facts(summary: Summary, glyphs: Glyphs, now_ns: int, *, has_id: bool = True) -> Text:
    listing = summary.about.listing
    line = Text()
    parts = [(f"run {_short(summary)}", "")] if has_id else []
    if listing.run.started_ns:
        parts.append((phrases.duration(max(0, (listing.run.ended_ns or now_ns) - listing.run.started_ns)), ""))
    if summary.exit_status is not None:
        parts.append((_ended(summary.exit_status), "red" if summary.exit_status else ""))
    for part, style in parts:
        line.append(glyphs.dot, "dim").append(part, style)
    return line.append(glyphs.dot, "dim").append_text(_counted(summary))


def _ended(status: int) -> str:
    return f"exit {status}" if status >= 0 else f"killed by signal {-status}"


def _counted(summary: Summary) -> Text:
    counts = summary.counts
    if not counts.all:
        recorded = _recorded(summary)
        return Text(recorded).append_text(_logged(summary)) if recorded else Text("nothing was recorded", "yellow")
    kinds = [(counts.requests, "request"), (counts.messages, "message"), (counts.calls, "call")]
    text = Text(" and ".join(phrases.count(number, kind) for number, kind in kinds if number))
    text.append(", ").append(f"{counts.failed:,} failed" if counts.failed else "none failed", _red(counts.failed))
    if counts.interrupted:
        text.append(f", {counts.interrupted:,} interrupted", "yellow")
    if _is_cut(summary):
        text.append(f" (the first {100 * summary.traces_read // summary.totals.traces}% of the run)", "dim")
    return text


def _logged(summary: Summary) -> Text:
    """Count what was logged, where that is all there is to tell."""
    if summary.failures:
        return Text()
    counted = [(summary.logged.errors, "error", "red"), (summary.logged.warnings, "warning", "yellow")]
    text = Text()
    for number, kind, style in counted:
        if number:
            text.append(", ").append(phrases.count(number, kind), style)
    return text


def _is_cut(summary: Summary) -> bool:
    return summary.counts.all > 0 and summary.traces_read < summary.totals.traces


def _recorded(summary: Summary, dot: str = ", ") -> str:
    """Count what was recorded; of a run without a store what its agent has counted."""
    totals, accounted = summary.totals, summary.about.accounts.total().recorded
    numbers = [
        (totals.spans or accounted.get("spans", 0), "span"),
        (totals.logs or accounted.get("logs", 0), "log"),
        (totals.metrics, "metric"),
    ]
    return dot.join(phrases.count(number, kind) for number, kind in numbers if number)


class _Body:
    """What stands below the headline, and is set off as a whole."""

    def __init__(self, summary: Summary, width: int, glyphs: Glyphs, now_ns: int) -> None:
        self._summary = summary
        self._width = width
        self._glyphs = glyphs
        self._now_ns = now_ns

    def lines(self) -> Iterator[Text]:
        """Draw it."""
        summary = self._summary
        if not _recorded(summary):
            yield from self._nothing()
            return
        endpoints, failures = summary.endpoints, list(self._failures())
        troubles, end = list(self._troubles()), list(self._end())
        is_slow = any(one.p95_ns >= SLOW_NS and one.kind in _SERVING for one in endpoints)
        if not (failures or summary.counts.failed or is_slow):
            if endpoints:
                yield self._calm(endpoints)
            yield from (*self._logged(), *troubles, *end)
            return
        blanks = 2 + bool(failures)
        room = MOST_LINES - 1 - blanks - len(failures) - len(troubles) - len(end)
        if endpoints:
            yield Text()
            yield from self._table(endpoints, max(room - 1, _FEWEST_ENDPOINTS))
        if failures:
            yield Text()
            yield from failures
        yield Text()
        yield from (*troubles, *end)

    def _table(self, endpoints: Sequence[Endpoint], most: int) -> Iterator[Text]:
        """Draw the endpoints, at most so many lines and the headings."""
        shown = endpoints if len(endpoints) <= most else endpoints[: most - 1]
        has_parts = any(len(one.time_in) > 1 for one in shown)
        columns = (
            Column("endpoint", is_elastic=True),
            *(Column(name, is_right=True) for name in ("calls", "failed", "p50", "p95")),
            *([Column("time in")] if has_parts else ()),
        )
        rows = [self._cells(one)[: len(columns)] for one in shown]
        yield from lay_out(columns, rows, self._width)
        if len(shown) < len(endpoints):
            yield Text(f"and {len(endpoints) - len(shown):,} more", "dim")

    def _cells(self, one: Endpoint) -> tuple[Text, ...]:
        return (
            Text(phrases.visible(one.endpoint, 200) or "(no name)", "bold red" if one.failed else "bold"),
            Text(f"{one.calls:,}"),
            Text(f"{one.failed:,}" if one.failed else "-", "red" if one.failed else "dim"),
            Text(phrases.duration(one.p50_ns)),
            Text(phrases.duration(one.p95_ns), "yellow" if one.p95_ns >= SLOW_NS else ""),
            self._parts(one),
        )

    def _parts(self, one: Endpoint) -> Text:
        """Draw where the time of an endpoint went: a bar, thick for its own code, and the largest shares."""
        total = sum(one.time_in.values())
        if not total:
            return Text()
        cells, most = (10, 3) if self._width > _WIDE else (6, 2)
        first, *others = one.time_in
        own = round(cells * one.time_in[first] / total)
        bar = Text().append(self._glyphs.full * own, "cyan").append(self._glyphs.thin * (cells - own), "magenta")
        shares = [(name, round(100 * one.time_in[name] / total)) for name in (first, *others)]
        shares.sort(key=lambda share: -share[1])
        named = [f"{phrases.visible(name, 12)} {share}%" for name, share in shares[:most] if share]
        return bar.append(" ").append(" ".join(named))

    def _calm(self, endpoints: Sequence[Endpoint]) -> Text:
        """Name the endpoints in a line, where there is nothing to be said of them."""
        parts = []
        for one in endpoints[:_CALM_ENDPOINTS]:
            name = phrases.visible(one.endpoint, 60) or "(no name)"
            parts.append(f"{name} {one.calls:,} {self._glyphs.times} {phrases.duration(one.p50_ns)}")
        if len(endpoints) > _CALM_ENDPOINTS:
            parts.append(f"and {len(endpoints) - _CALM_ENDPOINTS:,} more")
        return Text(self._glyphs.dot.join(parts))

    def _logged(self) -> Iterator[Text]:
        """Draw the newest error that was logged, where nothing else failed."""
        logged = self._summary.logged
        if logged.last:
            more = f"   and {logged.errors - 1:,} more" if logged.errors > 1 else ""
            line = Text(f"{self._glyphs.error} ", "bold red").append(phrases.visible(logged.last, 200), "red")
            yield _cut(line, self._width - cell_len(more)).append(more, "dim")

    def _failures(self) -> Iterator[Text]:
        """Draw what went wrong, the first with the log line before it."""
        failures = self._summary.failures
        shown = failures if len(failures) <= _FAILURES else failures[: _FAILURES - 1]
        for number, failure in enumerate(shown):
            yield from self._failure(failure, is_first=number == 0)
        if len(shown) < len(failures):
            yield Text(f"and {phrases.count(len(failures) - len(shown), 'more kind', 'more kinds')} of failures", "dim")

    def _failure(self, failure: Failure, *, is_first: bool) -> Iterator[Text]:
        what = Text().append(f"{self._glyphs.error} ", "bold red")
        what.append(": ".join(part for part in (_kind(failure), phrases.visible(failure.message, 200)) if part), "red")
        place = _place(failure)
        about = Text().append(f"{place}   " if place else "", "bold")
        about.append(f"{failure.times:,}{self._glyphs.times}")
        if failure.endpoints:
            others = f" and {len(failure.endpoints) - 1:,} more" if len(failure.endpoints) > 1 else ""
            about.append(f" on {phrases.visible(failure.endpoints[0], 40)}{others}")
        room = self._width - about.cell_len - 3
        if what.cell_len <= room or (not is_first and room >= _SHORTEST_MESSAGE):
            what.truncate(room, overflow="ellipsis")
            yield what.append("   ").append_text(about)
        else:
            yield what
            yield Text(_INDENT).append_text(about)
        if is_first and failure.log_before:
            log = Text().append("log before it: ", "dim").append(phrases.visible(failure.log_before, 200))
            yield Text(_INDENT).append_text(log)

    def _troubles(self) -> Iterator[Text]:
        """Say what is missing, waits, or goes on."""
        summary = self._summary
        if _is_cut(summary):
            yield Text(f"figures of the first {summary.traces_read:,} of {summary.totals.traces:,} traces", "dim")
        if summary.lives_on:
            goes_on = phrases.count(summary.lives_on, "process of it goes on", "processes of it go on")
            yield Text(
                f"{goes_on} and is recorded" if summary.lives_on == 1 else f"{goes_on} and are recorded", "yellow"
            )
        if summary.pruned.is_any:
            yield Text(f"{phrases.count(summary.pruned.traces, 'trace')} of it had no room in the store", "yellow")
        if not summary.counts.requests:
            yield from self._gaps([gap for gap in summary.about.gaps if not gap.is_aside])
        yield from self._problems()

    def _problems(self) -> Iterator[Text]:
        """Say what is held and what is lost, each in one line; all of it is in ``otelrun show``."""
        parts: dict[str, list[Text]] = {}
        label = ""
        for found, text in arrival.problems(self._summary.about, self._now_ns):
            label = found or label
            parts.setdefault(label, []).append(text)
        for label, texts in parts.items():
            end = Text(f"   otelrun show {_short(self._summary)}", "dim")
            line = Text("; ", "dim").join(texts)
            yield _cut(Text(f"{label} ").append_text(line), self._width - end.cell_len).append_text(end)

    def _nothing(self) -> Iterator[Text]:
        """Say why nothing was recorded, and what mends it."""
        summary = self._summary
        troubles = list(self._troubles())
        yield from troubles
        notes = summary.about.notes
        for note in notes[:_NOTES]:
            yield Text(phrases.visible(note.text) + (f" ({note.times} times)" if note.times > 1 else ""))
        if len(notes) > _NOTES:
            yield Text(f"and {len(notes) - _NOTES:,} more reasons: otelrun show {_short(summary)}", "dim")
        if not troubles:
            yield from self._gaps(summary.about.gaps)
        if summary.about.listing.problem:
            yield Text(phrases.visible(summary.about.listing.problem), "red")
        elif not (troubles or notes or summary.about.gaps):
            yield Text("the program used nothing that otelrun instruments", "dim")

    def _gaps(self, gaps: Sequence[Gap]) -> Iterator[Text]:
        """Name what was imported and is not instrumented, and give the commands that mend it, whole."""
        if not gaps:
            return
        names = ", ".join(gap.library for gap in gaps)
        yield Text("imported, and not instrumented: ").append(names, "bold yellow")
        command = install_command(gaps)
        commands = [command] if len(command) <= self._width else [install_command([gap]) for gap in gaps[:_REMEDIES]]
        for one in dict.fromkeys(commands):
            yield Text(one, "bold")

    def _end(self) -> Iterator[Text]:
        """Draw the next commands, and as many of the counts as there is room for."""
        short = _short(self._summary)
        if self._summary.about.listing.totals is None:  # there is no store to look into
            return
        commands = Text().append("look ", "dim").append(f"otelrun ui {short}", "bold")
        share = Text().append("   share ", "dim").append(f"otelrun report {short}", "bold")
        if commands.cell_len + share.cell_len <= self._width:  # a command is given whole, or not
            commands.append_text(share)
        room = self._width - commands.cell_len - 3
        recorded = _recorded(self._summary, self._glyphs.dot)
        while recorded and cell_len(recorded) > room:  # what is recorded least often is left out
            recorded = recorded.rpartition(self._glyphs.dot)[0]
        yield commands.append("   ").append(recorded, "dim") if recorded else commands


def _kind(failure: Failure) -> str:
    """Name the type of a failure without its module, as a traceback's reader does."""
    return phrases.visible(failure.type.rpartition(".")[2] or failure.type, 60)


def _place(failure: Failure) -> str:
    return phrases.visible(failure.frame.location, 60) if failure.frame else ""


def _short(summary: Summary) -> str:
    return phrases.visible(summary.about.listing.run.run_id.rpartition("-")[2], 20)


def _red(number: int) -> str:
    return "bold red" if number else ""


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text
