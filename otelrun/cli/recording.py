"""Beginning a run: profile, run directory, agent, handoff. What ``run`` does before exec and ``prepare`` does instead of it."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from otelrun import __version__, summary_request
from otelrun.environment_variables import OTELRUN_PROFILE, OTELRUN_SUMMARY
from otelrun.errors import RunDirectoryError
from otelrun.launch import pipeline_choice
from otelrun.launch.overlay import overlay_directories
from otelrun.profile import handoff
from otelrun.profile.loading import load_profile
from otelrun.profile.model import Resource
from otelrun.ring.directory import RunDirectory, create_run, state_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otelrun.cli.wishes import Wishes
    from otelrun.launch.root_span import RootSpan
    from otelrun.launch.target import Target
    from otelrun.profile.model import Exporter, Profile


_STDERR = 2


class Recording(NamedTuple):
    """How a program is to be run.

    Attributes:
        handoff: for the program; empty where it is to run unobserved.
        notices: lines to tell the user.
        exit_budget_ms: what the agent may take for delivery at the end; None where there is no agent.
        root_span: the span around the command; None where there is to be none.
        rings: the run's directory of rings.
        resource: what the profile says of it.
        run_directory: path of the run's directory; empty where there is no agent.
        summary: ``line`` or ``full``, where the launcher stays and is to say so much at the end; else empty.
    """

    handoff: str
    notices: tuple[str, ...] = ()
    exit_budget_ms: int | None = None
    root_span: RootSpan | None = None
    rings: str = ""
    resource: Resource = Resource()
    run_directory: str = ""
    summary: str = ""


def begin_recording(
    wishes: Wishes, command: list[str], target: Target, environment: Mapping[str, str], root_pid: int
) -> Recording:
    """Load the profile, make the run's directory and start its agent.

    Args:
        wishes: of the command line.
        command: the program's words, for the description of the run.
        target: what they resolve to.
        environment: of the launcher.
        root_pid: the process that is or will be the program.

    Raises:
        ProfileError: the profile has mistakes.
    """
    loaded = load_profile(
        wishes.profile or environment.get(OTELRUN_PROFILE) or None,
        environment,
        service_name=wishes.service_name,
        endpoint=wishes.endpoint,
        inferred_service=target.service,
        inferred_version=target.version,
    )
    profile = loaded.profile
    if profile.disabled:
        return Recording("", loaded.warnings)
    pipeline, reason = pipeline_choice.choose_pipeline(profile, has_fork=hasattr(os, "fork"))
    if pipeline == pipeline_choice.AGENT:
        try:
            run = create_run(state_root(environment))
            summary, said = _announce(environment, profile, run, root_pid)
            _start_agent(run, profile, _describe(profile, command, root_pid), root_pid)
        except (RunDirectoryError, OSError) as error:
            reason = f"no agent: {error}"
        else:
            root_span, notices = _make_root_span(wishes, command, target, environment, root_pid, profile)
            text = handoff.write(
                _without_secrets(_started_in(root_span, profile)),
                run_directory=run.path,
                pipeline=pipeline_choice.AGENT,
                overlay=overlay_directories(),
                summary=summary,
            )
            return Recording(
                text,
                (*loaded.warnings, *notices, *said),
                profile.otelrun.exit_budget_ms,
                root_span,
                run.rings,
                profile.resource,
                run.path,
                summary[0] if summary and root_pid != os.getpid() else "",
            )
    notices = ("no span around the command: there is no agent",) if wishes.root_span else ()
    return _without_agent(profile, reason, (*loaded.warnings, *notices))


def _announce(
    environment: Mapping[str, str], profile: Profile, run: RunDirectory, root_pid: int
) -> tuple[tuple[str, int, bool] | tuple[()], tuple[str, ...]]:
    """Give what is to be said of the run at its end, see ``Handoff``, and what is said of it now."""
    is_terminal = os.isatty(_STDERR)
    if not is_terminal and OTELRUN_SUMMARY not in environment:
        return (), ()
    from otelrun.launch import announcement  # noqa: PLC0415 - only where there is somebody to tell

    mode, mistake = announcement.choose_summary(environment, is_terminal=is_terminal)
    told = (mistake,) if mistake else ()
    if mode == announcement.OFF:
        return (), told
    if is_terminal and summary_request.is_in_foreground(_STDERR):
        told = (*told, announcement.start_line(profile))
    if root_pid == os.getpid() and not summary_request.make_possible(run.path):
        return (), told
    return (mode, root_pid, not is_terminal), told


def _make_root_span(
    wishes: Wishes, command: list[str], target: Target, environment: Mapping[str, str], root_pid: int, profile: Profile
) -> tuple[RootSpan | None, tuple[str, ...]]:
    """Give the span around the command, if it is wanted, and what is to be said of it."""
    if not wishes.root_span:
        return None, ()
    if "tracecontext" not in profile.propagators:
        return None, ("no span around the command: the profile's propagators lack tracecontext",)
    if profile.tracer_provider is None and not profile.otelrun.store.enabled:
        return None, ("no span around the command: the profile wants no spans",)
    from otelrun.launch import root_span  # noqa: PLC0415 - seldom needed

    return root_span.make(target, command, profile, environment, root_pid), ()


def _started_in(root_span: RootSpan | None, profile: Profile) -> Profile:
    """Have the program be part of the span around it, whatever that span is to the trace in the environment."""
    if root_span is None or profile.otelrun.start_context == "parent":
        return profile
    return profile._replace(otelrun=profile.otelrun._replace(start_context="auto"))


def _start_agent(run: RunDirectory, profile: Profile, description: dict[str, Any], root_pid: int) -> None:
    from otelrun.agent import process  # noqa: PLC0415 - not loaded where there is to be no agent

    secret = handoff.write(profile, run_directory=run.path, pipeline=pipeline_choice.AGENT)
    process.describe(run, secret, {"run_id": run.run_id, **description})
    process.start(run, root_pid=root_pid, keep_stdout=pipeline_choice.writes_to_stdout(profile))


def _without_agent(profile: Profile, reason: str, warnings: tuple[str, ...]) -> Recording:
    if not pipeline_choice.has_exporters(profile):
        return Recording("", (*warnings, f"not recording: {reason}; the local store needs the agent"))
    text = handoff.write(
        profile, run_directory="", pipeline=pipeline_choice.IN_PROCESS, reason=reason, overlay=overlay_directories()
    )
    return Recording(text, (*warnings, f"exporting from inside the program, without the local store: {reason}"))


def _describe(profile: Profile, command: list[str], root_pid: int) -> dict[str, Any]:
    """Say what is run, for ``run.json``."""
    return {
        "command": command,
        "cwd": _working_directory(),
        "started_ns": time.time_ns(),
        "root_pid": root_pid,
        "service_name": dict(profile.resource.attributes).get("service.name", ""),
        "service_name_source": profile.service_name_source,
        "profile": profile.name,
        "profile_origin": profile.origin,
        "resource_schema_url": profile.resource.schema_url or "",
        "python": sys.version.partition(" ")[0],
        "otelrun_version": __version__,
        "pipeline": pipeline_choice.AGENT,
        "destinations": pipeline_choice.list_destinations(profile),
    }


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been deleted
        return ""


def _without_secrets(profile: Profile) -> Profile:
    """Take out the headers of all exporters: in the agent pipeline only the agent needs them."""

    def bare(exporter: Exporter | None) -> Exporter | None:
        return None if exporter is None else exporter._replace(headers=())

    tracer, meter, logger = profile.tracer_provider, profile.meter_provider, profile.logger_provider
    if tracer is not None:
        tracer = tracer._replace(
            processors=tuple(item._replace(exporter=bare(item.exporter)) for item in tracer.processors)
        )
    if logger is not None:
        logger = logger._replace(
            processors=tuple(item._replace(exporter=bare(item.exporter)) for item in logger.processors)
        )
    if meter is not None:
        meter = meter._replace(
            readers=tuple(item._replace(exporter=item.exporter._replace(headers=())) for item in meter.readers)
        )
    return profile._replace(tracer_provider=tracer, meter_provider=meter, logger_provider=logger)
