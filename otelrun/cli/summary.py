"""``otelrun summary``: what is said of a run when its program has ended. Started by the agent, or by a launcher that has stayed.

Read without click, which takes as long to load as all the rest: somebody waits for this. Prints to stdout.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from otelrun.ring.directory import RunDirectory, find_run, state_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PATIENCE_S = 1.0
_LOOK_AGAIN_S = 0.005
_MISTAKE = 2
_USAGE = "otelrun summary [--line|--full] [--columns=N] [RUN]"
_HELP = f"""Usage: {_USAGE}

  Say once more what was said when a run ended.

  RUN is the end or the beginning of a run's id, or "last" (the default).

Options:
  --line       In one line.
  --full       In at most 15 lines. This is the default.
  --columns=N  For a terminal so wide.
  --help       Show this message and exit.
"""


class _Wishes(NamedTuple):
    """What the words say.

    Attributes:
        run: which run; None for the newest.
        is_line: one line only.
        columns: of the terminal; 0: not known.
        is_terminal: what is printed is for a terminal, though stdout is none.
        waits: until the agent has stored all of a run that is just over, not for long.
        exit_status: of the program; None where not known.
    """

    run: str | None = None
    is_line: bool = False
    columns: int = 0
    is_terminal: bool = False
    waits: bool = False
    exit_status: int | None = None


def summarise(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Print it.

    Args:
        words: what follows the verb; ``--terminal``, ``--wait`` and ``--exit`` are for otelrun itself.
        environment: of this process.

    Raises:
        SystemExit: these words say nothing, or ask for help.
        NotFoundError: there is no such run.
    """
    wishes = _read(words)
    run = _find(wishes.run, environment)
    if wishes.waits:
        _wait_until_stored(run)
    _print(run, wishes, environment)


def _read(words: Sequence[str]) -> _Wishes:
    wishes = _Wishes()
    if "--help" in words:
        print(_HELP, end="")
        raise SystemExit(0)
    for word in words:
        name, _, value = word.partition("=")
        if word in ("--line", "--full"):
            wishes = wishes._replace(is_line=word == "--line")
        elif word == "--terminal":
            wishes = wishes._replace(is_terminal=True)
        elif word == "--wait":
            wishes = wishes._replace(waits=True)
        elif name == "--columns" and value.isdecimal():
            wishes = wishes._replace(columns=int(value))
        elif name == "--exit" and value.removeprefix("-").isdecimal():
            wishes = wishes._replace(exit_status=int(value))
        elif word.startswith("-") or wishes.run is not None:
            print(f"otelrun: usage: {_USAGE}", file=sys.stderr)
            raise SystemExit(_MISTAKE)
        else:
            wishes = wishes._replace(run=word)
    return wishes


def _find(wanted: str | None, environment: Mapping[str, str]) -> RunDirectory:
    if wanted is not None and os.path.isabs(wanted):
        return RunDirectory(wanted)
    return find_run(state_root(environment), wanted)


def _wait_until_stored(run: RunDirectory) -> None:
    """Wait until the agent has written down that the run is over: all that was recorded is in the store then."""
    from otelrun.store.activity import is_agent_alive  # noqa: PLC0415 - as the rest of what reads
    from otelrun.store.listing import list_run  # noqa: PLC0415

    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if list_run(run).run.ended_ns or not is_agent_alive(run, may_start=False):
            return
        threading.Event().wait(_LOOK_AGAIN_S)


def _print(run: RunDirectory, wishes: _Wishes, environment: Mapping[str, str]) -> None:
    from otelrun.viewer.summary import read_summary  # noqa: PLC0415 - not for a mistake
    from otelrun.viewer.terminal.exit_summary import draw, draw_line  # noqa: PLC0415
    from otelrun.viewer.terminal.screen import glyphs_for, open_console  # noqa: PLC0415

    gc.disable()  # nothing lives for long here, and somebody waits
    summary = read_summary(run, wishes.exit_status)
    if sys.stdout.isatty():
        sys.stdout.reconfigure(newline="\r\n")  # type: ignore[union-attr] # a program may have left it in raw mode
    columns = {"COLUMNS": str(wishes.columns)} if wishes.columns else {}
    console = open_console(sys.stdout, {**environment, **columns}, is_terminal=wishes.is_terminal or None)
    drawing = (draw_line if wishes.is_line else draw)(summary, console.width, glyphs_for(console), time.time_ns())
    for line in drawing:
        console.print(line, soft_wrap=True)
