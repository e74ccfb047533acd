"""``otelrun runs``: the runs recorded on this machine, newest first."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from otelrun.cli.runs_remove import remove
from otelrun.profile import handoff
from otelrun.ring.directory import RunDirectory, list_runs, state_root

_MIB = 1024 * 1024


@click.group(invoke_without_command=True)
@click.option("-n", "limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
@click.pass_context
def runs(context: click.Context, /, *, limit: int, as_json: bool) -> None:
    """List the recorded runs, newest first."""
    if context.invoked_subcommand is None:
        _list(limit, as_json=as_json)


runs.add_command(remove)


def _list(limit: int, *, as_json: bool) -> None:
    from otelrun.store import losses  # noqa: PLC0415 - only this verb reads stores
    from otelrun.store.listing import list_run  # noqa: PLC0415

    environment = os.environ
    root = state_root(environment)
    found = list_runs(root)
    listings = [list_run(run) for run in found[:limit]]
    if as_json:
        from otelrun.viewer.document import runs_document  # noqa: PLC0415

        click.echo(json.dumps(runs_document(listings, losses.read(root)), indent=2))
        return
    if not listings:
        click.echo(f"No runs below {root} yet. Record one: otelrun python app.py")
        return
    from otelrun.store.size import store_size  # noqa: PLC0415
    from otelrun.viewer.terminal.run_summary import removed, room, runs_table  # noqa: PLC0415
    from otelrun.viewer.terminal.screen import open_console  # noqa: PLC0415 - rich is for people only

    console = open_console(sys.stdout, environment)
    used = room(len(found), sum(map(store_size, found)), _limit(found[0]))
    for line in (*runs_table(listings, console.width, time.time_ns()), *used, *removed(losses.read(root))):
        console.print(line, soft_wrap=True)
    if sys.stdout.isatty():
        click.echo("\nLook into one: otelrun ui RUN, otelrun show RUN", err=True)


def _limit(newest: RunDirectory) -> int:
    """Give how many bytes all runs may take, by the profile of the newest; 0 where that is not known."""
    try:
        with open(newest.profile, encoding="ascii") as file:
            return handoff.read(file.read()).profile().otelrun.store.max_total_mb * _MIB
    except (OSError, ValueError):
        return 0
