"""For scripts of this folder that are run by hand with any Python: they need this checkout's own environment."""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def move_into() -> None:
    """Start this script anew in ``.venv-tests``, which is made at the first use; nothing where it runs there already."""
    sys.path.insert(0, os.path.join(ROOT, ".ci"))
    import own_venv

    if sys.prefix != sys.base_prefix and os.path.exists(os.path.join(sys.prefix, "otelrun-ready")):
        return
    try:
        python = own_venv.prepare(".venv-tests", ("test",))
    except own_venv.SetupError as error:
        sys.exit(f"{sys.argv[0]}: {error}")
    os.execv(python, [python, *sys.argv])
