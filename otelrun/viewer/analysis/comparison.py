"""Two runs side by side: which endpoints got slower, what newly fails, what is new and what is gone. Pure.

Slower or faster is only what is so by more than chance and by more than a little; where there are too few calls to tell, that
is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.viewer.analysis.endpoints import endpoints_of
from otelrun.viewer.analysis.ranks import chance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otelrun.viewer.analysis.endpoints import Endpoint
    from otelrun.viewer.analysis.entries import Entry
    from otelrun.viewer.analysis.failures import Failure

SLOWER, FASTER, SAME, TOO_FEW, NEW, GONE = "slower", "faster", "same", "too few calls", "new", "gone"

FEWEST_CALLS = 5
"""So many calls in both runs are needed to say that one is slower."""

_CHANCE = 0.01
_RATIO = 1.25
_LEAST_NS = 50_000
_SHARE = 0.10
_MOST_COMPARED = 20_000
_ORDER = (SLOWER, FASTER, NEW, GONE, TOO_FEW, SAME)


class Side(NamedTuple):
    """One of the two runs: its requests and its failures."""

    entries: Sequence[Entry]
    failures: Sequence[Failure]


class Shift(NamedTuple):
    """How one library's part in an endpoint changed: share of the time, 0 to 1, and calls per request, before and after."""

    library: str
    share_before: float
    share_after: float
    calls_before: float
    calls_after: float


class EndpointChange(NamedTuple):
    """One endpoint in both runs; None where it was not called.

    Attributes:
        endpoint: what its requests are grouped by.
        kind: of its spans.
        before: in the first run.
        after: in the second run.
        verdict: SLOWER, FASTER, SAME, TOO_FEW, NEW or GONE.
        ratio: median after to median before; 0 where there is none.
        shifts: libraries whose part changed much, the most first.
    """

    endpoint: str
    kind: str
    before: Endpoint | None
    after: Endpoint | None
    verdict: str
    ratio: float = 0.0
    shifts: tuple[Shift, ...] = ()

    @property
    def is_newly_failing(self) -> bool:
        """Whether it fails and did not before."""
        return bool(self.after and self.after.failed and not (self.before and self.before.failed))

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to tell of it."""
        return self.verdict not in (SAME, TOO_FEW) or self.is_newly_failing or bool(self.shifts)


class Comparison(NamedTuple):
    """Two runs: endpoints, what changed most first; failures that only one of them has."""

    endpoints: tuple[EndpointChange, ...]
    new_failures: tuple[Failure, ...]
    gone_failures: tuple[Failure, ...]

    @property
    def is_worse(self) -> bool:
        """Whether something got slower or newly fails."""
        slower = any(one.verdict == SLOWER or one.is_newly_failing for one in self.endpoints)
        return slower or bool(self.new_failures)


def compare(before: Side, after: Side) -> Comparison:
    """Compare a run with an earlier one."""
    earlier = {(one.endpoint, one.kind): one for one in endpoints_of(before.entries)}
    later = {(one.endpoint, one.kind): one for one in endpoints_of(after.entries)}
    durations = _durations(before.entries), _durations(after.entries)
    changes = [
        _change(key, earlier.get(key), later.get(key), (durations[0].get(key, []), durations[1].get(key, [])))
        for key in dict.fromkeys((*later, *earlier))
    ]
    known_before, known_after = {_key(one) for one in before.failures}, {_key(one) for one in after.failures}
    return Comparison(
        tuple(sorted(changes, key=_rank)),
        tuple(one for one in after.failures if _key(one) not in known_before),
        tuple(one for one in before.failures if _key(one) not in known_after),
    )


def _durations(entries: Sequence[Entry]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for entry in entries:
        if not entry.is_interrupted:
            found.setdefault((entry.endpoint, entry.kind), []).append(entry.duration_ns)
    return {key: numbers[:: len(numbers) // _MOST_COMPARED + 1] for key, numbers in found.items()}


def _key(failure: Failure) -> tuple[str, ...]:
    """Name a failure in a way that holds from one version of the code to the next: not by the line."""
    if failure.frame is None:
        return (failure.type, *failure.endpoints)
    return (failure.type, failure.frame.file.replace("\\", "/").rpartition("/")[2], failure.frame.function)


def _rank(change: EndpointChange) -> tuple[bool, int, int, str]:
    total_ns = max(one.total_ns for one in (change.before, change.after) if one is not None)
    return (not change.is_newly_failing, _ORDER.index(change.verdict), -total_ns, change.endpoint)


def _change(
    key: tuple[str, str], before: Endpoint | None, after: Endpoint | None, durations: tuple[list[int], list[int]]
) -> EndpointChange:
    if before is None or after is None:
        return EndpointChange(*key, before, after, NEW if before is None else GONE)
    ratio = after.p50_ns / before.p50_ns if before.p50_ns else 0.0
    return EndpointChange(*key, before, after, _verdict(before, after, durations), ratio, _shifts(before, after))


def _verdict(before: Endpoint, after: Endpoint, durations: tuple[list[int], list[int]]) -> str:
    if min(map(len, durations)) < FEWEST_CALLS:
        return TOO_FEW
    shorter, longer = sorted((before.p50_ns, after.p50_ns))
    if longer - shorter < _LEAST_NS or longer < shorter * _RATIO or chance(*durations) > _CHANCE:
        return SAME
    return SLOWER if after.p50_ns > before.p50_ns else FASTER


def _shifts(before: Endpoint, after: Endpoint) -> tuple[Shift, ...]:
    """Give the libraries, but not the program itself, whose share of the time or whose calls per request changed much."""
    found = []
    are_shares_known = min(before.calls, after.calls) >= FEWEST_CALLS
    for library in dict.fromkeys((*before.calls_to, *after.calls_to)):
        shift = Shift(
            library,
            _part(before.time_in.get(library, 0), before.total_ns),
            _part(after.time_in.get(library, 0), after.total_ns),
            _part(before.calls_to.get(library, 0), before.calls),
            _part(after.calls_to.get(library, 0), after.calls),
        )
        fewer, more = sorted((shift.calls_before, shift.calls_after))
        is_share_other = are_shares_known and abs(shift.share_after - shift.share_before) >= _SHARE
        if is_share_other or (more - fewer >= 1 and more >= 2 * fewer):
            found.append(shift)
    return tuple(sorted(found, key=lambda shift: -abs(shift.calls_after - shift.calls_before)))


def _part(number: int, whole: int) -> float:
    return number / whole if whole else 0.0
