"""What became of the records of one exporter and signal. Data only, so that it can be counted with before anything is sent."""

from __future__ import annotations

from typing import NamedTuple


class Totals(NamedTuple):
    """Records exported, dropped (rejected, or no room), and held now."""

    exported: int = 0
    dropped: int = 0
    held: int = 0
