"""``otelrun open``: telemetry that came as a file, as a run among the others."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from otelrun.errors import UnreadableFileError
from otelrun.ring.directory import state_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.cli.opening import Opened
    from otelrun.ring.directory import RunDirectory

_LARGE = 4 * 1024 * 1024


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("--show", "is_shown", is_flag=True, help="Show it here, not in the browser.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Listen on this port, for the browser.")
def open(*, path: str, is_shown: bool, port: int | None) -> None:  # noqa: A001 - the verb's name
    """Open a file of telemetry as a run of its own, and look at it.

    FILE is OTLP as JSON: one document or one a line, plain or gzipped, as file exporters of SDKs and of the OpenTelemetry
    Collector write it. A file that was opened before is the same run again. Or FILE is a report of otelrun's.
    """
    from otelrun.cli.opening import is_report, open_file  # noqa: PLC0415 - not for --help

    if is_report(path):
        _serve_report(path, port, is_shown=is_shown)
        return
    opened = open_file(state_root(os.environ), path, _progress(path) if sys.stderr.isatty() else None)
    _tell(path, opened)
    if is_shown or not sys.stdout.isatty():
        from otelrun.cli.show import show_run  # noqa: PLC0415 - not for the browser

        show_run(opened.run)
    else:
        _serve(opened.run, port)


def _serve_report(path: str, port: int | None, *, is_shown: bool) -> None:
    """Show somebody's report in our own page; nothing of the file itself is run.

    Raises:
        ReportError: it is none.
        UnreadableFileError: it was not meant for the browser.
    """
    from otelrun.cli.ui import serve  # noqa: PLC0415 - not for --help
    from otelrun.viewer.page.opened import open_report  # noqa: PLC0415 - as above

    if is_shown:
        message = f"{path}: a report is looked at in the browser; leave out --show"
        raise UnreadableFileError(message)
    source = open_report(path)
    serve(source, port=port, is_to_open=False, fragment=f"{source.run_id}/requests", is_report=True)


def _serve(run: RunDirectory, port: int | None) -> None:
    from otelrun.cli.ui import serve  # noqa: PLC0415 - not for --help
    from otelrun.viewer.page.answers import Answers  # noqa: PLC0415 - imports a server

    answers = Answers(state_root(os.environ), run.run_id)
    serve(answers, port=port, is_to_open=False, fragment=f"{run.run_id}/requests")


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
