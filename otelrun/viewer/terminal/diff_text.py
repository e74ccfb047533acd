"""Two runs compared, as text of 25 lines at most: what changed in a table, the rest in a line. Pure: values in, texts out."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from otelrun.viewer import phrases
from otelrun.viewer.analysis.comparison import FASTER, FEWEST_CALLS, GONE, NEW, SAME, SLOWER, TOO_FEW
from otelrun.viewer.terminal.columns import Column, lay_out
from otelrun.viewer.terminal.run_summary import short_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otelrun.store.listing import Listing
    from otelrun.viewer.analysis.comparison import Comparison, EndpointChange, Shift
    from otelrun.viewer.analysis.failures import Failure
    from otelrun.viewer.terminal.screen import Glyphs

_ENDPOINTS, _SHIFTS, _FAILURES, _GONE, _COMMANDS = 7, 4, 3, 2, 2
_INDENT = "  "
_STYLES = {SLOWER: "bold red", FASTER: "green", NEW: "cyan", GONE: "yellow"}


class Pair(NamedTuple):
    """The two runs that are compared, the earlier first."""

    before: Listing
    after: Listing


def draw_diff(pair: Pair, comparison: Comparison, width: int, glyphs: Glyphs, now_ns: int) -> Iterator[Text]:
    """Draw two runs compared.

    Args:
        pair: the runs.
        comparison: of the second with the first.
        width: in columns; each line fits.
        glyphs: the characters to draw with.
        now_ns: ns since the epoch.
    """
    for line in _lines(pair, comparison, width, glyphs, now_ns):
        line.truncate(width, overflow="ellipsis")
        yield line


def _lines(pair: Pair, comparison: Comparison, width: int, glyphs: Glyphs, now_ns: int) -> Iterator[Text]:
    yield from _headlines(pair, glyphs, now_ns)
    changed = [one for one in comparison.endpoints if one.is_changed]
    shown = changed[:_ENDPOINTS] or list(comparison.endpoints[:_ENDPOINTS])
    if shown:
        yield Text()
        yield from _table(shown, width, glyphs)
    yield from _rest([one for one in comparison.endpoints if one not in shown], is_changed=bool(changed))
    if comparison.new_failures:
        yield Text("\nnewly failing", "bold red")
        yield from _failures(comparison.new_failures, _FAILURES, glyphs.error, width, glyphs)
    if comparison.gone_failures:
        yield Text("\nno longer failing", "bold")
        yield from _failures(comparison.gone_failures, _GONE, glyphs.done, width, glyphs)
    if not (changed or comparison.new_failures or comparison.gone_failures):
        yield Text("\nNothing got slower, nothing newly fails.")
    yield Text("\nnext: " + glyphs.dot.join(islice(_next(_short(pair), comparison), _COMMANDS)), "dim")


def _next(short: tuple[str, str], comparison: Comparison) -> Iterator[str]:
    """Give the commands that show what is told here."""
    if comparison.new_failures:
        yield f"otelrun show {short[1]} --errors"
    slower = [one.after.p50_ns for one in comparison.endpoints if one.verdict == SLOWER and one.after]
    if slower:
        yield f"otelrun show {short[1]} --slow {max(slower) // 1_000_000}ms"
    yield f"otelrun diff {' '.join(short)} --json"


def _short(pair: Pair) -> tuple[str, str]:
    ids = pair.before.run.run_id, pair.after.run.run_id
    short = short_ids(ids)
    return short[ids[0]], short[ids[1]]


def _headlines(pair: Pair, glyphs: Glyphs, now_ns: int) -> Iterator[Text]:
    for word, short, listing in zip(("before", "after "), _short(pair), pair, strict=True):
        run = listing.run
        text = Text().append(f"{word} ", "dim").append(short, "bold")
        parts = [(phrases.visible(run.service_name, 30), "cyan")] if run.service_name else []
        if run.started_ns:
            parts.append((phrases.ago(run.started_ns, now_ns), "dim"))
        took = listing.duration_ns(now_ns)
        if took is not None:
            parts.append((phrases.duration(took), ""))
        if listing.state != "ended":
            parts.append((listing.state, "yellow"))
        if listing.totals is not None:
            parts.append((phrases.count(listing.totals.spans, "span"), ""))
        parts.append((phrases.visible(" ".join(run.command), 200), "dim"))
        for part, style in parts:
            text.append(glyphs.dot, "dim").append(part, style)
        yield text


def _table(changes: Sequence[EndpointChange], width: int, glyphs: Glyphs) -> Iterator[Text]:
    has_failed = any(one.failed for change in changes for one in (change.before, change.after) if one)
    columns = [
        Column("endpoint", is_elastic=True),
        Column("calls", is_right=True),
        Column("failed", is_right=True),
        Column("p50", is_right=True),
        Column("p95", is_right=True),
        Column(""),
    ]
    rows = [_row(change, glyphs) for change in changes]
    if not has_failed:
        columns.pop(2)
        rows = [(*row[:2], *row[3:]) for row in rows]
    heading, *lines = lay_out(columns, rows, width)
    yield heading
    left = _SHIFTS
    for line, change in zip(lines, changes, strict=True):
        yield line
        if change.shifts and left:
            left -= 1
            yield Text(_INDENT).append(glyphs.dot.join(_shift(one, glyphs) for one in change.shifts), "yellow")


def _row(change: EndpointChange, glyphs: Glyphs) -> tuple[Text, ...]:
    before, after = change.before, change.after
    mark = Text(f"{glyphs.error} ", "bold red") if change.is_newly_failing else Text()
    name = mark.append(phrases.visible(change.endpoint, 200) or "(no name)", "bold")
    calls = _both([_number(one.calls) for one in (before, after) if one], glyphs)
    failed = _both([_number(one.failed) for one in (before, after) if one], glyphs)
    return (
        name,
        Text(calls),
        Text("-", "dim") if failed == "0" else Text(failed, "red" if change.is_newly_failing else ""),
        Text(_times([one.p50_ns for one in (before, after) if one], glyphs)),
        Text(_times([one.p95_ns for one in (before, after) if one], glyphs)),
        Text(_verdict(change, glyphs), _STYLES.get(change.verdict, "dim")),
    )


def _number(value: int) -> str:
    return f"{value:,}"


def _both(texts: Sequence[str], glyphs: Glyphs) -> str:
    """Say what was before and after, or the one thing that there is to say."""
    return glyphs.to.join(dict.fromkeys(texts))


def _times(values: Sequence[int], glyphs: Glyphs) -> str:
    """Say durations, the unit once where it is the same."""
    texts = [phrases.duration(value) for value in values]
    numbers, units = zip(*(text.rsplit(" ", 1) for text in texts), strict=True)
    if len(set(units)) == 1 and not any(" " in number for number in numbers):
        return f"{_both(numbers, glyphs)} {units[0]}"
    return _both(texts, glyphs)


def _verdict(change: EndpointChange, glyphs: Glyphs) -> str:
    if change.verdict == SLOWER:
        return f"{_ratio(change.ratio)}{glyphs.times} slower"
    if change.verdict == FASTER:
        return f"{_ratio(1 / change.ratio) if change.ratio else '?'}{glyphs.times} faster"
    return change.verdict


def _ratio(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 9.95 else f"{ratio:.1f}"  # noqa: PLR2004 - two digits


def _shift(shift: Shift, glyphs: Glyphs) -> str:
    library = phrases.visible(shift.library, 24)
    calls = [f"{number:.0f}" if number == int(number) else f"{number:.1f}" for number in shift[3:]]
    shares = [f"{share:.0%}".replace("%", " %") for share in shift[1:3]]
    parts = []
    if calls[0] != calls[1]:
        parts.append(f"{calls[0]} {glyphs.to} {calls[1]} per request")
    if shares[0] != shares[1]:
        parts.append(f"{shares[0]} {glyphs.to} {shares[1]} of the time")
    return f"{library} {', '.join(parts)}"


def _rest(left: Sequence[EndpointChange], *, is_changed: bool) -> Iterator[Text]:
    """Say what became of the endpoints that the table leaves out."""
    parts = []
    for verdict, words in ((SAME, "about the same"), (TOO_FEW, f"with fewer than {FEWEST_CALLS} calls")):
        number = sum(one.verdict == verdict and not one.is_changed for one in left)
        if number:
            parts.append(f"{phrases.count(number, 'endpoint')} {words}")
    more = sum(one.is_changed for one in left)
    if more:
        parts.insert(0, f"{more} more changed")
    if parts:
        yield Text(f"{'' if is_changed else 'and '}{', '.join(parts)}", "dim")


def _failures(failures: Sequence[Failure], most: int, mark: str, width: int, glyphs: Glyphs) -> Iterator[Text]:
    for failure in failures[:most]:
        what = ": ".join(filter(None, (failure.type, failure.message.split("\n")[0])))
        where = phrases.visible(failure.frame.location, 80) if failure.frame else ""
        endpoints = f" on {phrases.visible(failure.endpoints[0], 40)}" if failure.endpoints else ""
        times = f"{failure.times:,}{glyphs.times}{endpoints}"
        ending = f"  {where}  {times}" if where else f"  {times}"
        text = Text(f"{mark} ", "bold").append(phrases.visible(what, 300), "")
        text.truncate(max(width - cell_len(ending), width // 2), overflow="ellipsis")
        yield text.append(ending, "dim")
    if len(failures) > most:
        yield Text(f"{_INDENT}and {len(failures) - most} more", "dim")
