"""Tables written small: column by column, what repeats said once. Pure; ``static/report_data.js`` reads it back.

A column is a list of its values, ``{"same": value}``, ``{"of": [values], "at": [numbers]}``, ``{"steps": [differences]}`` or,
among the columns of an object, ``{"like": number}`` of an earlier one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_REPEATS = 4


def column(values: Sequence[Any]) -> Any:
    """Write a column of texts, numbers or plain data."""
    if values and all(value == values[0] and type(value) is type(values[0]) for value in values):
        return {"same": values[0]}
    if not all(isinstance(value, str) for value in values):
        return list(values)
    numbers: dict[str, int] = {}
    at = [numbers.setdefault(value, len(numbers)) for value in values]
    return {"of": list(numbers), "at": at} if 0 < len(numbers) * _REPEATS <= len(values) else list(values)


def steps(values: Sequence[int]) -> Any:
    """Write a column of integers that grow slowly as what each adds to the one before."""
    return {"steps": [after - before for before, after in pairwise((0, *values))]}


class ObjectColumn:
    """A column of objects: those of the same names share a table with a column for each name."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._numbers: dict[tuple[str, ...], int] = {}
        self._values: list[list[list[Any]]] = []
        self._at: list[int] = []

    def append(self, value: Mapping[str, Any]) -> None:
        """Add a row."""
        names = tuple(value)
        number = self._numbers.setdefault(names, len(self._numbers))
        if number == len(self._values):
            self._values.append([[] for _ in names])
        for values, item in zip(self._values[number], value.values(), strict=True):
            values.append(item)
        self._at.append(number)

    def written(self) -> Any:
        """Write the column."""
        return {
            "at": column(self._at),
            "shapes": [
                {"names": list(names), "columns": _distinct(self._values[number])}
                for names, number in self._numbers.items()
            ],
        }


def _distinct(columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Write columns; one that says the same as an earlier one names that."""
    written: list[Any] = []
    for number, values in enumerate(columns):
        same = next((other for other in range(number) if columns[other] == values), None) if len(values) > 1 else None
        is_like = same is not None and list(map(type, columns[same])) == list(map(type, values))
        written.append({"like": same} if is_like else column(values))
    return written


def table(rows: Iterable[Sequence[Any]], names: Sequence[str]) -> dict[str, Any]:
    """Write a table of plain columns.

    Args:
        rows: each with a value for each name.
        names: of the columns.
    """
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: column(values) for name, values in zip(names, columns, strict=True)}
