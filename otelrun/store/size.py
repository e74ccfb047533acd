"""How much room stores take on disk. Looks at file sizes only, so that it costs next to nothing for many runs."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otelrun.ring.directory import RunDirectory

_LOG = "-wal"
_BESIDE = ("", _LOG, "-journal")
"""The file, and what SQLite keeps beside it and has not merged yet."""


def store_size(run: RunDirectory) -> int:
    """Give how many bytes a run's store has on disk; 0 where it has none."""
    size = 0
    for suffix in _BESIDE:
        with suppress(OSError):
            size += os.stat(run.store + suffix).st_size
    return size


def log_size(path: str) -> int:
    """Give how many bytes the write-ahead log of a store has; 0 where there is none."""
    try:
        return os.stat(path + _LOG).st_size
    except OSError:
        return 0
