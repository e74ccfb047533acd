"""``otelrun ui``: look at the recorded runs in the browser, live while they run."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from otelrun.cli.finding import find_run_or_trace
from otelrun.errors import PortError
from otelrun.ring.directory import list_runs, state_root

if TYPE_CHECKING:
    from otelrun.viewer.page.server import Answering


@click.command()
@click.argument("wanted", metavar="[RUN|TRACE]", required=False)
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help="Listen on this port; otherwise on 4319 or the next one that is free.",
)
@click.option("--open", "is_to_open", is_flag=True, help="Open it in the browser, too.")
def ui(*, wanted: str | None, port: int | None, is_to_open: bool) -> None:
    """Look at the recorded runs in the browser; a run that still goes on is shown live.

    Prints a link that only this machine can open. RUN is the end or the beginning of a run's id, TRACE that of a trace;
    without either the newest run comes first. Ctrl-C ends it.
    """
    root = state_root(os.environ)
    chosen, trace_id = "", None
    if wanted not in (None, "last"):
        run, trace_id = find_run_or_trace(root, wanted)
        chosen = run.run_id
    from otelrun.viewer.page.answers import Answers  # noqa: PLC0415 - imports a server; not for --help

    newest = next((run.run_id for run in list_runs(root)), "")
    if not newest:
        click.echo(f"No runs below {root} yet; they show up as they come. Record one: otelrun python app.py", err=True)
    fragment = f"{chosen or newest}/requests{f'/{trace_id}' if trace_id else ''}" if newest else ""
    serve(Answers(root, chosen), port=port, is_to_open=is_to_open, fragment=fragment)


def serve(
    source: Answering, *, port: int | None, is_to_open: bool, fragment: str = "", is_report: bool = False
) -> None:
    """Serve the page until Ctrl-C.

    Args:
        source: of its documents.
        port: to listen on; None for any.
        is_to_open: whether to open it in the browser.
        fragment: what to show first.
        is_report: whether the source is one report.

    Raises:
        PortError: the port that was asked for is taken.
    """
    from otelrun.viewer.page.server import PageServer  # noqa: PLC0415 - imports a server; not for --help

    try:
        server = PageServer(source, port=port or 0, is_report=is_report)
    except OSError as error:
        message = (
            f"port {port} is not free ({error.strerror}); without --port a free one is found" if port else str(error)
        )
        raise PortError(message) from error
    url = server.url(fragment)
    click.echo(url)
    if sys.stdout.isatty():
        click.echo("Open it in a browser on this machine. Ctrl-C ends it.", err=True)
    if is_to_open:
        import webbrowser  # noqa: PLC0415 - only where asked for

        webbrowser.open(server.url(fragment, is_for_once=True))  # a command line, which everybody here can read
    with suppress(KeyboardInterrupt):
        server.serve()
    server.close()
