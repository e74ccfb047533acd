"""From the words of a command to the running program: the one path of ``otelrun COMMAND`` and ``otelrun run COMMAND``."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from otelrun import inheritance
from otelrun.diagnostics import guarded, tell
from otelrun.environment_variables import OTELRUN_DISABLED, OTELRUN_INIT, OTELRUN_ROOT_SPAN
from otelrun.errors import OtelrunError
from otelrun.launch.environment import without_locale_coercion
from otelrun.launch.execute import execute, initial_variable_names
from otelrun.launch.target import Target, resolve_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otelrun.cli.recording import Recording
    from otelrun.cli.wishes import Wishes
    from otelrun.launch.parting import Parting
    from otelrun.launch.root_span import Recorder

_TRUE = ("1", "true", "yes")
_MARGIN_S = 1.0  # for what the agent does before and after its deliveries


class _Start(NamedTuple):
    """How the program is to be run.

    Attributes:
        environment: its own.
        exit_budget_ms: how long its run's agent may take at the end; None: it has no agent.
        recorder: writes the span around it; None where there is none.
        parting: prints the exit summary, where the launcher stays; None where there is none.
    """

    environment: dict[str, str]
    exit_budget_ms: int | None = None
    recorder: Recorder | None = None
    parting: Parting | None = None


def launch_command(command: list[str], wishes: Wishes, environment: Mapping[str, str]) -> NoReturn:
    """Become the program, or its parent (``--init``, ``--root-span``); observed unless the user or the profile says otherwise.

    Args:
        command: the program's words, at least one.
        wishes: of the command line.
        environment: of this process.

    Raises:
        OtelrunError: the command or the profile cannot be used.
    """
    environment = without_locale_coercion(environment, initial_variable_names())
    target = resolve_target(command, environment)

    def prepare(root_pid: int) -> _Start:
        return _prepare(command, wishes, target, environment, root_pid)

    if environment.get(OTELRUN_ROOT_SPAN, "").lower() in _TRUE:
        wishes = wishes._replace(root_span=True)
    if wishes.root_span or wishes.init or environment.get(OTELRUN_INIT, "").lower() in _TRUE:
        _launch_below_init(target, prepare, "--root-span" if wishes.root_span else "--init")
        wishes = wishes._replace(root_span=False)
    execute(target, prepare(os.getpid()).environment)


def _launch_below_init(target: Target, prepare: Callable[[int], _Start], option: str) -> None:
    """Run the program as a child and end as it does; returns only where the system cannot do that."""
    from otelrun.launch import init  # noqa: PLC0415 - seldom needed

    if not init.is_possible():
        tell("init", f"{option} works on Linux only; the program runs without it")
        return
    try:
        program = init.Program(partial(execute, target))
    except init.NoChildError as error:
        tell("init", f"{option}: no child can be made ({error}); the program runs without it")
        return
    try:
        start = prepare(program.pid)
    except BaseException:
        program.abandon()
        raise
    program.begin(start.environment, keep=[one.fd for one in (start.recorder, start.parting) if one is not None])
    program.watch()
    if start.recorder is not None:
        start.recorder.end(program.status or 0)
    if start.exit_budget_ms is not None and os.getpid() == init.INIT_PID:
        from otelrun.agent.detach import TITLES  # noqa: PLC0415 - loaded already, where there is an agent

        program.wait_for_agents(TITLES, start.exit_budget_ms / 1000 + _MARGIN_S)
    if start.parting is not None:
        start.parting.say(program.status or 0)
    program.end_as_it_did()


def _prepare(
    command: list[str], wishes: Wishes, target: Target, environment: Mapping[str, str], root_pid: int
) -> _Start:
    """Find out how the program is to be run, and begin its recording."""
    if _is_disabled(environment):
        return _Start(inheritance.remove(environment))
    obstacle = _obstacle(target)
    if obstacle:
        tell("not-observed", f"not observed: {obstacle}")
        return _Start(inheritance.remove(environment))
    recording = _begin(command, wishes, target, environment, root_pid)
    if recording is None or not recording.handoff:
        return _Start(inheritance.remove(environment))
    environment = inheritance.add(environment, recording.handoff)
    parting = _make_parting(recording)
    if recording.root_span is None:
        return _Start(environment, recording.exit_budget_ms, parting=parting)
    environment = recording.root_span.add_to(environment)
    return _Start(environment, recording.exit_budget_ms, _start_recorder(recording), parting)


def _make_parting(recording: Recording) -> Parting | None:
    if not recording.summary:
        return None
    from otelrun.launch.parting import Parting  # noqa: PLC0415 - seldom needed

    try:
        return Parting(recording.run_directory, recording.summary)
    except OSError:
        return None  # there is no stderr


def _start_recorder(recording: Recording) -> Recorder | None:
    from otelrun.launch.root_span import Recorder  # noqa: PLC0415 - seldom needed

    if recording.root_span is None or not recording.root_span.is_sampled:
        return None
    try:
        return Recorder(recording.root_span, recording.rings, recording.resource)
    except OSError as error:
        tell("root-span", f"no span around the command: {error}")
        return None


def _is_disabled(environment: Mapping[str, str]) -> bool:
    """Say whether the user has switched otelrun off; whatever the profile says, the program would stand down."""
    return (
        environment.get(OTELRUN_DISABLED, "").lower() in _TRUE
        or environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    )


def _begin(
    command: list[str], wishes: Wishes, target: Target, environment: Mapping[str, str], root_pid: int
) -> Recording | None:
    """Begin the run; None where otelrun itself fails: the program is to run all the same."""
    mistake: OtelrunError | None = None
    with guarded("recording"):
        from otelrun.cli.recording import begin_recording  # noqa: PLC0415 - reads YAML; a disabled launcher does not

        try:
            recording = begin_recording(wishes, command, target, environment, root_pid)
        except OtelrunError as error:
            mistake = error
        else:
            for number, notice in enumerate(recording.notices):
                tell(f"launcher:{number}", notice)
            return recording
    if mistake is not None:
        raise mistake
    return None


def _obstacle(target: Target) -> str:
    """Say what keeps otelrun out of a program from the start; empty where nothing does."""
    if target.blocking_option:
        return f"Python's option {target.blocking_option} keeps otelrun out; the program runs unchanged"
    return ""
