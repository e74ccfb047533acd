"""What the processes of a run use, as ``process.*`` metrics of OpenTelemetry's conventions: read in ``/proc``, from outside.

The processes do nothing for it and notice nothing. Each one that has a ring is looked at once a second while it runs; what was
seen last is what is told of one that has ended. The garbage collector's numbers (``cpython.gc.*``) cannot be seen from outside.
"""

from __future__ import annotations

import os
from binascii import crc32
from contextlib import suppress
from time import time_ns
from typing import TYPE_CHECKING, NamedTuple

from otelrun import __version__
from otelrun.agent.collection import Measured
from otelrun.delivery.encode import ProcessEncoder
from otelrun.ring.reader import SeriesState
from otelrun.ring.record import Scope, Series

if TYPE_CHECKING:
    from otelrun.agent.rings import Ring

CPU_MODE = "cpu.mode"
CONTEXT_SWITCH_TYPE = "process.context_switch.type"
FAULT_TYPE = "system.paging.fault.type"

SCOPE = Scope("otelrun.agent", __version__, "", {})

_NS = 1_000_000_000
_MINOR, _MAJOR, _UTIME, _STIME, _THREADS, _STARTED, _VIRTUAL, _RESIDENT = 7, 9, 11, 12, 17, 19, 20, 21
"""Of the fields of ``/proc/PID/stat`` that follow the name: see proc_pid_stat(5)."""

_SWITCHES = {b"voluntary_ctxt_switches": "voluntary", b"nonvoluntary_ctxt_switches": "involuntary"}


class Kind(NamedTuple):
    """A metric of the conventions, and the attribute by which its series differ."""

    name: str
    unit: str
    description: str
    instrument: str
    attribute: str = ""
    is_float: bool = False


CPU_TIME = Kind(
    "process.cpu.time", "s", "Total CPU seconds broken down by different CPU modes.", "counter", CPU_MODE, is_float=True
)
MEMORY = Kind("process.memory.usage", "By", "The amount of physical memory in use.", "up_down_counter")
VIRTUAL = Kind("process.memory.virtual", "By", "The amount of committed virtual memory.", "up_down_counter")
THREADS = Kind("process.thread.count", "{thread}", "Process threads count.", "up_down_counter")
DESCRIPTORS = Kind(
    "process.unix.file_descriptor.count",
    "{file_descriptor}",
    "Number of UNIX file descriptors in use by the process.",
    "up_down_counter",
)
SWITCHES = Kind(
    "process.context_switches",
    "{context_switch}",
    "Number of times the process has been context switched.",
    "counter",
    CONTEXT_SWITCH_TYPE,
)
FAULTS = Kind("process.paging.faults", "{fault}", "Number of page faults the process has made.", "counter", FAULT_TYPE)
UPTIME = Kind("process.uptime", "s", "The time the process has been running.", "gauge", is_float=True)
KINDS = (CPU_TIME, MEMORY, VIRTUAL, THREADS, DESCRIPTORS, SWITCHES, FAULTS, UPTIME)

Usage = dict[tuple[Kind, str], float]
"""What a process uses: kind and the attribute's value → number, in the kind's unit."""


class RuntimeMetrics:
    """Keeps what was last seen of each process."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: dict[str, list[SeriesState]] = {}

    def look(self, ring: Ring) -> None:
        """Look at the process of a ring, which runs; nothing happens where it cannot be seen."""
        found = {} if ring.reader.is_foreign else usage(ring.reader.pid)
        if found:
            before = self._seen.get(ring.name)
            now_ns = time_ns()
            start_ns = before[0].series.start_ns if before else now_ns - int(found[UPTIME, ""] * _NS)
            self._seen[ring.name] = series(found, start_ns, now_ns)

    def states(self, ring: Ring) -> list[SeriesState]:
        """Give what was last seen of the process of a ring; empty where nothing was."""
        return self._seen.get(ring.name, [])

    def measured(self, ring: Ring, schema_url: str) -> Measured:
        """Give that for the metric readers, with the resource of the process."""
        reader = ring.reader
        return Measured(
            f"runtime/{ring.name}",
            reader.identity,
            self.states(ring),
            lambda: ProcessEncoder(reader.resource(), schema_url, self.scope_of),
        )

    def scope_of(self, _: int) -> Scope:
        """Give the instrumentation scope of the series."""
        return SCOPE

    def forget(self, ring: Ring) -> None:
        """Drop what is kept of a process whose ring is done with."""
        self._seen.pop(ring.name, None)


def series(found: Usage, start_ns: int, now_ns: int) -> list[SeriesState]:
    """Give the series of one process, in a fixed order.

    Args:
        found: from ``usage``.
        start_ns: when the process began.
        now_ns: when it was looked at.
    """
    states = []
    for kind, value in sorted(found):
        attributes = {kind.attribute: value} if kind.attribute else {}
        about = Series(kind.instrument, kind.name, kind.unit, kind.description, 0, attributes, (), start_ns)
        # a number that is the same in every agent, and that no series of a ring has: those are positive
        number = -1 - crc32(f"{kind.name} {value}".encode())
        states.append(SeriesState(number, about, found[kind, value], kind.is_float, now_ns, 0.0, 0.0, ()))
    return states


def usage(pid: int) -> Usage:
    """Read what a process uses; what cannot be read is left out, and all of it where the process cannot be seen at all."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = [0, *map(int, stat.read().rpartition(b")")[2].split()[1:])]  # the first is its state, a letter
        with open("/proc/uptime", "rb") as uptime:
            since_boot_s = float(uptime.read().split()[0])
    except (OSError, ValueError, IndexError):
        return {}
    if not fields[_VIRTUAL]:  # it is about to end, or has ended and nobody has asked for its status
        return {}
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    found: Usage = {
        (CPU_TIME, "user"): fields[_UTIME] * tick_s,
        (CPU_TIME, "system"): fields[_STIME] * tick_s,
        (MEMORY, ""): fields[_RESIDENT] * os.sysconf("SC_PAGE_SIZE"),
        (VIRTUAL, ""): fields[_VIRTUAL],
        (THREADS, ""): fields[_THREADS],
        (FAULTS, "minor"): fields[_MINOR],
        (FAULTS, "major"): fields[_MAJOR],
        (UPTIME, ""): max(0.0, since_boot_s - fields[_STARTED] * tick_s),
    }
    with suppress(OSError, ValueError):
        found.update(_switches(pid))
    with suppress(OSError):  # a process that has changed its user shows them to nobody else
        found[DESCRIPTORS, ""] = _count_descriptors(f"/proc/{pid}/fd")
    return found


def _switches(pid: int) -> Usage:
    with open(f"/proc/{pid}/status", "rb") as status:
        pairs = [line.partition(b":") for line in status]
    return {(SWITCHES, _SWITCHES[name]): int(value) for name, _, value in pairs if name in _SWITCHES}


def _count_descriptors(folder: str) -> int:
    return os.stat(folder).st_size or len(os.listdir(folder))  # Linux has the number as the size since 6.2
