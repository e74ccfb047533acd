"""``otelrun runs remove``: let finished runs go."""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress

import click

from otelrun.errors import RunInUseError
from otelrun.ring.directory import RunDirectory, find_run, list_runs, state_root


@click.command()
@click.argument("wanted", metavar="RUN...", nargs=-1)
@click.option("--all", "are_all", is_flag=True, help="Remove every run that is over.")
@click.option("--undelivered", "may_lose", is_flag=True, help="Also what still waits for an endpoint.")
def remove(*, wanted: tuple[str, ...], are_all: bool, may_lose: bool) -> None:
    """Remove runs, with all they hold.

    RUN is the end or the beginning of a run's id, or "last". A run that goes on stays, and one that holds telemetry which was
    not delivered yet.
    """
    if bool(wanted) == are_all:
        message = "name the runs to remove, or say --all"
        raise click.UsageError(message)
    root = state_root(os.environ)
    runs = list_runs(root) if are_all else [find_run(root, name) for name in wanted]
    for run in dict.fromkeys(runs):
        with suppress(RunInUseError) if are_all else nullcontext():
            click.echo(f"removed {run.run_id}{_remove(root, run, may_lose=may_lose)}")


def _remove(root: str, run: RunDirectory, *, may_lose: bool) -> str:
    """Remove a run and say what went, after a comma; empty for nothing.

    Raises:
        RunInUseError: it goes on, or holds undelivered telemetry that is not to be lost.
    """
    from otelrun.agent import retention  # noqa: PLC0415 - only this verb removes
    from otelrun.store.listing import FINISHING, RUNNING, list_run  # noqa: PLC0415
    from otelrun.viewer import phrases  # noqa: PLC0415

    listing = list_run(run)
    if listing.state in (RUNNING, FINISHING):
        message = f"{run.run_id}: it is {listing.state}; let it end first"
        raise RunInUseError(message)
    lost = retention.remove_run(root, run, may_lose=may_lose)
    size = f", {phrases.size(listing.size)}" if listing.size else ""
    return f"{size}, undelivered: {lost}" if lost.runs else size
