"""What was never delivered and had to go with its run: ``<root>/lost.jsonl``, one line for each run that was removed so.

Written by the agent that removes, read by whoever lists runs. Lines are only appended, each in one write.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "lost.jsonl"

_LONGEST = 1024 * 1024
_THINGS = {"spans": "span", "logs": "log record", "metrics": "metric point", "rings": "unread ring"}


class Loss(NamedTuple):
    """What went with one run, or several: ``rings`` are those of processes that nobody had read."""

    runs: int = 0
    spans: int = 0
    logs: int = 0
    metrics: int = 0
    rings: int = 0

    def __str__(self) -> str:
        """Say it: ``1,204 spans, 80 log records``."""
        parts = [
            f"{number:,} {thing}{'' if number == 1 else 's'}"
            for name, thing in _THINGS.items()
            if (number := getattr(self, name))
        ]
        return ", ".join(parts) or "nothing that was counted"


def keep(root: str, run_id: str, loss: Loss) -> None:
    """Write down what went with a run; not where the file cannot be written or has become too long."""
    line = json.dumps({"time_ns": time.time_ns(), "run_id": run_id, **loss._asdict()}) + "\n"
    try:
        fd = os.open(os.path.join(root, FILE), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(fd).st_size < _LONGEST:
                os.write(fd, line.encode())
        finally:
            os.close(fd)
    except OSError:
        pass  # no space: the agent's log may have it


def read(root: str) -> Loss:
    """Add up what went with all runs that were removed below ``root``."""
    total = Loss()
    try:
        with open(os.path.join(root, FILE), encoding="utf-8", errors="replace") as file:
            for line in file:
                total = _plus(total, _parsed(line))
    except OSError:
        pass  # nothing was lost so far
    return total


def _parsed(line: str) -> Mapping[str, object]:
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _plus(total: Loss, row: Mapping[str, object]) -> Loss:
    numbers = {name: value for name, value in row.items() if name in Loss._fields and isinstance(value, int)}
    return total._replace(**{name: getattr(total, name) + value for name, value in numbers.items()})
