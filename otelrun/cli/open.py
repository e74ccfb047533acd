"""``otelrun open``: telemetry that came as a file, as a run among the others."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from otelrun.ring.directory import state_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.cli.opening import Opened

_LARGE = 4 * 1024 * 1024


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("--show", "is_shown", is_flag=True, help="Show it here, not in the browser.")
def open(*, path: str, is_shown: bool) -> None:  # noqa: A001 - the verb's name
    """Open a file of telemetry as a run of its own, and look at it.

    FILE is OTLP as JSON: one document or one a line, plain or gzipped, as file exporters of SDKs and of the OpenTelemetry
    Collector write it. A file that was opened before is the same run again.
    """
    from otelrun.cli.opening import open_file  # noqa: PLC0415 - not for --help

    progress = _progress(path) if sys.stderr.isatty() else None
    opened = open_file(state_root(os.environ), path, progress)
    _tell(path, opened)
    _look(opened, is_shown=is_shown or not sys.stdout.isatty())


def _progress(path: str) -> Callable[[int, int], None] | None:
    """Give what shows how far a large file was read; None for a small one."""
    if os.path.getsize(path) < _LARGE:
        return None
    shown = -1

    def show_progress(done: int, size: int) -> None:
        nonlocal shown
        percent = done * 100 // max(size, 1)
        if percent != shown:
            shown = percent
            click.echo(f"\rotelrun: reading {percent} %" if done < size else f"\r{' ' * 24}\r", err=True, nl=False)

    return show_progress


def _tell(path: str, opened: Opened) -> None:
    """Say which run it is, what is in it, and what could not be read."""
    from otelrun.viewer.phrases import count, visible  # noqa: PLC0415 - not for --help

    name, run_id, contents = visible(os.path.basename(path), 80), opened.run.run_id, opened.contents
    if contents is None:
        click.echo(f"run {run_id}: {name} was opened before", err=True)
        return
    numbers = (
        (contents.spans, "span"),
        (contents.logs, "log record"),
        (contents.points, "metric point"),
    )
    found = ", ".join(count(number, what) for number, what in numbers if number)
    click.echo(f"run {run_id}: {found} of {name}", err=True)
    if contents.bad:
        first = f"{name}:{visible(contents.first_bad, 200)}"
        click.echo(f"otelrun: {count(contents.bad, 'part')} could not be read, first {first}", err=True)
    for kind, number in contents.left_out.items():
        click.echo(f"otelrun: {count(number, 'point')} of kind {kind} left out: the store has no form for it", err=True)


def _look(opened: Opened, *, is_shown: bool) -> None:
    """Go on as ``show`` does."""
    from otelrun.cli.show import show_run  # noqa: PLC0415 - not for --help

    show_run(opened.run)
