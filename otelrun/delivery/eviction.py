"""Which records go first when an outbox is full. Pure; no I/O.

Of spans whole traces go, the oldest first, those in which a span has failed last; of logs the oldest below the severity ERROR,
then the others; of metrics whole payloads, the oldest first: a later value says more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from otelrun.delivery import wire_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ERROR_SEVERITY = 17


class Content(NamedTuple):
    """One payload to choose from.

    Attributes:
        payload: a serialised request; of what cannot be read the whole goes or stays.
        records: how many records it was put in with.
        done: how many of them, from the beginning, are settled.
        is_pinned: whether nothing of it may go now; then what belongs to its traces goes last.
    """

    payload: bytes
    records: int
    done: int
    is_pinned: bool


class _Unit:
    """What goes or stays together: records by payload and index, and how many bytes they are."""

    __slots__ = ("is_pinned", "is_precious", "members", "size")

    def __init__(self) -> None:
        self.members: list[tuple[int, int]] = []
        self.size = 0
        self.is_precious = False
        self.is_pinned = False


def choose(signal: str, contents: Iterable[Content], excess: int) -> dict[int, set[int]]:
    """Choose records of at least ``excess`` bytes, as far as there are so many.

    Args:
        signal: ``spans``, ``logs`` or ``metrics``.
        contents: the payloads, oldest first; each is let go of before the next is asked for.
        excess: bytes.

    Returns:
        Index of the payload → indices of its records that are to go; no entry where none are.
    """
    units: dict[object, _Unit] = {}
    for number, content in enumerate(contents):
        for key, index, size, is_precious in _parts(signal, number, content):
            unit = units.get(key)
            if unit is None:
                unit = units[key] = _Unit()
            unit.is_precious |= is_precious
            unit.is_pinned |= content.is_pinned
            if not content.is_pinned:
                unit.members.append((number, index))
                unit.size += size
    victims: dict[int, set[int]] = {}
    for unit in sorted(units.values(), key=lambda unit: (unit.is_pinned, unit.is_precious)):
        if excess <= 0:
            break
        excess -= unit.size
        for number, index in unit.members:
            victims.setdefault(number, set()).add(index)
    return victims


def _parts(signal: str, number: int, content: Content) -> Iterator[tuple[object, int, int, bool]]:
    """Give for each record what it goes together with, its index, its bytes, and whether it is to go last."""
    found = wire_reader.records(signal, content.payload) if signal != "metrics" else []
    if len(found) != content.records:
        size = len(content.payload) // max(1, content.records - content.done) + 1
        yield from ((number, index, size, False) for index in range(content.done, content.records))
        return
    for index in range(content.done, len(found)):
        start, end = found[index]
        record = content.payload[start:end]
        if signal == "spans":
            trace_id, is_error = wire_reader.trace_of(record)
            yield trace_id, index, end - start, is_error
        else:
            yield (number, index), index, end - start, wire_reader.severity_of(record) >= _ERROR_SEVERITY
