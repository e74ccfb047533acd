"""``python -m otelrun``, the same as ``otelrun``."""

from __future__ import annotations

import sys

from otelrun.cli import main

if __name__ == "__main__":
    sys.exit(main())
