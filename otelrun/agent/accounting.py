"""What became of every record of a run, for people and for the next agent: ``<run>/state.json``.

{"updated_ns": …, "ended_ns": … or null, "agent_pid": …,
 "recorded": {"spans": …, …}, "dropped": {"spans": …, …}, "torn": …,          all processes together
 "gone": {"recorded": …, "dropped": …, "torn": …, "processes": …},            those whose rings are removed
 "processes": [{"ring", "pid", "recorded", "dropped", "torn"}],               those whose rings are still there
 "destinations": [{"name", "signal", "destination", "state", "exported", "held", "dropped", "reasons", "last_error"}]}
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from otelrun.delivery.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otelrun.delivery.channel import Channel
    from otelrun.ring.directory import RunDirectory
    from otelrun.ring.reader import Counts, RingReader

FILE = "state.json"


class Accounting:
    """The accounts of one run; goes on from what an earlier agent of it has saved."""

    def __init__(self, run: RunDirectory) -> None:
        """Read what was saved, if anything was."""
        self._path = os.path.join(run.path, FILE)
        saved = read(run)
        gone = saved.get("gone") or {}
        self._recorded: dict[str, int] = dict(gone.get("recorded") or {})
        self._dropped: dict[str, int] = dict(gone.get("dropped") or {})
        self._torn = int(gone.get("torn") or 0)
        self._processes = int(gone.get("processes") or 0)
        self._saved: dict[str, dict[str, Any]] = {row["name"]: row for row in saved.get("destinations") or ()}
        self._written: dict[str, Any] = {}

    def before(self) -> dict[str, Totals]:
        """Give the counts of each channel as an earlier agent left them, by the channel's name."""
        return {name: Totals(row["exported"], row["dropped"] + row["held"], 0) for name, row in self._saved.items()}

    def leave(self, counts: Counts, torn: int) -> None:
        """Take over the counts of a process whose ring is about to be removed."""
        _add(self._recorded, counts.recorded)
        _add(self._dropped, counts.dropped)
        self._torn += torn
        self._processes += 1

    def save(self, readers: Iterable[RingReader], channels: Iterable[Channel], ended_ns: int | None) -> None:
        """Write the file whole, if anything has changed."""
        recorded, dropped, torn, processes = dict(self._recorded), dict(self._dropped), self._torn, []
        for reader in readers:
            counts = reader.counts()
            _add(recorded, counts.recorded)
            _add(dropped, counts.dropped)
            torn += reader.torn
            row = {"ring": os.path.basename(reader.path), "pid": reader.pid}
            processes.append({**row, "recorded": counts.recorded, "dropped": counts.dropped, "torn": reader.torn})
        gone = {
            "recorded": self._recorded,
            "dropped": self._dropped,
            "torn": self._torn,
            "processes": self._processes,
        }
        state = {
            "ended_ns": ended_ns,
            "agent_pid": os.getpid(),
            "recorded": recorded,
            "dropped": dropped,
            "torn": torn,
            "gone": {name: dict(value) if isinstance(value, dict) else value for name, value in gone.items()},
            "processes": processes,
            "destinations": [self._row(channel) for channel in channels] or list(self._saved.values()),
        }
        if state == self._written:
            return
        self._written = state
        try:
            with open(self._path + ".new", "w", encoding="utf-8") as file:
                json.dump({"updated_ns": time.time_ns(), **state}, file)
            os.replace(self._path + ".new", self._path)
        except OSError:
            pass  # no space: the accounts are in the store too

    def _row(self, channel: Channel) -> dict[str, Any]:
        totals = channel.totals()
        reasons = dict((self._saved.get(channel.name) or {}).get("reasons") or {})
        _add(reasons, channel.reasons)
        return {
            "name": channel.name,
            "signal": channel.signal,
            "destination": channel.destination,
            "state": channel.state,
            **totals._asdict(),
            "reasons": reasons,
            "last_error": channel.last_error,
        }


def read(run: RunDirectory) -> dict[str, Any]:
    """Read a run's accounts; empty where there are none."""
    try:
        with open(os.path.join(run.path, FILE), encoding="utf-8") as file:
            state = json.load(file)
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _add(totals: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        totals[name] = totals.get(name, 0) + count
