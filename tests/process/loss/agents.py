"""The agents of the runs below one directory, as ``/proc`` shows them: by their title and by the run's lock that they hold open."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from otelrun.ring.identity import start_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otelrun.ring.directory import RunDirectory

_TITLE = "otelrun"
_WORKER = "otelrun-agent"


class Agent(NamedTuple):
    """A process of an agent; the worker is the one that reads, stores and sends."""

    started: int
    pid: int
    is_worker: bool


def agents_of(run: RunDirectory) -> list[Agent]:
    """Give the processes of a run's own agent, the first to start first; none while there is none."""
    return sorted(Agent(start_ticks(pid), pid, title == _WORKER) for pid, title in _titled() if _holds(pid, run.lock))


def _titled() -> Iterator[tuple[int, str]]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/comm", encoding="utf-8", errors="replace") as comm:
                title = comm.read().strip()
                if title.startswith(_TITLE):
                    yield int(name), title


def _holds(pid: int, path: str) -> bool:
    with suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{fd}") == path:
                    return True
    return False
