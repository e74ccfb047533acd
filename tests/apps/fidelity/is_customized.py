"""Tells what a sitecustomize of the user left, and what a program can ask about itself."""

import builtins
import os
import sys

import sitecustomize

print(builtins.customized, os.path.basename(os.path.dirname(sitecustomize.__file__)), sitecustomize.__doc__)
print([os.path.basename(entry) for entry in sys.path[:2]], os.path.basename(sys.argv[0]), sys.stdin.readable())
