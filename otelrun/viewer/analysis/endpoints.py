"""Endpoints: entries of one name, counted and timed. Pure."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otelrun.viewer.analysis.entries import Entry


class Endpoint(NamedTuple):
    """What is known of the entries of one endpoint; durations in ns, ``time_in`` and ``calls`` summed over all of them."""

    endpoint: str
    kind: str
    calls: int
    failed: int
    p50_ns: int
    p95_ns: int
    total_ns: int
    time_in: dict[str, int]
    calls_to: dict[str, int]


def endpoints_of(entries: Iterable[Entry]) -> list[Endpoint]:
    """Group entries by endpoint and kind: those that failed most first, then those that took most time."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.endpoint, entry.kind), []).append(entry)
    made = [_endpoint(name, kind, group) for (name, kind), group in groups.items()]
    return sorted(made, key=lambda one: (-one.failed, -one.total_ns, one.endpoint))


def _endpoint(name: str, kind: str, group: Sequence[Entry]) -> Endpoint:
    durations = sorted(entry.duration_ns for entry in group)
    return Endpoint(
        name,
        kind,
        calls=len(group),
        failed=sum(entry.is_failed for entry in group),
        p50_ns=percentile(durations, 50),
        p95_ns=percentile(durations, 95),
        total_ns=sum(durations),
        time_in=_sum(entry.time_in for entry in group),
        calls_to=_sum(entry.calls for entry in group),
    )


def percentile(ordered: Sequence[int], share: int) -> int:
    """Give a percentile by nearest rank: the smallest value that at least ``share`` percent do not exceed; 0 of nothing."""
    return ordered[max(0, ceil(len(ordered) * share / 100) - 1)] if ordered else 0


def _sum(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for part in parts:
        for name, number in part.items():
            whole[name] = whole.get(name, 0) + number
    return whole
