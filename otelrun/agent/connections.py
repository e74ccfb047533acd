"""Connections of the worker that the guard keeps open, so that the next worker hears what a dead one was waiting for.

The worker says on a line of its own, one packet each: a channel's name with a descriptor, to be kept in place of the one before;
or the name alone, to keep none. The line ends with the worker. What is kept, the next worker has by being forked.
"""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

_LONGEST_NAME = 64
_MOST = 64
"""Connections kept: more than a profile has exporters."""


class Line(NamedTuple):
    """Both ends of a line; each process closes the other's."""

    guard: socket.socket
    worker: socket.socket


class KeptConnections:
    """What the guard keeps, for all workers of a run, one after the other."""

    def __init__(self) -> None:
        """Keep nothing so far."""
        self._descriptors: dict[str, int] = {}

    def open_line(self) -> Line | None:
        """Make a line to a worker that is forked next; None where the system has no such thing."""
        try:
            return Line(*socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        except (AttributeError, OSError):
            return None

    def listen(self, line: Line) -> None:
        """Keep what the worker wants kept, until it ends.

        Args:
            line: closed when this returns.
        """
        line.worker.close()
        with line.guard:
            while True:
                try:
                    name, descriptors, _, _ = socket.recv_fds(line.guard, _LONGEST_NAME, 1)
                except OSError:
                    return
                if not name:
                    return
                self._replace(name.decode("utf-8", "replace"), descriptors)

    def _replace(self, channel: str, descriptors: list[int]) -> None:
        before = self._descriptors.pop(channel, None)
        if before is not None:
            os.close(before)
        if descriptors and len(self._descriptors) < _MOST:
            self._descriptors[channel] = descriptors.pop()
        for descriptor in descriptors:
            os.close(descriptor)

    def keeper(self, line: Line) -> Keeper:
        """Give, in the worker, its side of this."""
        line.guard.close()
        return Keeper(line.worker, self._descriptors)


class Keeper:
    """The worker's side; see ``delivery.exporters.Keeper``. Safe for the threads of several channels."""

    def __init__(self, line: socket.socket, left: dict[str, int]) -> None:
        """Begin with what earlier workers have left.

        Args:
            line: to the guard.
            left: the descriptor left of each channel.
        """
        line.setblocking(False)
        self._line = line
        self._left = left

    def keep(self, channel: str, descriptor: int) -> bool:
        """Have a copy of this kept in place of the one before; say whether it is: not where the guard is gone or stopped."""
        try:
            socket.send_fds(self._line, [channel.encode()], [descriptor])
        except OSError:
            return False
        return True

    def let_go(self, channel: str) -> None:
        """Have none kept any more; where the guard does not hear that now, it will at the next ``keep``."""
        try:
            self._line.send(channel.encode())
        except OSError:
            return

    def take(self, channel: str) -> int | None:
        """Give, once, what an earlier worker has left; the caller closes it."""
        return self._left.pop(channel, None)
