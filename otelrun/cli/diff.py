"""``otelrun diff``: two runs compared, for people, for scripts and for a build's exit status."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

import click

from otelrun.errors import NotFoundError, StoreError
from otelrun.ring.directory import find_run, list_runs, state_root

if TYPE_CHECKING:
    from otelrun.ring.directory import RunDirectory
    from otelrun.store.listing import Listing
    from otelrun.viewer.analysis.comparison import Comparison, Side

_RUNS_SEARCHED = 50


@click.command()
@click.argument("first", metavar="[BEFORE", required=False)
@click.argument("second", metavar="[AFTER]]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
@click.option(
    "--exit-code", "has_status", is_flag=True, help="End with status 1 where something got slower or newly fails."
)
def diff(*, first: str | None, second: str | None, as_json: bool, has_status: bool) -> None:
    """Compare two runs: what got slower, what newly fails, what is new and what is gone.

    BEFORE and AFTER are the end or the beginning of a run's id. By default the newest run is compared with the one of the
    same service before it; BEFORE alone is compared with the newest of its service.
    """
    from otelrun.store.listing import list_run  # noqa: PLC0415 - not for --help
    from otelrun.viewer.analysis.comparison import compare  # noqa: PLC0415 - as above

    root = state_root(os.environ)
    runs = _find(root, first, second)
    before, after = list_run(runs[0]), list_run(runs[1])
    comparison = compare(_read(runs[0], before), _read(runs[1], after))
    if as_json:
        from otelrun.viewer.diff_document import diff_document  # noqa: PLC0415 - not for people

        click.echo(json.dumps(diff_document(before, after, comparison), indent=2))
    else:
        _print(before, after, comparison)
    if has_status and comparison.is_worse:
        sys.exit(1)


def _find(root: str, first: str | None, second: str | None) -> tuple[RunDirectory, RunDirectory]:
    """Find the two runs.

    Raises:
        NotFoundError: there are no two, or what was asked for is not there.
    """
    if first is None:
        after = find_run(root, second)
        before = _run_before(root, after)
    else:
        before = find_run(root, first)
        after = find_run(root, second) if second is not None else _newest_like(root, before)
    if before.path == after.path:
        which = "that is one run" if second is not None else "there is no newer run of its service"
        message = f"{which}, {after.run_id}; name two: otelrun diff BEFORE AFTER"
        raise NotFoundError(message)
    return before, after


def _newest_like(root: str, before: RunDirectory) -> RunDirectory:
    """Find the newest run of the same service, which may be this one."""
    from otelrun.store.listing import described  # noqa: PLC0415 - not for --help

    service_name = described(before).service_name
    for run in list_runs(root)[:_RUNS_SEARCHED]:
        if described(run).service_name == service_name:
            return run
    return before


def _run_before(root: str, after: RunDirectory) -> RunDirectory:
    from otelrun.store.listing import described  # noqa: PLC0415 - not for --help

    service_name = described(after).service_name
    for run in list_runs(root)[:_RUNS_SEARCHED]:
        if run.run_id < after.run_id and described(run).service_name == service_name:
            return run
    message = f"no run of {service_name or 'this service'} before {after.run_id} to compare it with; see: otelrun runs"
    raise NotFoundError(message)


def _read(run: RunDirectory, listing: Listing) -> Side:
    """Read what is compared.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    from otelrun.store.listing import FINISHING, RUNNING  # noqa: PLC0415 - not for --help
    from otelrun.store.queries import open_store  # noqa: PLC0415 - sqlite3 only where it is needed
    from otelrun.viewer.analysis.comparison import Side  # noqa: PLC0415
    from otelrun.viewer.analysis.digest import entries_of_run  # noqa: PLC0415
    from otelrun.viewer.analysis.failures import failures_of  # noqa: PLC0415

    if listing.problem:
        raise StoreError(listing.problem)
    if listing.totals is None:
        message = f"run {run.run_id} has no store to compare"
        raise StoreError(message)
    with open_store(run.store) as store:
        is_over = listing.state not in (RUNNING, FINISHING)
        return Side(entries_of_run(store, is_over=is_over), failures_of(store))


def _print(before: Listing, after: Listing, comparison: Comparison) -> None:
    from otelrun.viewer.terminal.diff_text import Pair, draw_diff  # noqa: PLC0415 - rich is for people only
    from otelrun.viewer.terminal.screen import glyphs_for, open_console  # noqa: PLC0415 - as above

    console = open_console(sys.stdout, os.environ)
    for line in draw_diff(Pair(before, after), comparison, console.width, glyphs_for(console), time.time_ns()):
        console.print(line, soft_wrap=True)
