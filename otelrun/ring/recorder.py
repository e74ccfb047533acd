"""One recorder per process: makes the ring at the first record, a new one after fork, and stands down where it cannot.

The only thing of ``ring`` that the pipeline talks to.
"""

from __future__ import annotations

import errno
import os
from _thread import RLock
from time import time_ns
from typing import NamedTuple

from otelrun import diagnostics, stood_down
from otelrun.environment_variables import OTELRUN_DIR
from otelrun.lifecycle import exit as at_end
from otelrun.lifecycle import fork
from otelrun.ring import layout
from otelrun.ring.mapping import let_go
from otelrun.ring.record import NOTE, encode, encode_definition
from otelrun.ring.writer import LastLock, RingWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from otelrun.ring.open_spans import Slot
    from otelrun.ring.record import Scope

_FIRST_PROCESS = 1
_SMALLEST = 64 * 1024
_PAGE = 4096
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


class Sizes(NamedTuple):
    """How large a ring is to be, in bytes; see ``RingWriter``."""

    data: int
    tables: int
    open: int = 0

    def smaller(self) -> Sizes:
        """Give a quarter of it."""
        tables = max(_PAGE, self.tables // 4 // _PAGE * _PAGE)
        return Sizes(self.data // 4, tables, self.open // 4 // layout.OPEN_SLOT_SIZE * layout.OPEN_SLOT_SIZE)


class FirstOpenSpan:
    """Stands for a ring's open spans until this process has a ring: makes it at the first span."""

    def __init__(self, recorder: Recorder) -> None:
        """Take the recorder whose ring it is to be."""
        self._recorder = recorder

    def put(self, payload: bytes) -> Slot | None:
        """Make the ring and put the span there, see ``OpenSpans``."""
        writer = self._recorder.writer
        return None if writer is None or writer.open_spans is None else writer.open_spans.put(payload)


class Recorder:
    """Writes this process's records, scopes and metric series.

    Attributes:
        generation: counts the rings of this process line; whoever keeps a scope id or a cell index must forget it when this
            number changes (after fork).
        append: ``append(kind, payload, slot)`` takes an encoded record, and the slot of the span that has ended with it, if any.
            Once there is a ring it is the ring's own method, so that the recording path has no step in between: look it up
            for each record.
        open_spans: takes the spans that have started; None where they are not tracked. Look it up for each span.
        is_opening: whether the ring is being made at this moment; seen only by other threads, and by a signal handler that
            interrupts it, which must not take a missing series for one that found no room.
    """

    def __init__(
        self,
        directory: str,
        describe: Callable[[], dict[str, Any]],
        *,
        sizes: Sizes,
        hold_ns: int,
        last_wait_ns: int = 0,
        list_libraries: Callable[[], Iterable[tuple[str, ...]]] = tuple,
    ) -> None:
        """Prepare; nothing is made yet.

        Args:
            directory: the run's directory of rings.
            describe: gives the resource attributes of the current process; called once per process, at its first record.
            sizes: of the ring.
            hold_ns: see ``RingWriter``.
            last_wait_ns: how long process 1 of a container may wait at its end for the agent, which ends with it.
            list_libraries: gives the fields of a ``ring.record.Library`` for each library; what a new ring begins with.
        """
        self.generation = 0
        self.append: Callable[..., None] = self._append_first
        self._directory = directory
        self._describe = describe
        self._sizes = sizes
        self._hold_ns = hold_ns
        self._last_wait_ns = last_wait_ns
        self._list_libraries = list_libraries
        self._writer: RingWriter | None = None
        self._is_off = False
        self._lock: RLock | LastLock = RLock()
        self.open_spans: Any = FirstOpenSpan(self) if sizes.open else None
        self._early: list[tuple[int, bytes]] = []
        self.is_opening = False
        self._scopes: dict[Any, int] = {}
        fork.in_child(self._forget)
        at_end.at_exit(self._end)
        diagnostics.add_listener(self.note)

    def _forget(self) -> None:
        """Leave the parent's ring to the parent; the child gets one of its own at its first record."""
        self.generation += 1
        if self._writer is not None and self._writer.open_spans is not None:
            self._writer.open_spans.leave_to_parent()
        self.append = self._append_first
        self.open_spans = FirstOpenSpan(self) if self._sizes.open and not self._is_off else None
        mapping = -1 if self._writer is None else self._writer.mapping
        self._writer = None
        let_go(mapping)
        self._lock = RLock()
        self._early = []
        self.is_opening = False
        self._scopes = {}

    def _end(self) -> None:
        if self._writer is not None and os.getpid() == _FIRST_PROCESS:
            self._writer.flush(self._last_wait_ns)
        if self._writer is not None:
            self._writer.outlive_threads()
        if not isinstance(self._lock, LastLock):
            self._lock = LastLock(self._lock, _nothing)

    @property
    def writer(self) -> RingWriter | None:
        """The ring of this process, made now if need be; None where none can be made (told once)."""
        if self._writer is None and not self._is_off:
            self._open()
        return self._writer

    def _open(self) -> None:
        with self._lock:
            if self._writer is not None or self.is_opening:
                return  # another thread was first; or a signal handler records in the middle of this
            self.is_opening = True
            path = os.path.join(self._directory, f"{os.getpid()}-{time_ns()}.ring")
            try:
                writer = self._make_ring(path, self._sizes)
                writer.define(layout.TABLE_PROCESS, encode_definition((self._describe(),)))
                size = writer.words[layout.WORD_DATA_SIZE]
                if size < self._sizes.data:
                    text = f"little room in {self._directory}: a ring of {size >> 10} KiB, not {self._sizes.data >> 10}"
                    writer.append(NOTE, encode(NOTE, (time_ns(), "ring-small", text)))
                self._writer = writer
                self.append = writer.append
                self.open_spans = writer.open_spans
                for library in self._list_libraries():
                    self.library(library)
            except OSError as error:
                self._is_off = True
                self.open_spans = None
                if self._is_first_without_ring():
                    why = f"{error.strerror or error}{self._remedy(error)}"
                    diagnostics.tell(diagnostics.RING_OFF, f"not recording: {self._directory}: {why}")
            finally:
                self.is_opening = False
            while self._early:
                self.append(*self._early.pop(0))

    def _make_ring(self, path: str, sizes: Sizes) -> RingWriter:
        """Make a ring of these sizes, or a smaller one where the file system has no room for it."""
        try:
            return RingWriter(
                path, data_size=sizes.data, tables_size=sizes.tables, open_size=sizes.open, hold_ns=self._hold_ns
            )
        except OSError as error:
            if error.errno not in _NO_ROOM or sizes.data <= _SMALLEST:
                raise
        return self._make_ring(path, sizes.smaller())

    def _is_first_without_ring(self) -> bool:
        """Say whether no other process of the run has told that it records nothing: a pool's workers are to tell it once."""
        marker = os.path.join(os.path.dirname(self._directory), stood_down.NOT_RECORDING)
        try:
            os.rename(f"{marker}{stood_down.READY}", marker)  # the first one can, even where there is room for no file
        except OSError:
            pass
        else:
            return True
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        except OSError:
            pass  # then each of them tells it
        return True

    def _remedy(self, error: OSError) -> str:
        """Say what is behind it, or what mends it."""
        if error.errno == errno.EACCES and hasattr(os, "geteuid"):
            return f"; this process has become user {os.geteuid()}, start it as that user"
        if error.errno == errno.ENOENT:
            return "; the directory was removed since the start"
        if error.errno in (*_NO_ROOM, errno.EROFS):
            return f"; set {OTELRUN_DIR} to a place with room"
        return ""

    def record(self, kind: int, fields: tuple[Any, ...]) -> None:
        """Append one record of ``kind`` (see ``ring.record``) with its fields in order."""
        self.append(kind, encode(kind, fields))

    def _append_first(self, kind: int, payload: bytes, slot: Slot | None = None) -> None:
        """Stand for ``append`` until this process has a ring."""
        writer = self.writer
        if writer is not None:
            writer.append(kind, payload, slot)
        elif self.is_opening:
            self._early.append((kind, payload))

    def note(self, slug: str, text: str) -> None:
        """Record something otelrun did or could not do; never makes a ring for it alone."""
        if self._writer is not None:
            self._writer.append(NOTE, encode(NOTE, (time_ns(), slug, text)))

    def library(self, fields: tuple[str, ...]) -> None:
        """Write the fields of a ``ring.record.Library``; never makes a ring for it alone."""
        if self._writer is not None:
            self._writer.define(layout.TABLE_LIBRARY, encode_definition(fields))

    def scope(self, scope: Scope) -> int:
        """Give the id of an instrumentation scope in this process's ring; 0 where there is no room for it."""
        key = (scope.name, scope.version, scope.schema_url, repr(scope.attributes) if scope.attributes else "")
        known = self._scopes.get(key)
        if known is None:
            writer = self.writer
            with self._lock:
                known = self._scopes.get(key)
                if known is None and writer is not None:
                    known = writer.define(layout.TABLE_SCOPE, encode_definition(scope)) or 0
                    self._scopes[key] = known
        return known or 0

    def series(self, definition: tuple[Any, ...], cells: int) -> tuple[RingWriter, int] | None:
        """Make a metric series; give the ring and the index of its first cell, or None where there is no room."""
        writer = self.writer
        if writer is None:
            return None
        first = writer.define(layout.TABLE_SERIES, encode_definition(definition), cells)
        return None if first is None else (writer, first)


def _nothing() -> None:
    """Do nothing: what the recorder's lock guards may be done twice."""
