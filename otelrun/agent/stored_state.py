"""What the store is told of one process besides its records: its metrics, what it uses, its libraries, its end.

Takes the store as it is; that it may fail is for the caller.
"""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otelrun.agent.rings import Ring
    from otelrun.agent.runtime_metrics import RuntimeMetrics
    from otelrun.store.ingest import StoreWriter


def store_metrics(store: StoreWriter, ring: Ring) -> None:
    """Store the series that have been measured since the last time."""
    since_ns = ring.stored_ns
    changed = [state for state in ring.reader.series() if state.time_ns > since_ns]
    if changed and ring.process is not None:
        ring.stored_ns = max(state.time_ns for state in changed)
        store.set_metrics(ring.process, changed, ring.reader.scope, time_ns())


def store_usage(store: StoreWriter, ring: Ring, runtime: RuntimeMetrics) -> None:
    """Store what the process of a ring was seen to use last."""
    if ring.process is not None:
        store.set_metrics(ring.process, runtime.states(ring), runtime.scope_of, time_ns())


def store_libraries(store: StoreWriter, ring: Ring) -> None:
    """Store what has become of the instrumentation of libraries since the last time."""
    if ring.process is not None:
        found = ring.reader.libraries(ring.stored_libraries)
        if found:
            store.set_libraries(ring.process, found)
            ring.stored_libraries += len(found)


def store_end(store: StoreWriter, ring: Ring, ended_ns: int) -> None:
    """Store that the process of a ring has ended."""
    store_libraries(store, ring)
    if ring.process is not None:
        store.end_process(ring.process, ended_ns)
