"""Where the profile's processors and exporters are to run, and where the telemetry goes. Pure: a profile in, words out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.profile.model import Exporter, Processor, Profile, Sampler

AGENT = "agent"
IN_PROCESS = "in_process"

_EXPORTERS = frozenset(("otlp_http", "otlp_grpc", "otlp_file", "console"))
_PROCESSORS = frozenset(("batch", "simple"))
_SAMPLERS = frozenset(("always_on", "always_off", "trace_id_ratio_based", "parent_based"))
_ON_STDOUT = "stdout"


def choose_pipeline(profile: Profile, *, has_fork: bool) -> tuple[str, str]:
    """Choose between the agent and the program.

    Returns:
        ``agent`` and ``""``, or ``in_process`` and the reason.
    """
    wanted = profile.otelrun.pipeline
    if wanted == IN_PROCESS:
        return IN_PROCESS, "the profile says pipeline: in_process"
    if not has_fork:
        return IN_PROCESS, "this system cannot fork an agent"
    plugin = "" if wanted == AGENT else next(_plugins(profile), "")
    if plugin:
        return IN_PROCESS, f"{plugin} is a plugin and must see the live telemetry"
    return AGENT, ""


def has_exporters(profile: Profile) -> bool:
    """Say whether the profile sends anything anywhere but to the local store."""
    return next(_exporters(profile), None) is not None


def writes_to_stdout(profile: Profile) -> bool:
    """Say whether an exporter writes to standard output."""
    return any(
        exporter.kind == "console" or (exporter.kind == "otlp_file" and exporter.output_stream == _ON_STDOUT)
        for exporter in _exporters(profile)
    )


def list_destinations(profile: Profile) -> list[str]:
    """List where telemetry goes, each once, without credentials."""
    found = [_describe(exporter) for exporter in _exporters(profile)]
    if profile.otelrun.store.enabled:
        found.append("local store")
    return list(dict.fromkeys(found))


def _describe(exporter: Exporter) -> str:
    if exporter.kind == "otlp_file":
        return f"otlp_file {exporter.output_stream}"
    if not exporter.endpoint:
        return exporter.kind
    from urllib.parse import urlsplit  # noqa: PLC0415 - 3 ms, for those who export

    parts = urlsplit(exporter.endpoint)
    if not parts.netloc:
        return f"{exporter.kind} {exporter.endpoint}"
    host = parts.netloc.rpartition("@")[2]
    return f"{exporter.kind} {parts.scheme}://{host}{parts.path}"


def _processors(profile: Profile) -> Iterator[Processor]:
    for provider in (profile.tracer_provider, profile.logger_provider):
        if provider is not None:
            yield from provider.processors


def _exporters(profile: Profile) -> Iterator[Exporter]:
    for processor in _processors(profile):
        if processor.exporter is not None:
            yield processor.exporter
    if profile.meter_provider is not None:
        for reader in profile.meter_provider.readers:
            yield reader.exporter


def _plugins(profile: Profile) -> Iterator[str]:
    for processor in _processors(profile):
        if processor.kind not in _PROCESSORS:
            yield f"processor {processor.kind}"
    for exporter in _exporters(profile):
        if exporter.kind not in _EXPORTERS:
            yield f"exporter {exporter.kind}"
    if profile.meter_provider is not None:
        for reader in profile.meter_provider.readers:
            if reader.kind != "periodic":
                yield f"metric reader {reader.kind}"
    if profile.tracer_provider is not None:
        yield from _plugin_samplers(profile.tracer_provider.sampler)


def _plugin_samplers(sampler: Sampler) -> Iterator[str]:
    if sampler.kind not in _SAMPLERS:
        yield f"sampler {sampler.kind}"
    branches = (
        sampler.root,
        sampler.remote_parent_sampled,
        sampler.remote_parent_not_sampled,
        sampler.local_parent_sampled,
        sampler.local_parent_not_sampled,
    )
    for branch in branches:
        if branch is not None:
            yield from _plugin_samplers(branch)
