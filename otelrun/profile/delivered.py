"""Which exporters of a profile the agent runs: for the agent, which numbers them, and for the program, which names them so."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from otelrun.profile.model import Processor, Profile

KINDS = ("otlp_http", "otlp_grpc", "otlp_file", "console")
"""Kinds of exporter that the agent runs; any other is a plugin, which runs in the program."""


def span_processors(profile: Profile) -> list[Processor]:
    """List the span processors whose exporters the agent runs."""
    return _delivered(profile.tracer_provider.processors if profile.tracer_provider else ())


def log_processors(profile: Profile) -> list[Processor]:
    """List the log record processors whose exporters the agent runs."""
    return _delivered(profile.logger_provider.processors if profile.logger_provider else ())


def _delivered(processors: tuple[Processor, ...]) -> list[Processor]:
    return [processor for processor in processors if processor.exporter and processor.exporter.kind in KINDS]
