"""Tells how it was started."""

import os
import sys

from . import __doc__ as documentation

print(documentation, __name__, __package__, __spec__.name, os.path.basename(sys.argv[0]), sys.argv[1:])
sys.exit(2)
