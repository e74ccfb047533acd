"""``otelrun show``: one run's summary and its most interesting trace, or one trace."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import click

from otelrun import stood_down
from otelrun.cli.durations import duration_ns
from otelrun.cli.finding import find_run_or_trace, settled
from otelrun.errors import StoreError
from otelrun.ring.directory import RunDirectory, state_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.store.listing import Listing
    from otelrun.viewer.facts import View

_TRACES_LISTED = 10
_LOGS_LISTED = 20


@click.command()
@click.argument("wanted", metavar="[RUN|TRACE]", required=False)
@click.option("--all", "all_traces", is_flag=True, help="List every trace of the run, not only ten.")
@click.option("--errors", "has_errors", is_flag=True, help="Only traces in which something failed.")
@click.option(
    "--slow", "slower_than_ns", type=duration_ns, default=0, metavar="100ms", help="Only traces that took so long."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
def show(*, wanted: str | None, all_traces: bool, has_errors: bool, slower_than_ns: int, as_json: bool) -> None:
    """Show a recorded run, or one trace of it.

    RUN is the end or the beginning of a run's id, or "last" (the default). TRACE is a trace's id or its beginning.
    """
    run, trace_id = find_run_or_trace(state_root(os.environ), wanted)
    criteria = _Criteria(None if all_traces else _TRACES_LISTED + 1, has_errors, slower_than_ns)
    view = _read(run, settled(run), trace_id, criteria)
    if as_json:
        from otelrun.viewer.document import show_document  # noqa: PLC0415

        click.echo(json.dumps(show_document(view), indent=2))
        return
    _print(view, os.environ)


class _Criteria(NamedTuple):
    limit: int | None = _TRACES_LISTED + 1
    has_errors: bool = False
    slower_than_ns: int = 0


def show_run(run: RunDirectory) -> None:
    """Show a run, as ``otelrun show`` does.

    Raises:
        StoreError: its store cannot be read.
    """
    _print(_read(run, settled(run), None, _Criteria()), os.environ)


def _read(run: RunDirectory, listing: Listing, trace_id: str | None, criteria: _Criteria) -> View:
    """Read what is to be shown.

    Raises:
        StoreError: the store cannot be read.
    """
    from otelrun.store.queries import open_store  # noqa: PLC0415 - sqlite3 only where it is needed
    from otelrun.store.rows import NoteRow  # noqa: PLC0415 - as above
    from otelrun.viewer.facts import RunFacts, View  # noqa: PLC0415 - not for --help
    from otelrun.viewer.known_instrumentations import find_gaps  # noqa: PLC0415 - as above

    if listing.problem:
        raise StoreError(listing.problem)
    left_alone = [NoteRow(*reason) for reason in stood_down.read(run.path)]
    imported = stood_down.read(run.path, stood_down.IMPORTED)
    if listing.totals is None:
        return View(RunFacts(listing, accounts=listing.accounts, notes=left_alone, gaps=find_gaps((), imported)))
    with open_store(run.store) as store:
        accounts = listing.accounts if listing.accounts.is_any else store.accounts()
        notes, libraries = [*store.notes(), *left_alone], store.libraries()
        gaps = find_gaps(libraries, imported)
        facts = RunFacts(listing, run.store, store.processes(), accounts, notes, libraries, gaps)
        if trace_id is not None:
            return View(facts, store.trace(trace_id), is_about_trace=True)
        limit, has_errors, slower_than_ns = criteria
        is_filtered = has_errors or slower_than_ns > 0
        traces = store.traces(limit=limit, has_errors=has_errors, slower_than_ns=slower_than_ns)
        if not traces:
            return View(facts, logs=store.logs_outside_traces(limit=_LOGS_LISTED), is_filtered=is_filtered)
        return View(facts, store.trace(traces[0].trace_id), traces[1:], is_filtered=is_filtered)


def _print(view: View, environment: Mapping[str, str]) -> None:
    from otelrun.viewer.terminal.run_text import draw_run, draw_trace  # noqa: PLC0415 - rich is for people only
    from otelrun.viewer.terminal.screen import glyphs_for, open_console  # noqa: PLC0415

    console = open_console(sys.stdout, environment)
    draw = draw_trace if view.is_about_trace else draw_run
    for part in draw(view, console.width, glyphs_for(console), time.time_ns()):
        console.print(part, soft_wrap=True)
