"""A run that no program recorded: its directory and its store, written by the agent's own writer."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from otelrun.store.ingest import StoreWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otelrun.ring.reader import SeriesState
    from otelrun.ring.record import Record, Scope

START_NS = 1_795_514_400_000_000_000  # 2026-11-24 10:00:00 UTC
_BATCH = 20_000
_PLACE = 512  # bytes that a record takes in the ring


@dataclass
class MadeProcess:
    """A process and what it recorded. ``scopes`` are numbered as the records' ``scope`` is.

    ``records`` and ``states`` are read once.
    """

    pid: int
    resource: dict[str, Any]
    records: Iterable[Record] = ()
    scopes: dict[int, Scope] = field(default_factory=dict)
    states: Sequence[tuple[int, Sequence[SeriesState]]] = ()
    """Pairs of a time in ns since the epoch and the metrics as they stood then."""


def make_run(root: str, run_id: str, processes: Iterable[MadeProcess], *, ended_ns: int, **about: Any) -> str:
    """Write a run below ``root``.

    Args:
        root: the directory of runs.
        run_id: e.g. ``20261124-110000-3f9a``.
        processes: what recorded.
        ended_ns: when the last of them had ended, ns since the epoch.
        about: fields of run.json that differ from those of a small shop.

    Returns:
        The run's directory.
    """
    directory = os.path.join(root, "runs", run_id)
    os.makedirs(directory, mode=0o700)
    description = {
        "run_id": run_id,
        "command": ["python", "app.py"],
        "cwd": "/srv/shop",
        "started_ns": START_NS,
        "root_pid": 4_194_301,  # no such process: above the usual highest id
        "service_name": "shop",
        "service_name_source": "name of the script",
        "profile": "default",
        "pipeline": "agent",
        "destinations": ["local store"],
        **about,
    }
    with open(os.path.join(directory, "run.json"), "w", encoding="utf-8") as file:
        json.dump(description, file)
    with open(os.path.join(directory, "agent.lock"), "wb"):
        pass  # of an agent that has gone
    writer = StoreWriter(os.path.join(directory, "store.db"))
    writer.describe_run(description)
    for process in processes:
        _write(writer, process)
    writer.end_run(ended_ns)
    writer.close()
    return directory


def _write(writer: StoreWriter, process: MadeProcess) -> None:
    name = f"{process.pid}-{START_NS}.ring"
    number = writer.add_process(name, process.pid, 0, START_NS, process.resource)
    batch: list[tuple[int, Record]] = []
    for position, record in enumerate(process.records):
        batch.append((position * _PLACE, record))
        if len(batch) == _BATCH:
            writer.add(number, batch, process.scopes.__getitem__)
            batch = []
    writer.add(number, batch, process.scopes.__getitem__)
    for time_ns, states in process.states:
        writer.set_metrics(number, states, process.scopes.__getitem__, time_ns)
    writer.commit()
