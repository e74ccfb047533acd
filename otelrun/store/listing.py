"""The runs on this machine as a reader sees them: what was run, whether it still runs, how much it left.

From the run's run.json, the agent's state.json and the store, each of which may be missing.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from otelrun.errors import StoreEmptyError, StoreError
from otelrun.store import accounts
from otelrun.store.accounts import RunAccounts
from otelrun.store.activity import is_agent_alive, is_process_alive
from otelrun.store.queries import open_store
from otelrun.store.rows import PrunedRow, RunRow, Totals
from otelrun.store.size import store_size

if TYPE_CHECKING:
    from otelrun.ring.directory import RunDirectory

LOCAL_STORE = "local store"
"""What the launcher calls the store among the destinations of a run."""

_NO_ACCOUNTS = RunAccounts()
_NOTHING_PRUNED = PrunedRow()

RUNNING, FINISHING, ENDED, INTERRUPTED = "running", "finishing", "ended", "interrupted"


@dataclass(frozen=True)
class Listing:
    """A run in one line.

    Attributes:
        run: what was run.
        state: ``running``; ``finishing``: all processes have ended and the agent still delivers; ``ended``; ``interrupted``:
            the agent went before the end, or before it had read all, and the next run on this machine takes over what it left.
        totals: what its store holds; None where it has no store or the store cannot be read.
        problem: why the store cannot be read; empty where it can, or where there is none.
        accounts: what became of what it recorded, as the agent has counted it; also of a run without a store.
        pruned: what its store has let go of again.
        size: how many bytes its store has on disk.
    """

    run: RunRow
    state: str
    totals: Totals | None = None
    problem: str = ""
    accounts: RunAccounts = _NO_ACCOUNTS
    pruned: PrunedRow = _NOTHING_PRUNED
    size: int = 0

    def duration_ns(self, now_ns: int) -> int | None:
        """Give how long it took, up to now where it still runs; None where that is not known."""
        end_ns = self.run.ended_ns or (now_ns if self.state == RUNNING else None)
        return max(0, end_ns - self.run.started_ns) if end_ns and self.run.started_ns else None


def list_run(directory: RunDirectory) -> Listing:
    """Describe one run; never raises for what is missing or broken in it."""
    state = _read_object(os.path.join(directory.path, "state.json"))
    run = replace(described(directory), ended_ns=_integer(state.get("ended_ns")) or None)
    totals, problem, processes, pruned = None, "", [], _NOTHING_PRUNED
    if os.path.exists(directory.store):
        with ExitStack() as stack:
            try:
                store = stack.enter_context(open_store(directory.store))
                totals, processes, pruned = store.totals(), store.processes(), store.pruned()
                run = replace(run, ended_ns=store.ended_ns() or run.ended_ns)
            except StoreEmptyError:
                pass  # its agent has only just begun, or went then
            except StoreError as error:
                problem = str(error)
    lives = is_process_alive(run.root_pid) or any(is_process_alive(p.pid, p.start_ticks) for p in processes)
    word = _state(directory, run, lives=lives)
    return Listing(run, word, totals, problem, accounts.from_state(state), pruned, store_size(directory))


def _objects(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _state(directory: RunDirectory, run: RunRow, *, lives: bool) -> str:
    if is_agent_alive(directory, may_start=not run.ended_ns):
        return RUNNING if lives and not run.ended_ns else FINISHING
    if run.ended_ns:
        return INTERRUPTED if _is_unread(directory) else ENDED
    if run.pipeline == "in_process":
        return RUNNING if lives else ENDED
    return INTERRUPTED


def _is_unread(directory: RunDirectory) -> bool:
    """Say whether a ring is left: an endpoint was too slow for all to be read in time."""
    try:
        return bool(os.listdir(directory.rings))
    except OSError:
        return False


def described(directory: RunDirectory) -> RunRow:
    """Read what was run, without its store; never raises for what is missing or broken."""
    about = _read_object(directory.description)
    command = about.get("command")
    destinations = about.get("destinations")
    return RunRow(
        run_id=directory.run_id,
        command=tuple(map(str, command)) if isinstance(command, list) else (),
        cwd=str(about.get("cwd") or ""),
        started_ns=_integer(about.get("started_ns")),
        root_pid=_integer(about.get("root_pid")),
        service_name=str(about.get("service_name") or ""),
        service_name_source=str(about.get("service_name_source") or ""),
        profile=str(about.get("profile") or ""),
        pipeline=str(about.get("pipeline") or ""),
        destinations=tuple(map(str, destinations)) if isinstance(destinations, list) else (),
    )


def _integer(value: Any) -> int:
    return int(value) if isinstance(value, int) else 0


def _read_object(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return _objects(json.load(file))
    except (OSError, ValueError):
        return {}
