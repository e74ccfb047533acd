"""The click group: help, mistakes, and the way to the verbs, each imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from otelrun import __version__
from otelrun.cli.run import EVERYTHING_BELONGS_TO_THE_COMMAND, launch_options
from otelrun.cli.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBS = {
    "run": ("otelrun.cli.run", "Run a command; `otelrun COMMAND` is the same."),
    "runs": ("otelrun.cli.runs", "List the recorded runs."),
    "show": ("otelrun.cli.show", "Show a run or a trace: spans, errors, log lines."),
    "tail": ("otelrun.cli.tail", "Follow a run: one line per request as it ends."),
    "diff": ("otelrun.cli.diff", "Compare two runs: what got slower, what newly fails."),
    "ui": ("otelrun.cli.ui", "Look at the runs in the browser, live."),
    "report": ("otelrun.cli.report", "Write a run as one HTML file, to send to somebody."),
    "open": ("otelrun.cli.open", "Open an OTLP JSON file, or a report of somebody else's."),
    "export": ("otelrun.cli.export", "Send a recorded run to an OTLP endpoint."),
    "prepare": ("otelrun.cli.prepare", ""),
}
"""Verb → module that has a click command of that name, and its line in the help (none: it is hidden)."""

_WITHOUT_CLICK = ("summary", "Say once more what was said when a run ended.")

_HELP = """Run any Python program unchanged, and see what it did.

\b
  otelrun python app.py                   run it and record it
  otelrun ui                              look at it in the browser
  otelrun show                            or here: spans, errors, log lines
  otelrun gunicorn shop:app               servers and scripts are the same
  otelrun --to http://localhost:4318 python app.py
                                          send it to a collector, too
  otelrun --profile prod python app.py    choose how much, and where to

The program keeps its process id, its output, its signals and its exit status. Every word after COMMAND is the program's.
"""


class LaunchGroup(click.Group):
    """A group for which every word that is no verb is a command to run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(VERBS[cmd_name][0]), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take the first word as a verb, or run it."""
        if args[0] in VERBS:
            return super().resolve_command(ctx, args)
        return "run", self.get_command(ctx, "run"), ["--", *args]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([*((verb, text) for verb, (_, text) in VERBS.items() if text), _WITHOUT_CLICK])


@click.command(
    cls=LaunchGroup,
    help=_HELP,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={**EVERYTHING_BELONGS_TO_THE_COMMAND, "max_content_width": 100},
)
@launch_options
@click.version_option(__version__, prog_name="otelrun", message="%(prog)s %(version)s")
@click.pass_context
def group(context: click.Context, /, **options: Any) -> None:
    """Keep the options for the verb."""
    given: Mapping[str, Any] = {name: value for name, value in options.items() if value}
    context.obj = Wishes(**given)
