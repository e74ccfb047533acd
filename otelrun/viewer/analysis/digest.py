"""The entries of a run, kept up with its store as it grows: what changed since somebody last looked."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from otelrun.store.changes import Cursor, exceptions_of, log_counts, spans_of
from otelrun.viewer.analysis.entries import TraceSpans, entries_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otelrun.store.queries import StoreReader
    from otelrun.viewer.analysis.entries import Entry

_AT_ONCE = 2_000


class Change(NamedTuple):
    """An entry that is new or not what it was; ``is_withdrawn``: it is none after all."""

    sequence: int
    entry: Entry
    is_withdrawn: bool = False


class Digest:
    """All entries of one run."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._spans = Cursor("span")
        self._logs = Cursor("log")
        self._waiting: dict[str, None] = {}  # traces that have something new, in the order it came
        self._orphaned: dict[str, None] = {}  # traces in which a span waits for its parent
        self._of_trace: dict[str, list[Entry]] = {}
        self._changes: dict[tuple[str, str], Change] = {}  # by trace and span, oldest change first
        self._pruned = 0
        self.sequence = 0

    def update(self, reader: StoreReader, *, limit: int | None = None, is_over: bool = False) -> bool:
        """Take in what is new in the store.

        Args:
            reader: the run's store.
            limit: so many traces at most; the rest waits for the next call.
            is_over: the run is over: a span whose parent is missing will not see it come.

        Returns:
            Whether all of the store is taken in.
        """
        self._withdraw_pruned(reader)
        self._waiting.update(dict.fromkeys(self._spans.new_trace_ids(reader)))
        known = self._of_trace.keys()
        self._waiting.update(dict.fromkeys(name for name in self._logs.new_trace_ids(reader) if name in known))
        if is_over and not self._waiting:
            self._waiting, self._orphaned = self._orphaned, {}
        left = len(self._waiting) if limit is None else limit
        while self._waiting and left > 0:
            some = list(islice(self._waiting, min(left, _AT_ONCE)))
            left -= len(some)
            self._take(reader, some, is_over=is_over)
            for trace_id in some:
                del self._waiting[trace_id]
        return not self._waiting and not (is_over and self._orphaned)

    def _withdraw_pruned(self, reader: StoreReader) -> None:
        """Let go of the traces that the store has let go of since the last call."""
        pruned = reader.pruned().spans
        if pruned == self._pruned:
            return
        self._pruned = pruned
        kept = {row[0] for row in reader.rows("SELECT DISTINCT trace_id FROM span")}
        for trace_id in [name for name in self._of_trace if name not in kept]:
            self._replace(trace_id, [])
            del self._of_trace[trace_id]
            self._orphaned.pop(trace_id, None)

    def _take(self, reader: StoreReader, trace_ids: Sequence[str], *, is_over: bool) -> None:
        logs = log_counts(reader, trace_ids)
        traces = list(spans_of(reader, trace_ids))
        exceptions = exceptions_of(reader, [span for spans in traces for span in spans if span.is_error])
        for spans in traces:
            trace_id = spans[0].trace_id
            trace = TraceSpans(spans, is_over=is_over)
            if not is_over and trace.has_orphans():
                self._orphaned[trace_id] = None
            else:
                self._orphaned.pop(trace_id, None)
            self._replace(trace_id, entries_of(trace, logs.get(trace_id), exceptions))

    def _replace(self, trace_id: str, entries: list[Entry]) -> None:
        before = {entry.span_id: entry for entry in self._of_trace.get(trace_id, ())}
        self._of_trace[trace_id] = entries
        for entry in entries:
            if before.pop(entry.span_id, None) != entry:
                self._note(entry)
        for entry in before.values():
            self._note(entry, is_withdrawn=True)

    def _note(self, entry: Entry, *, is_withdrawn: bool = False) -> None:
        self.sequence += 1
        key = (entry.trace_id, entry.span_id)
        self._changes.pop(key, None)
        self._changes[key] = Change(self.sequence, entry, is_withdrawn)

    def entries(self) -> list[Entry]:
        """Give all entries, in the order in which their traces came."""
        return [entry for entries in self._of_trace.values() for entry in entries]

    def changed_after(self, sequence: int, *, limit: int | None = None) -> list[Change]:
        """Give what changed after a change that is known, oldest first.

        Args:
            sequence: of the last change known; 0 for all.
            limit: so many at most.
        """
        found = []
        for change in reversed(self._changes.values()):
            if change.sequence <= sequence:
                break
            found.append(change)
        found.reverse()
        return found if limit is None else found[:limit]


def entries_of_run(reader: StoreReader, *, is_over: bool = True) -> list[Entry]:
    """Give all entries of a store."""
    digest = Digest()
    while not digest.update(reader, is_over=is_over):
        pass
    return digest.entries()
