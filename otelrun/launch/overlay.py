"""Where the launcher's own OpenTelemetry packages are, for programs whose environment has none. Imports none of them."""

from __future__ import annotations

import os
import sys

_FOLDERS = (os.path.join("opentelemetry", "trace"), "wrapt")


def overlay_directories() -> tuple[str, ...]:
    """List the directories on the launcher's path that hold OpenTelemetry's API or what its instrumentors need."""
    return tuple(
        dict.fromkeys(
            os.path.abspath(entry)
            for entry in sys.path
            if any(os.path.isdir(os.path.join(entry, folder)) for folder in _FOLDERS)
        )
    )
