"""Documents on metrics. Pure: rows in, plain data out; times are ns after the start of the run."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from otelrun.viewer.page.values import attribute_values, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otelrun.store.browsing import Point, SeriesRow

MOST_POINTS = 2_000
"""Of one series; of more, every second, third, … is given, and always the newest."""

_RUNTIME = ("process.", "cpython.", "system.", "otel.", "otelrun.")


def metrics_document(series: Iterable[tuple[SeriesRow, Sequence[Point]]], started_ns: int) -> dict[str, Any]:
    """Give the metrics.

    Args:
        series: each with its points, oldest first; those of one metric together.
        started_ns: when the run began, since the epoch.
    """
    groups = groupby(series, key=lambda pair: (pair[0].name, pair[0].unit, pair[0].instrument))
    return {
        "metrics": [
            {
                "name": name,
                "unit": unit,
                "instrument": instrument,
                "is_runtime": name.startswith(_RUNTIME),
                "description": pairs[0][0].description,
                "series": [_series(row, thinned(points), started_ns) for row, points in pairs],
            }
            for (name, unit, instrument), group in groups
            if (pairs := list(group))
        ]
    }


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Give at most about ``MOST_POINTS`` of them, evenly, with the newest."""
    step = -(-len(points) // MOST_POINTS) or 1
    return points if step == 1 else points[::-step][::-1]


def _series(row: SeriesRow, points: Sequence[Point], started_ns: int) -> dict[str, Any]:
    given = {
        "id": row.id,
        "service": row.service_name,
        "pid": row.pid,
        "attributes": attribute_values(row.attributes),
        "times": [point.time_ns - started_ns for point in points],
    }
    if row.instrument != "histogram":
        return {**given, "values": [point.value for point in points]}
    return {
        **given,
        "boundaries": value_of(row.boundaries),
        "counts": [value_of(point.counts) for point in points],
        "count": [point.measurements for point in points],
        "sum": [point.value for point in points],
        "min": [point.min for point in points],
        "max": [point.max for point in points],
    }
