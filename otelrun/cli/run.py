"""``otelrun run``: run a command, observed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from otelrun.cli.launching import launch_command
from otelrun.cli.wishes import Wishes
from otelrun.environment_variables import OTELRUN_INIT, OTELRUN_PROFILE, OTELRUN_ROOT_SPAN

if TYPE_CHECKING:
    from collections.abc import Callable

EVERYTHING_BELONGS_TO_THE_COMMAND = {"ignore_unknown_options": False, "allow_interspersed_args": False}


def launch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a launch to a click command."""
    for option in (
        click.option(
            "--root-span",
            is_flag=True,
            help=f"Make one span around the whole command, with its exit status. Also: {OTELRUN_ROOT_SPAN}=1.",
        ),
        click.option("--to", "endpoint", metavar="URL", help="Send everything to this OTLP endpoint."),
        click.option("--service-name", metavar="NAME", help="What to call the program. Default: its own name."),
        click.option(
            "--profile",
            metavar="NAME|FILE",
            help=f"default, dev, prod, off, or a YAML file. Also: {OTELRUN_PROFILE}.",
        ),
        click.option(
            "--init",
            is_flag=True,
            help=f"Stay as process 1 of a container: forward signals, reap, deliver at the end. Also: {OTELRUN_INIT}=1.",
        ),
    ):
        command = option(command)
    return command


@click.command(context_settings=EVERYTHING_BELONGS_TO_THE_COMMAND, options_metavar="[OPTIONS]")
@launch_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND [ARGS]...")
@click.pass_context
def run(context: click.Context, /, command: tuple[str, ...], **options: Any) -> None:
    """Run a command and record what it does. `otelrun COMMAND` is the same, shorter.

    All words after COMMAND are its own.
    """
    earlier: Wishes = context.obj or Wishes()
    wishes = earlier._replace(**{name: value for name, value in options.items() if value})
    launch_command(list(command), wishes, dict(os.environ))
