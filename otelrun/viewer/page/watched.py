"""What the server remembers of the runs that are being looked at, so that a look costs what is new and no more.

A run that nobody looks at is forgotten after some minutes. Several pages may look at one run: its requests and log records are
taken in once, in the order in which they came.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from otelrun.store.browsing import LogOrder, log_lines
from otelrun.store.listing import ENDED, INTERRUPTED, list_run
from otelrun.viewer.analysis.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.ring.directory import RunDirectory
    from otelrun.store.browsing import LogLine
    from otelrun.store.listing import Listing
    from otelrun.store.queries import StoreReader
    from otelrun.viewer.analysis.digest import Change
    from otelrun.viewer.analysis.failures import Failure

FORGOTTEN_AFTER_S = 300.0
MOST_ROWS = 20_000
"""Requests or log records in one answer."""

_PATIENCE_S = 0.15  # what an answer may spend on taking in what is new, beside its last portion
_PORTION = 200  # traces
_REST = 10  # what took so long is looked at again after ten times that
_LONGEST_REST_S = 10.0


class Requests(NamedTuple):
    """Requests that changed; see ``documents_requests``."""

    changes: list[Change]
    sequence: int
    is_complete: bool


class Lines(NamedTuple):
    """Log records that are new; see ``documents_trace``."""

    lines: list[LogLine]
    cursor: int
    is_complete: bool


class WatchedRun:
    """What is known of one run."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing.

        Args:
            clock: monotonic seconds.
        """
        self.used = clock()
        self._clock = clock
        self._lock = threading.Lock()
        self._digest = Digest()
        self._logs = LogOrder()
        self._failures: tuple[tuple[int, int], list[Failure]] | None = None

    def requests(self, reader: StoreReader, after: int, *, is_over: bool) -> Requests:
        """Take in what is new, not for long, and give what changed after a sequence number, at most ``MOST_ROWS``."""
        with self._lock:
            deadline = self._clock() + _PATIENCE_S
            is_complete = self._digest.update(reader, limit=_PORTION, is_over=is_over)
            while not is_complete and self._clock() < deadline:
                is_complete = self._digest.update(reader, limit=_PORTION, is_over=is_over)
            after = after if after <= self._digest.sequence else 0  # of another server
            changes = self._digest.changed_after(after, limit=MOST_ROWS)
            sequence = changes[-1].sequence if changes else self._digest.sequence
            return Requests(changes, sequence, is_complete and sequence == self._digest.sequence)

    def logs(self, reader: StoreReader, after: int, limit: int) -> Lines:
        """Take in what is new and give the log records after so many."""
        with self._lock:
            self._logs.update(reader)
            ids = self._logs.ids
            after = after if after <= len(ids) else 0
            some = ids[after : after + limit]
            cursor, is_complete = after + len(some), after + len(some) == len(ids)
        return Lines(list(log_lines(reader, some)), cursor, is_complete)

    def failures(self, state: tuple[int, int], find: Callable[[], list[Failure]]) -> list[Failure]:
        """Give the failures; found anew only where the state of the store (errors, logs) is another."""
        with self._lock:
            if self._failures is None or self._failures[0] != state:
                self._failures = (state, find())
            return self._failures[1]


class _Looked(NamedTuple):
    signature: tuple[tuple[int, int], ...]
    again: float
    listing: Listing


class Watch:
    """All runs that are being looked at."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none.

        Args:
            clock: monotonic seconds.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._runs: dict[str, WatchedRun] = {}
        self._listings: dict[str, _Looked] = {}

    def run(self, run_id: str) -> WatchedRun:
        """Give what is known of a run, and forget the runs that nobody has asked about for some minutes."""
        with self._lock:
            now = self._clock()
            for name in [name for name, run in self._runs.items() if now - run.used > FORGOTTEN_AFTER_S]:
                del self._runs[name]
            run = self._runs.get(run_id)
            if run is None:
                run = self._runs[run_id] = WatchedRun(self._clock)
            run.used = now
            return run

    def listing(self, directory: RunDirectory) -> Listing:
        """Describe a run in one line; counted anew only where its files have changed, and not all the time where that is slow."""
        signature = _signature(directory)
        known = self._listings.get(directory.path)
        began = self._clock()
        if known and (_is_settled(known, signature) or began < known.again):
            return known.listing
        listing = list_run(directory)
        now = self._clock()
        rest = min((now - began) * _REST, _LONGEST_REST_S)
        self._listings[directory.path] = _Looked(signature, now + rest, listing)
        return listing

    def keep_only(self, directories: list[RunDirectory]) -> None:
        """Forget the listings of runs that are gone."""
        for path in set(self._listings) - {directory.path for directory in directories}:  # others add to it meanwhile
            self._listings.pop(path, None)


def _is_settled(known: _Looked, signature: tuple[tuple[int, int], ...]) -> bool:
    return known.listing.state in (ENDED, INTERRUPTED) and known.signature == signature


def _signature(directory: RunDirectory) -> tuple[tuple[int, int], ...]:
    """Say how the files of a run are by now: what is the same twice has not changed."""
    paths = (directory.store, f"{directory.store}-wal", os.path.join(directory.path, "state.json"), directory.lock)
    return tuple(map(_state_of, paths))


def _state_of(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
