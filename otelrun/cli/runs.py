"""``otelrun runs``: the runs recorded on this machine, newest first."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from otelrun.ring.directory import list_runs, state_root


@click.command()
@click.option("-n", "limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
def runs(*, limit: int, as_json: bool) -> None:
    """List the recorded runs, newest first."""
    from otelrun.store import losses  # noqa: PLC0415 - only this verb reads stores
    from otelrun.store.listing import list_run  # noqa: PLC0415

    environment = os.environ
    root = state_root(environment)
    listings = [list_run(run) for run in list_runs(root)[:limit]]
    if as_json:
        from otelrun.viewer.document import runs_document  # noqa: PLC0415

        click.echo(json.dumps(runs_document(listings, losses.read(root)), indent=2))
        return
    if not listings:
        click.echo(f"No runs below {root} yet. Record one: otelrun python app.py")
        return
    from otelrun.viewer.terminal.run_summary import removed, runs_table  # noqa: PLC0415
    from otelrun.viewer.terminal.screen import open_console  # noqa: PLC0415 - rich is for people only

    console = open_console(sys.stdout, environment)
    for line in (*runs_table(listings, console.width, time.time_ns()), *removed(losses.read(root))):
        console.print(line, soft_wrap=True)
    if sys.stdout.isatty():
        click.echo("\nLook into one: otelrun show RUN", err=True)
