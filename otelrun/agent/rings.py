"""The rings of one run: which there are, and whether what writes them still runs."""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic, time, time_ns
from typing import TYPE_CHECKING

from otelrun.agent.owners import is_running
from otelrun.ring.reader import RingReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.agent.notices import Notices
    from otelrun.agent.owners import Processes
    from otelrun.delivery.encode import ProcessEncoder
    from otelrun.ring.directory import RunDirectory

_LOOK_AT_IMAGE_S = 1.0
_UNFINISHED_S = 1.0


class Ring:
    """One process's ring, and what has been made for it.

    Attributes:
        name: of its file.
        reader: reads it.
        encoder: encodes what it holds; None before the first record.
        process: the store's number of its process; None before the first record, or without a store.
        stored_ns: when the newest measurement that the store has was made.
        stored_libraries: how many of its entries on libraries the store has.
        is_live: whether its process was alive when the agent found it.
    """

    def __init__(self, name: str, reader: RingReader) -> None:
        """Take the reader; the encoder and the store's process id come with the first record."""
        self.name = name
        self.reader = reader
        self.encoder: ProcessEncoder | None = None
        self.process: int | None = None
        self.stored_ns = 0
        self.stored_libraries = 0
        self.is_live = False
        self._looked_at = monotonic()
        self._is_replaced = False

    def is_replaced(self) -> bool:
        """Say whether the process has become another program (exec); looks at it now and then only."""
        now = monotonic()
        if now - self._looked_at >= _LOOK_AT_IMAGE_S and not self._is_replaced:
            self._looked_at = now
            self._is_replaced = self.reader.is_replaced()
        return self._is_replaced

    def ended_ns(self) -> int:
        """Give when the process of a drained ring ended, as nearly as can be known, ns since the epoch."""
        return time_ns() if self.is_live else max(self.reader.last_ns, self.reader.changed_ns)


class Rings:
    """The rings that are there, in the order they were found. Iterating allows removing."""

    def __init__(self, run: RunDirectory, processes: Processes, notices: Notices) -> None:
        """Know none yet.

        Args:
            run: the run's directory.
            processes: is told of the owners of rings, and knows which are alive.
            notices: takes what goes wrong.
        """
        self._directory = run.rings
        self._processes = processes
        self._notices = notices
        self._found: dict[str, Ring] = {}

    def __iter__(self) -> Iterator[Ring]:
        """Give each ring."""
        return iter(tuple(self._found.values()))

    def __len__(self) -> int:
        """Count them."""
        return len(self._found)

    @property
    def readers(self) -> list[RingReader]:
        """The readers of all rings."""
        return [ring.reader for ring in self._found.values()]

    def discover(self, *, is_run_over: bool = False) -> None:
        """Take up rings that have appeared, and watch their owners.

        Args:
            is_run_over: nobody is left who could be making one: what is no ring yet never will be.
        """
        try:
            names = os.listdir(self._directory)
        except OSError:
            return  # the directory was removed: nothing to read
        for name in names:
            if name in self._found:
                continue
            path = os.path.join(self._directory, name)
            try:
                reader = RingReader(path)
            except (OSError, ValueError):
                self._remove_unfinished(path, name, is_run_over)
                continue
            ring = self._found[name] = Ring(name, reader)
            if not reader.is_foreign:
                self._processes.watch(reader.pid, reader.start_ticks)
            ring.is_live = self.is_alive(ring)

    def _remove_unfinished(self, path: str, name: str, is_run_over: bool) -> None:
        """Remove a file that its process was killed over before it was a ring; not at once, it may be in another namespace."""
        pid = name.partition("-")[0]
        with suppress(OSError):  # somebody was first
            if is_run_over or (
                time() - os.stat(path).st_mtime >= _UNFINISHED_S and pid.isdigit() and not is_running(int(pid), 0)
            ):
                os.unlink(path)
                self._notices.log(f"{name}: its process ended while making it")

    def is_alive(self, ring: Ring) -> bool:
        """Say whether what writes a ring still runs: not where the process has ended, or become another program (exec).

        Of a process in another pid namespace it cannot be told; it counts as running as long as anybody of the run does.
        """
        if ring.reader.is_foreign:
            return self._processes.is_any_alive()
        return self._processes.is_alive(ring.reader.pid, ring.reader.start_ticks) and not ring.is_replaced()

    def is_any_alive(self) -> bool:
        """Say whether what writes any ring still runs."""
        return any(self.is_alive(ring) for ring in self)

    def is_done(self, ring: Ring) -> bool:
        """Say whether nothing will ever come of a ring that has not been read."""
        return not self.is_alive(ring) and ring.reader.is_drained  # in this order: it may have died just now

    def forget(self, ring: Ring) -> None:
        """Leave a ring out from now on; its file is still there."""
        del self._found[ring.name]

    def close(self) -> None:
        """Let go of all of them."""
        for ring in self:
            ring.reader.close()
        self._found.clear()


def describe_losses(reader: RingReader) -> str:
    """Say how much of what a process recorded its ring did not take, and how much was damaged; empty where nothing was."""
    counts = reader.counts()
    numbers = [(number, f"{kind} (no room)") for kind, number in counts.dropped.items()]
    numbers += [(number, f"{kind} (too large)") for kind, number in counts.too_large.items()]
    numbers += [(counts.series_dropped, "metric series (no room)"), (reader.torn, "damaged")]
    return ", ".join(f"{number:,} {what}" for number, what in numbers if number)


def remove(ring: Ring) -> None:
    """Let go of a ring whose records are all on disk elsewhere, and remove its file."""
    ring.reader.close()
    with suppress(OSError):  # the run's directory was removed, or has become read-only
        os.unlink(ring.reader.path)
