"""``otelrun prepare``, hidden: begin a run for a process that is already there, and answer with the handoff for it.

``otelrun.configurator`` calls it where another launcher, ``opentelemetry-instrument``, started the program.
"""

from __future__ import annotations

import os

import click

from otelrun.cli.recording import begin_recording
from otelrun.cli.wishes import Wishes
from otelrun.diagnostics import tell
from otelrun.launch.target import resolve_target


@click.command(hidden=True, context_settings={"allow_interspersed_args": False})
@click.option("--pid", type=int, required=True, help="The process to be observed.")
@click.option("--answer", type=int, required=True, help="The file descriptor that gets the handoff.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def prepare(pid: int, answer: int, command: tuple[str, ...]) -> None:
    """Begin a run for a process and answer with its handoff; with nothing where it is to run unobserved."""
    environment = dict(os.environ)
    target = resolve_target(list(command), environment)
    recording = begin_recording(Wishes(), list(command), target, environment, pid)
    for number, notice in enumerate(recording.notices):
        tell(f"launcher:{number}", notice)
    os.write(answer, recording.handoff.encode("ascii"))
