"""The console script ``otelrun``, from this checkout and without PYTHONPATH: the program must inherit nothing of it."""

from __future__ import annotations

import os
import sys

sys.path[0] = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))

if __name__ == "__main__":
    from otelrun.cli import main

    sys.exit(main())
