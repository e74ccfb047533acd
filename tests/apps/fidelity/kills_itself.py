"""Sends itself the signal it is given, with its default disposition, a handler, or ignored."""

import os
import signal
import sys
import time

number = getattr(signal, sys.argv[1])
mode = sys.argv[2]
if mode == "handler":
    signal.signal(number, lambda *_: (print("handled", flush=True), sys.exit(7)))
elif mode == "ignore":
    signal.signal(number, signal.SIG_IGN)
print(sorted(int(s) for s in signal.Signals if signal.getsignal(s) not in (signal.SIG_DFL, None)), flush=True)
try:
    os.kill(os.getpid(), number)
    time.sleep(0.2)
finally:
    print("finally", flush=True)
