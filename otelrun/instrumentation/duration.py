"""The histogram in which an instrumentation measures durations, from whichever OpenTelemetry API the program has."""

from __future__ import annotations

from otelrun.instrumentation import sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from opentelemetry.context import Context

    Record = Callable[[float, Mapping[str, Any], Context | None], None]


def create_duration(scope: str, name: str, description: str, boundaries_s: Sequence[float]) -> Record:
    """Make the histogram of a duration in seconds.

    Args:
        scope: name of the instrumentation scope.
        name: of the metric.
        description: of the metric.
        boundaries_s: of the buckets, as advice.

    Returns:
        ``record(seconds, attributes, context)``.
    """
    from opentelemetry import metrics  # noqa: PLC0415 - some instrumentations load it with the first request

    meter = sources.get_meter(scope)
    try:
        histogram = meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=boundaries_s)
    except TypeError:  # before 1.30
        histogram = meter.create_histogram(name, "s", description)
    if "context" in metrics.Histogram.record.__code__.co_varnames:
        return histogram.record
    return lambda seconds, attributes, _: histogram.record(seconds, attributes)  # before 1.28
