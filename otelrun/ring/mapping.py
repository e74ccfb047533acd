"""Mapping a ring's file without leaving a descriptor in the program's way.

Before CPython 3.13 a ``mmap`` object keeps a copy of the descriptor it was given, until the object goes; then it closes that
number, whosever it is by then. A program that has closed all its descriptors, as daemons do, and opened files of its own
under the same numbers would lose one of them.
"""

from __future__ import annotations

import mmap
import os
import sys

_LAST_STANDARD = 2
_kept: list[mmap.mmap] = []


def map_file(fd: int, size: int) -> tuple[mmap.mmap, int]:
    """Map a file for reading and writing.

    Args:
        fd: of the file.
        size: bytes to map.

    Returns:
        The mapping, and the number of the descriptor that it keeps: never one of the standard streams', closed or not; -1
        where it keeps none or which one is not known.

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
    return mapping, number if _is_same_file(number, fd) else -1


def keep_if_descriptor_is_gone(mapping: mmap.mmap, number: int, file: os.stat_result) -> None:
    """See to it that the mapping never closes a descriptor that has become somebody else's: then it never goes.

    Args:
        mapping: from ``map_file``.
        number: from ``map_file``.
        file: what the descriptor stood for.
    """
    if number < 0 or _is_open_on(number, file):
        return
    try:
        from ctypes import py_object, pythonapi  # noqa: PLC0415 - seldom needed
    except ImportError:
        _kept.append(mapping)  # until the end of the interpreter, at least
    else:
        pythonapi.Py_IncRef(py_object(mapping))


def _is_same_file(number: int, fd: int) -> bool:
    return _is_open_on(number, os.fstat(fd))


def _is_open_on(number: int, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(number), file)
    except OSError:
        return False
