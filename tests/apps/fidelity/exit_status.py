"""Ends with the status it is given, by the way it is given."""

import atexit
import os
import sys

atexit.register(print, "atexit")
print("before")
way, status = sys.argv[1], sys.argv[2]
if way == "sys":
    sys.exit(int(status))
if way == "text":
    sys.exit(status)
if way == "raise":
    raise SystemExit(int(status))
sys.stdout.flush()
os._exit(int(status))
