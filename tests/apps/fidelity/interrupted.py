"""Says that it is ready, then works until it is interrupted."""

import sys
import time

try:
    print("ready", flush=True)
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    if "--politely" in sys.argv:
        sys.exit(130)
    raise KeyboardInterrupt from None  # from one line, wherever the signal struck
