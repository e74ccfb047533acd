"""``otelrun tail``: a run as it happens, one line per request."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from otelrun.cli.durations import duration_ns
from otelrun.errors import NotFoundError, StoreEmptyError, StoreError
from otelrun.ring.directory import RunDirectory, find_run, list_runs, state_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from otelrun.viewer.tail import Happening, Tail, Wanted

_LOOK_AGAIN_S = 0.2
_BEGINNING_S = 2.0
_INTERRUPTED = 130


class _Choice(NamedTuple):
    """How to follow: the last ``last`` lines first; then what is new, of this run alone or also of those after it."""

    last: int
    is_followed: bool
    are_next_runs_followed: bool


@click.command()
@click.argument("wanted", metavar="[RUN]", required=False)
@click.option("--errors", "has_errors", is_flag=True, help="Only requests that failed, and errors that were logged.")
@click.option(
    "--slow", "slower_than_ns", type=duration_ns, default=0, metavar="100ms", help="Only requests that took so long."
)
@click.option(
    "-f",
    "--format",
    "style",
    type=click.Choice(["human", "logfmt", "json"]),
    default="human",
    show_default=True,
    help="For people, or for other programs.",
)
@click.option("--show", "attributes", metavar="NAME,...", default="", help="Show these attributes of each request.")
@click.option(
    "-n", "last", type=click.IntRange(min=0), default=10, show_default=True, help="Begin with so many that were."
)
@click.option("--no-follow", is_flag=True, help="End when all that was recorded so far is told.")
@click.option("--follow-runs", is_flag=True, help="Go on with the next run when one is over.")
def tail(*, wanted: str | None, **options: Any) -> None:
    """Follow a run: one line per request as it ends, what failed with its line of code and its log lines.

    RUN is the end or the beginning of a run's id, or "last" (the default); where there is none yet, the first is awaited.
    """
    from otelrun.viewer.tail import Wanted  # noqa: PLC0415 - not for --help

    names = tuple(filter(None, (name.strip() for name in options["attributes"].split(","))))
    criteria = Wanted(options["has_errors"], options["slower_than_ns"], names)
    is_followed = not options["no_follow"]
    choice = _Choice(options["last"], is_followed, is_followed and options["follow_runs"])
    try:
        _tail(wanted, criteria, options["style"], choice)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _tail(wanted: str | None, criteria: Wanted, style: str, choice: _Choice) -> None:
    root = state_root(os.environ)
    run = _find(root, wanted, is_awaited=choice.is_followed)
    _tell_following(run, choice)
    while True:
        told = _follow(run, criteria, _printer(style, run.run_id), choice)
        if not choice.is_followed:
            return
        click.echo(f"otelrun: run {run.run_id} is over, {told} told", err=True)
        if not choice.are_next_runs_followed:
            return
        run = _next_run(root, run)
        choice = choice._replace(last=sys.maxsize)
        _tell_following(run, choice)


def _find(root: str, wanted: str | None, *, is_awaited: bool) -> RunDirectory:
    """Find the run; where there is none at all, wait for the first.

    Raises:
        NotFoundError: no run answers to what was asked for, or several.
    """
    try:
        return find_run(root, wanted)
    except NotFoundError:
        if wanted not in (None, "last") or not is_awaited:
            raise
    click.echo("otelrun: no run yet; waiting for one: otelrun python app.py", err=True)
    return _next_run(root, None)


def _next_run(root: str, before: RunDirectory | None) -> RunDirectory:
    """Wait for a run that began later, and has its agent."""
    while True:
        later = (run for run in list_runs(root) if before is None or run.run_id > before.run_id)
        runs = [run for run in later if os.path.exists(run.lock)]
        if runs:
            return runs[-1]
        _pause()


def _pause() -> None:
    Event().wait(_LOOK_AGAIN_S)


def _check_store(run: RunDirectory) -> None:
    """Make sure that there is, or will be, something to read.

    Raises:
        StoreError: the run keeps no store.
    """
    from otelrun.store.listing import LOCAL_STORE, described  # noqa: PLC0415 - not for --help

    destinations = described(run).destinations
    if destinations and LOCAL_STORE not in destinations and not os.path.exists(run.store):
        message = f"run {run.run_id} keeps no store to follow; its telemetry goes to {', '.join(destinations)}"
        raise StoreError(message)


def _tell_following(run: RunDirectory, choice: _Choice) -> None:
    if choice.is_followed and sys.stderr.isatty():
        from otelrun.store.listing import described  # noqa: PLC0415 - for people only
        from otelrun.viewer.phrases import visible  # noqa: PLC0415 - as above

        command = visible(" ".join(described(run).command), 60)
        click.echo(f"otelrun: following run {run.run_id}: {command} (Ctrl-C ends)", err=True)


def _follow(run: RunDirectory, criteria: Wanted, tell: Callable[[Happening], None], choice: _Choice) -> str:
    """Tell what happens in one run until it is over; gives how much that was."""
    from otelrun.viewer.phrases import count  # noqa: PLC0415 - not for --help
    from otelrun.viewer.tail import Request, Tail  # noqa: PLC0415 - as above

    _check_store(run)
    tail_of_run, told = Tail(criteria), 0
    for number, is_over in enumerate(_looks(run, is_followed=choice.is_followed)):
        happened = _news(run, tail_of_run, is_over=is_over)
        if number == 0 and len(happened) > choice.last:
            _tell_left_out(len(happened) - choice.last)
            happened = happened[len(happened) - choice.last :]
        for one in happened:
            tell(one)
            told += isinstance(one, Request)
    return count(told, "request")


def _tell_left_out(number: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"otelrun: {number:,} earlier not shown (-n shows more)", err=True)


def _looks(run: RunDirectory, *, is_followed: bool) -> Iterator[bool]:
    """Say when to look; the value: whether the run is over, so that it is the last time."""
    while is_alive := _is_alive(run):
        yield False
        if not is_followed:
            return
        _pause()
    yield not is_alive


def _is_alive(run: RunDirectory) -> bool:
    """Say whether a run has its agent, or may be about to get it."""
    from otelrun.store.activity import is_agent_alive  # noqa: PLC0415 - not for --help

    if is_agent_alive(run, may_start=True):
        return True
    try:
        return not os.path.exists(run.lock) and time.time() - os.stat(run.path).st_mtime < _BEGINNING_S
    except OSError:
        return False


def _news(run: RunDirectory, tail_of_run: Tail, *, is_over: bool) -> Sequence[Happening]:
    """Read what is new; nothing where there is no store yet."""
    from otelrun.store.queries import open_store  # noqa: PLC0415 - sqlite3 only where it is needed

    with suppress(StoreEmptyError):
        if os.path.exists(run.store):
            with open_store(run.store) as reader:
                return tail_of_run.update(reader, time.time_ns(), is_over=is_over)
    return ()


def _printer(style: str, run_id: str) -> Callable[[Happening], None]:
    """Give what prints in a style."""
    if style != "human":
        from otelrun.viewer.tail_lines import json_lines, logfmt_lines  # noqa: PLC0415 - not for people

        lines = json_lines if style == "json" else logfmt_lines

        def print_lines(happened: Happening) -> None:
            for line in lines(happened, run_id):
                print(line, flush=True)

        return print_lines
    from otelrun.viewer.terminal.screen import glyphs_for, open_console  # noqa: PLC0415 - rich is for people only
    from otelrun.viewer.terminal.tail_text import TailDrawing  # noqa: PLC0415 - as above

    console = open_console(sys.stdout, os.environ)
    drawing = TailDrawing(console.width, glyphs_for(console))

    def draw(happened: Happening) -> None:
        for line in drawing.lines(happened):
            console.print(line, soft_wrap=True)
        sys.stdout.flush()

    return draw
