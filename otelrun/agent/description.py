"""What the launcher has written down of a run, ``run.json``, for its agent. Reads only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otelrun.agent.notices import Notices
    from otelrun.ring.directory import RunDirectory


def read_description(run: RunDirectory, notices: Notices) -> dict[str, Any]:
    """Read what was run, when, by whom; little more than nothing where the file is gone or damaged.

    Args:
        run: the run's directory.
        notices: takes what goes wrong.
    """
    try:
        with open(run.description, encoding="utf-8") as file:
            description = json.load(file)
    except (OSError, ValueError):
        notices.failed("reading what was run")
        description = None
    return description if isinstance(description, dict) else {"run_id": run.run_id}
