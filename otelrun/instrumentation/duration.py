"""The histograms in which an instrumentation measures durations and sizes, from whichever OpenTelemetry API the program has."""

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
    meter = sources.get_meter(scope)
    try:
        histogram = meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=boundaries_s)
    except TypeError:  # before 1.30
        histogram = meter.create_histogram(name, "s", description)
    return _record(histogram)


def create_size(scope: str, name: str, description: str) -> Record:
    """Make the histogram of a size in bytes, with the default buckets; otherwise as ``create_duration``."""
    return _record(sources.get_meter(scope).create_histogram(name, "By", description))


def _record(histogram: Any) -> Record:
    from opentelemetry import metrics  # noqa: PLC0415 - some instrumentations load it with the first request

    if "context" in metrics.Histogram.record.__code__.co_varnames:
        record: Record = histogram.record
        return record
    return lambda value, attributes, _: histogram.record(value, attributes)  # before 1.28
