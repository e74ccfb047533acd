"""Descriptors that stay out of the way of the standard streams. POSIX only."""

from __future__ import annotations

import os

_FIRST = 3


def above_standard(fd: int) -> int:
    """Give a descriptor of the same file that is none of the first three.

    Who was started with a standard stream closed gets its number for the next file that it opens, and who later puts /dev/null in
    the place of its standard streams closes that file.

    Args:
        fd: just opened; closed where another takes its place.
    """
    if fd >= _FIRST:
        return fd
    import fcntl  # noqa: PLC0415 - seldom needed

    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST)
    finally:
        os.close(fd)
