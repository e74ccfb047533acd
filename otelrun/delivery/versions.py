"""A value kept on disk beside an outbox, under a number that the outbox keeps in one write with what it counts.

The last two versions are there: an agent killed after the one and before the other finds the version that goes with the outbox.
"""

from __future__ import annotations

import marshal
import os
from binascii import crc32
from contextlib import suppress
from typing import Any

_CHECKSUM_SIZE = 4


class Versions:
    """The last two versions of one value: anything that ``marshal`` takes, whose numbers grow."""

    def __init__(self, path: str) -> None:
        """Prepare; nothing is read or made.

        Args:
            path: the file.
        """
        self._path = path
        self._last: tuple[int, bytes] | None = None

    def load(self, number: int) -> Any:
        """Give the version of that number, or of the last one before it that could be written; None where there is none."""
        try:
            with open(self._path, "rb") as file:
                data = file.read()
            content = data[_CHECKSUM_SIZE:]
            if crc32(content) != int.from_bytes(data[:_CHECKSUM_SIZE], "little"):
                return None
            kept: dict[int, bytes] = marshal.loads(content)  # noqa: S302 - private to the user, and it has its checksum
        except (OSError, ValueError, EOFError, TypeError):
            return None
        number = max((saved for saved in kept if saved <= number), default=-1)
        if number < 0:
            return None
        self._last = number, kept[number]
        return marshal.loads(kept[number])  # noqa: S302 - as above

    def save(self, number: int, value: Any) -> None:
        """Write a new version, and keep the one before it; where there is no space both stay as they are."""
        packed = marshal.dumps(value, 2)
        kept = dict([self._last] if self._last else [])
        kept[number] = packed
        content = marshal.dumps(kept, 2)
        with suppress(OSError):  # no space, or the directory was removed
            with open(self._path + ".new", "wb", opener=_open_private) as file:
                file.write(crc32(content).to_bytes(_CHECKSUM_SIZE, "little") + content)
            os.replace(self._path + ".new", self._path)
        self._last = number, packed

    def remove(self) -> None:
        """Remove the file."""
        for path in (self._path, self._path + ".new"):
            with suppress(OSError):
                os.unlink(path)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
