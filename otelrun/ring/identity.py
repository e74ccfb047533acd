"""What names a process for ever, and the program in it: read from ``/proc``, where there is one."""

from __future__ import annotations

import os


def start_ticks_and_image(pid: int) -> tuple[int, int]:
    """Give what names a process and the program in it.

    Returns:
        The start time of the process in clock ticks since boot (with its pid it names it for ever), and the address where its
        stack begins, which is another one after each ``exec``; 0 where unknown.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        return int(fields[19]), int(fields[25])
    except (OSError, ValueError, IndexError):
        return 0, 0


def start_ticks(pid: int) -> int:
    """Give the start time of a process, see ``start_ticks_and_image``; 0 if unknown."""
    return start_ticks_and_image(pid)[0]


def pid_namespace() -> int:
    """Give what names the namespace in which this process has its pid; 0 where there are none."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0
