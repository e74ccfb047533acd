"""``otelrun report``: write a run as one HTML file that shows the same page from disk, without otelrun and without network."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from otelrun import stood_down
from otelrun.cli.finding import find_run_or_trace, settled
from otelrun.errors import NotFoundError, ReportError, StoreError
from otelrun.ring.directory import RunDirectory, state_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.store.listing import Listing
    from otelrun.viewer.page.report_content import Made, Wish

_MB = 1024 * 1024
_STDOUT = "-"
_PROGRESS_FROM = 2_000


@click.command()
@click.argument("wanted", metavar="[RUN|TRACE]", required=False)
@click.option(
    "-o", "--output", metavar="FILE", help="Write to this file; - is stdout. Otherwise SERVICE-RUN.html, here."
)
@click.option("--trace", "trace_id", metavar="TRACE", default="", help="Only this trace of the run.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the newest N traces.")
@click.option(
    "--max-mb",
    type=click.FloatRange(min=0.5),
    default=20,
    show_default=True,
    help="Leave out old traces beyond this size.",
)
@click.option(
    "--keep-secrets", is_flag=True, help="Do not mask what looks like a password, a token, a key or a cookie."
)
def report(
    *, wanted: str | None, output: str | None, trace_id: str, last: int | None, max_mb: float, keep_secrets: bool
) -> None:
    """Write a run, or one trace of it, as one HTML file to send to somebody.

    It opens from disk in any browser, without otelrun and without network. RUN is the end or the beginning of a run's id, or
    "last" (the default). TRACE is a trace's id or its beginning.
    """
    run, found = find_run_or_trace(state_root(os.environ), wanted)
    if trace_id:
        found = _whole_trace_id(run, trace_id)
    listing = settled(run)
    from otelrun.viewer.page.report_content import Wish  # noqa: PLC0415 - not for --help

    made = _make(run, listing, Wish(found or "", last or 0, int(max_mb * _MB)), keep_secrets=keep_secrets)
    path = output or f"{_plain(listing.run.service_name) or 'run'}-{run.run_id.rpartition('-')[2]}.html"
    if path == _STDOUT:
        sys.stdout.buffer.write(made.html)
    else:
        _write(path, made.html)
    _tell(path, made)


def _whole_trace_id(run: RunDirectory, beginning: str) -> str:
    from otelrun.store.queries import open_store  # noqa: PLC0415 - sqlite3 only where it is needed

    with open_store(run.store) as store:
        found = store.find_trace_ids(beginning)
    if len(found) != 1:
        message = f"{beginning!r} names {'several traces' if found else 'no trace'} of run {run.run_id}"
        raise NotFoundError(message)
    return found[0]


def _make(run: RunDirectory, listing: Listing, wish: Wish, *, keep_secrets: bool) -> Made:
    """Read the run and make the report.

    Raises:
        StoreError: there is nothing to make it of.
    """
    from otelrun.store.queries import open_store  # noqa: PLC0415 - sqlite3 only where it is needed
    from otelrun.store.rows import NoteRow  # noqa: PLC0415
    from otelrun.viewer.page.report_content import Source, make_report  # noqa: PLC0415

    if listing.totals is None:
        raise StoreError(listing.problem or f"run {run.run_id} has no store: nothing to report")
    left_alone = [NoteRow(*reason) for reason in stood_down.read(run.path)]
    with open_store(run.store) as store:
        source = Source(store, listing, [*store.notes(), *left_alone])
        return make_report(source, wish, time.time_ns(), keep_secrets=keep_secrets, progress=_progress(listing))


def _progress(listing: Listing) -> Callable[[int, int], None] | None:
    """Give what shows how far a large run was read; None where nobody waits long, or looks."""
    if listing.totals is None or listing.totals.traces < _PROGRESS_FROM or not sys.stderr.isatty():
        return None

    def show_progress(done: int, of: int) -> None:
        click.echo(f"\rotelrun: {done:,} of {of:,} traces" if done < of else f"\r{' ' * 48}\r", err=True, nl=False)

    return show_progress


def _plain(service_name: str) -> str:
    """Make a name for a file of a service's, which may hold anything."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", service_name).strip("-")[:60]


def _write(path: str, html: bytes) -> None:
    """Write the file at once, for its owner only: a report that is half there is never seen. A pipe or a device is written to.

    Raises:
        ReportError: it cannot be written.
    """
    temporary, target = "", os.path.realpath(path)
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(html)
            return
        fd, temporary = tempfile.mkstemp(prefix=".otelrun-", suffix=".html", dir=os.path.dirname(target))
        with os.fdopen(fd, "wb") as file:
            file.write(html)
        os.replace(temporary, target)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        why, directory = error.strerror or str(error), os.path.dirname(target)
        if not os.path.isdir(directory):
            why = f"there is no directory {directory}; make it, or name another file with -o"
        message = f"{path}: {why}"
        raise ReportError(message) from error


def _tell(path: str, made: Made) -> None:
    """Say what was written, what is not in it, and what was masked."""
    from otelrun.viewer.phrases import count  # noqa: PLC0415 - not for --help

    size = f"{len(made.html) / 1000:,.0f} kB" if len(made.html) < _MB else f"{len(made.html) / 1_000_000:,.1f} MB"
    what = f"{count(made.spans, 'span')}, {count(made.logs, 'log record')}"
    name = "stdout" if path == _STDOUT else path
    click.echo(f"{name}: {what}, {size}", err=path == _STDOUT or not sys.stdout.isatty())
    if made.left_out:
        click.echo(f"otelrun: left out {count(made.left_out, 'trace')}, the oldest without errors first", err=True)
    if made.masked:
        things = count(made.masked, "value that looks like a secret", "values that look like secrets")
        click.echo(f"otelrun: masked {things} (--keep-secrets keeps them)", err=True)
