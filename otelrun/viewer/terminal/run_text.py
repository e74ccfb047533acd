"""The whole answer of ``otelrun show`` for people, top to bottom. Pure: a view in, ``rich`` texts out.

The texts are to be printed without wrapping: they fit, and the one that may not (a path) must stay whole.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from rich.text import Text

from otelrun.store.listing import INTERRUPTED, LOCAL_STORE, RUNNING
from otelrun.viewer import phrases
from otelrun.viewer.known_instrumentations import install_command
from otelrun.viewer.terminal.run_summary import facts, headline, short_ids, traces_table
from otelrun.viewer.terminal.trace_text import TraceDrawing, log_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otelrun.store.rows import Trace
    from otelrun.viewer.facts import RunFacts, View
    from otelrun.viewer.known_instrumentations import Gap
    from otelrun.viewer.terminal.screen import Glyphs

_NOTHING = "Nothing was recorded: the command used nothing that otelrun instruments."
_NOTHING_OR_TOLD = "Nothing was recorded: no use of what otelrun instruments, or a reason on stderr."
_NOTHING_AND_NOTED = "Nothing was recorded; the notes say which processes were left alone, and why."
_UNWRITTEN = "Its store could not be written; agent.log in the run's directory says why."
_NOTHING_YET = "Nothing recorded yet; the run goes on."
_WITHOUT = (_NOTHING, _NOTHING_OR_TOLD, _NOTHING_YET)
_LINES_IN_RUN = 60
_GAPS_NAMED = 4


def draw_run(view: View, width: int, glyphs: Glyphs, now_ns: int) -> Iterator[Text]:
    """Draw a run: its summary, its most interesting trace, a table of the others, the next command."""
    yield headline(view.facts.listing, now_ns, glyphs)
    yield from facts(view.facts, width, glyphs, now_ns)
    totals = view.facts.listing.totals
    if totals is None:
        yield from _nothing(_why_no_store(view.facts), view.facts)
        return
    if view.trace is None:
        yield from _without_trace(view, width)
        return
    yield Text()
    yield _trace_headline(view.trace, glyphs)
    drawing = TraceDrawing(view.trace, width, glyphs).lines()
    yield from islice(drawing, _LINES_IN_RUN)
    rest = sum(1 for _ in drawing)
    short = phrases.short_trace(view.trace.summary.trace_id)
    if rest:
        yield Text(f"... {phrases.count(rest, 'more line')}: otelrun show {short}", "dim")
    if view.others:
        yield Text(f"\nother traces{_how_many(view, totals.traces)}", "dim")
        yield from traces_table(view.others, width, glyphs)
    yield _next(view, glyphs)


def _why_no_store(about: RunFacts) -> str:
    listing = about.listing
    if LOCAL_STORE not in listing.run.destinations:
        return "This run keeps no store; its telemetry went where its profile sends it."
    if listing.state == INTERRUPTED:
        return "What it recorded is not in its store yet."
    if _is_telemetry_recorded(about):
        return _UNWRITTEN
    if about.notes:
        return _NOTHING_AND_NOTED
    return _NOTHING_OR_TOLD if listing.state != RUNNING else _NOTHING_YET


def _is_telemetry_recorded(about: RunFacts) -> bool:
    """Say whether more than notes was, which are shown above."""
    return any(number for kind, number in about.accounts.total().recorded.items() if kind != "notes")


def _how_many(view: View, total: int) -> str:
    number = len(view.others)
    if view.is_filtered:
        return f" like that ({number})"
    return f" ({number} of {total - 1}; failed and slow ones first)" if number < total - 1 else ""


def draw_trace(view: View, width: int, glyphs: Glyphs, now_ns: int) -> Iterator[Text]:
    """Draw one trace."""
    yield headline(view.facts.listing, now_ns, glyphs)
    if view.trace is not None:
        yield _trace_headline(view.trace, glyphs)
        yield from TraceDrawing(view.trace, width, glyphs).lines()
        short = phrases.short_trace(view.trace.summary.trace_id)
        yield Text(f"\nattributes: otelrun show {short} --json", "dim")


def _trace_headline(trace: Trace, glyphs: Glyphs) -> Text:
    summary = trace.summary
    text = Text("trace ").append(summary.trace_id, "bold")
    text.append(glyphs.dot, "dim").append(phrases.count(summary.spans, "span"))
    if summary.errors:
        text.append(glyphs.dot, "dim").append(f"{summary.errors} failed", "red")
    text.append(glyphs.dot, "dim").append(phrases.count(summary.logs, "log"))
    return text.append(glyphs.dot, "dim").append(phrases.duration(summary.duration_ns))


def _without_trace(view: View, width: int) -> Iterator[Text]:
    totals, state = view.facts.listing.totals, view.facts.listing.state
    if view.is_filtered and totals is not None and totals.traces:
        yield Text("\nNo trace of this run is like that.")
        return
    if view.logs:
        yield Text("\nNo spans; the newest log lines:", "dim")
        start_ns = view.facts.listing.run.started_ns or view.logs[0].time_ns
        for log in view.logs:
            yield log_line(Text(), log, start_ns, width)
        if view.facts.gaps:
            yield from _missing("No spans", view.facts.gaps)
        return
    if totals is not None and totals.is_empty and state != INTERRUPTED:
        nothing = _UNWRITTEN if _is_telemetry_recorded(view.facts) else _NOTHING
        yield from _nothing(nothing if state != RUNNING else _NOTHING_YET, view.facts)


def _nothing(why: str, about: RunFacts) -> Iterator[Text]:
    """Say that there is nothing to show; where it is because nothing is instrumented, what mends it."""
    if not about.gaps or why not in _WITHOUT:
        yield Text(f"\n{why}", "dim")
        return
    yield from _missing("Nothing recorded yet" if why == _NOTHING_YET else "Nothing was recorded", about.gaps)


def _missing(what: str, found: Sequence[Gap]) -> Iterator[Text]:
    """Say what there is none of, which libraries would have made some, and what installs the instrumentations of these."""
    gaps = [gap for gap in found if not gap.is_aside] or found
    named = [gap.library for gap in gaps[:_GAPS_NAMED]]
    if len(gaps) > _GAPS_NAMED:
        named.append(f"{len(gaps) - _GAPS_NAMED} more")
    yield Text(f"\n{what}. Imported and not instrumented: ").append(", ".join(named), "yellow")
    yield Text("  install what is missing: ", "dim").append(install_command(gaps), "bold")


def _next(view: View, glyphs: Glyphs) -> Text:
    run_id = view.facts.listing.run.run_id
    short = short_ids([run_id])[run_id]
    commands = [f"otelrun tail {short}"] if view.facts.listing.state == RUNNING else []
    commands += [f"otelrun show {phrases.short_trace(view.others[0].trace_id)}"] if view.others else []
    commands += [f"otelrun ui {short}", f"otelrun show {short} --json"]
    return Text("\nnext: " + glyphs.dot.join(commands), "dim")
