"""What otelrun knows of an object of the program's is kept beside it: nothing is set on it, and it dies when it would.

Attributes would show in ``vars()``, and pass through whatever the program's class makes of ``__getattr__`` and ``__setattr__``.
"""

from __future__ import annotations

from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Entry(ref):  # type: ignore[type-arg] # to any object
    """A value, and a weak reference to its object.

    Attributes:
        key: the object's id.
        value: the value.
    """

    __slots__ = ("key", "value")

    key: int
    value: Any


class SideTable:
    """One value for each of some objects.

    Attributes:
        find: gives the entry of the object that has an id, None where there is none; takes no call into Python.
    """

    __slots__ = ("_bury", "_entries", "_forget", "find")

    def __init__(self, bury: Callable[[Any], None]) -> None:
        """Begin empty.

        Args:
            bury: is given the value of an object that died with it; raises nothing.
        """
        entries: dict[int, Entry] = {}

        def forget(entry: Any) -> None:
            if entries.pop(entry.key, None) is not None:
                bury(entry.value)

        self._bury = bury
        self._entries = entries
        self._forget = forget
        self.find = entries.get

    def set(self, owner: object, value: object) -> None:
        """Keep a value for an object, as long as that lives."""
        entry = Entry(owner, self._forget)
        entry.key = key = id(owner)
        entry.value = value
        self._entries[key] = entry

    def bury_all(self) -> None:
        """Do with all values as if their objects had died."""
        while self._entries:
            self._bury(self._entries.popitem()[1].value)

    def clear(self) -> None:
        """Forget all values."""
        self._entries.clear()

    def take(self, owner: object) -> Any:
        """Give the value of an object, None where it has none, and forget it."""
        entry = self._entries.pop(id(owner), None)
        return None if entry is None else entry.value
