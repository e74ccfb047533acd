"""Mapping a ring's file without a descriptor: the program's own have the numbers that they have without otelrun.

Before CPython 3.13 a ``mmap`` object keeps a copy of the descriptor it was given, and closes that number when it goes,
whosever it is by then. Here the copy is closed at once, and the object never goes, unless it is known to harm nobody.
"""

from __future__ import annotations

import mmap
import os
import sys

_LAST_STANDARD = 2
_REFERENCES = 2  # the holder's, and the call's that counts them
_kept: dict[int, list[object]] = {}


def map_file(fd: int, size: int) -> tuple[mmap.mmap, int]:
    """Map a file for reading and writing.

    Args:
        fd: of the file.
        size: bytes to map.

    Returns:
        The mapping, and a number for ``let_go``; -1 where that has nothing to do.

    Raises:
        OSError: it cannot be mapped.
    """
    if sys.version_info >= (3, 13):
        return mmap.mmap(fd, size, trackfd=False), -1
    taken = [os.dup(fd)]
    try:
        while taken[-1] <= _LAST_STANDARD:
            taken.append(os.dup(fd))
        number = taken.pop()
        os.close(number)  # the lowest that is free: the copy will be this one
        mapping = mmap.mmap(fd, size)
    finally:
        for copy in taken:
            os.close(copy)
    if not _is_same_file(number, fd):  # another thread was faster; where the copy is cannot be known
        return mapping, -1
    os.close(number)
    _kept[number] = _keep_for_ever(mapping)
    return mapping, number


def let_go(number: int) -> None:
    """Unmap, in a process without other threads, what nothing refers to any more; leave it mapped where that could do harm.

    Args:
        number: from ``map_file``.
    """
    holder = _kept.pop(number, None)
    if holder is None or sys.getrefcount(holder[0]) > _REFERENCES or _is_open(number):
        return
    free = os.open(os.devnull, os.O_RDONLY)
    if free != number:
        os.dup2(free, number)
        os.close(free)
    holder.clear()  # closes the number


def _keep_for_ever(mapping: mmap.mmap) -> list[object]:
    """Put an object where not even the end of the interpreter frees it: into a cycle that its collector cannot follow.

    It does not look into code objects, before CPython 3.13 at least.

    Returns:
        The only way to break the cycle: the list to clear.
    """
    holder: list[object] = [mapping]
    holder.append(map_file.__code__.replace(co_consts=(holder,)))
    return holder


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _is_same_file(number: int, fd: int) -> bool:
    try:
        return os.path.samestat(os.fstat(number), os.fstat(fd))
    except OSError:
        return False
