"""Says which signals it gets, one a line, until it reads the end of its input or is killed by one it does not know.

Usage: listener.py [NAME…]: the signals it knows; of those, SIGTERM ends it with status 7.
"""

import os
import signal
import sys


def hear(number, frame):
    os.write(1, signal.Signals(number).name.encode() + b"\n")
    if number == signal.SIGTERM:
        sys.exit(7)


for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), hear)
os.write(1, b"ready\n")
while os.read(0, 4096):
    pass
