"""What otelrun knows of an object of the program's is kept beside it: nothing is set on it, and it dies when it would.

Attributes would show in ``vars()``, and pass through whatever the program's class makes of ``__getattr__`` and ``__setattr__``.
"""

from __future__ import annotations

from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Reference(ref):  # type: ignore[type-arg] # of any object
    """A weak reference that still knows its object's id when that is dead."""

    __slots__ = ("key",)

    key: int


class SideTable:
    """One value for each of some objects."""

    __slots__ = ("_entries", "_forget")

    def __init__(self, bury: Callable[[Any], None]) -> None:
        """Begin empty.

        Args:
            bury: is given the value of an object that died with it; raises nothing.
        """
        entries: dict[int, tuple[_Reference, Any]] = {}

        def forget(reference: Any) -> None:
            entry = entries.pop(reference.key, None)
            if entry is not None:
                bury(entry[1])

        self._entries = entries
        self._forget = forget

    def set(self, owner: object, value: object) -> None:
        """Keep a value for an object, as long as that lives."""
        reference = _Reference(owner, self._forget)
        reference.key = key = id(owner)
        self._entries[key] = (reference, value)

    def get(self, owner: object) -> Any:
        """Give the value of an object; None where it has none."""
        entry = self._entries.get(id(owner))
        return None if entry is None else entry[1]

    def take(self, owner: object) -> Any:
        """Give the value of an object, None where it has none, and forget it."""
        entry = self._entries.pop(id(owner), None)
        return None if entry is None else entry[1]
