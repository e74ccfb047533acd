"""From the words of a command to the running program: the one path of ``otelrun COMMAND`` and ``otelrun run COMMAND``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

from otelrun.diagnostics import guarded, tell
from otelrun.environment_variables import OTELRUN_DISABLED
from otelrun.errors import OtelrunError
from otelrun.launch.environment import build_bare_environment, build_environment, without_locale_coercion
from otelrun.launch.execute import execute, initial_variable_names
from otelrun.launch.target import Target, resolve_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.cli.wishes import Wishes

_TRUE = ("1", "true", "yes")


def launch_command(command: list[str], wishes: Wishes, environment: Mapping[str, str]) -> NoReturn:
    """Become the program, observed unless the user or the profile says otherwise.

    Args:
        command: the program's words, at least one.
        wishes: of the command line.
        environment: of this process.

    Raises:
        OtelrunError: the command or the profile cannot be used.
    """
    environment = without_locale_coercion(environment, initial_variable_names())
    target = resolve_target(command, environment)
    if environment.get(OTELRUN_DISABLED, "").lower() in _TRUE:
        execute(target, build_bare_environment(environment))
    obstacle = _obstacle(target)
    if obstacle:
        tell("not-observed", f"not observed: {obstacle}")
        execute(target, build_bare_environment(environment))
    handoff = _begin(command, wishes, target, environment)
    execute(target, build_environment(environment, handoff) if handoff else build_bare_environment(environment))


def _begin(command: list[str], wishes: Wishes, target: Target, environment: Mapping[str, str]) -> str:
    """Begin the run; where otelrun itself fails, the program is to run all the same.

    Returns:
        The handoff; empty where the program is to run unobserved.
    """
    mistake: OtelrunError | None = None
    with guarded("recording"):
        from otelrun.cli.recording import begin_recording  # noqa: PLC0415 - reads YAML; a disabled launcher does not

        try:
            recording = begin_recording(wishes, command, target, environment, os.getpid())
        except OtelrunError as error:
            mistake = error
        else:
            for number, notice in enumerate(recording.notices):
                tell(f"launcher:{number}", notice)
            return recording.handoff
    if mistake is not None:
        raise mistake
    return ""


def _obstacle(target: Target) -> str:
    """Say what keeps otelrun out of a program from the start; empty where nothing does."""
    if target.blocking_option:
        return f"Python's option {target.blocking_option} keeps otelrun out; the program runs unchanged"
    if target.other_launcher:
        return f"{target.other_launcher} observes the program in its own way"
    return ""
