"""A parent and a child that use processor time, memory, threads and descriptors; both log, and print their process ids."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time

logging.getLogger("using").warning("here")
held = bytearray(64 * 1024 * 1024)
with contextlib.ExitStack() as opened:
    for _ in range(20):
        opened.enter_context(open(os.devnull, "rb"))
    for _ in range(5):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    child = subprocess.Popen([sys.executable, __file__, "child"]) if len(sys.argv) == 1 else None
    print(os.getpid(), flush=True)
    busy_until = time.process_time() + 1.0
    while time.process_time() < busy_until:
        pass
    time.sleep(2.5)  # so that the agent, which looks once a second, sees it
    os._exit(child.wait() if child else 0)  # at once: seen in the middle of its end, it would hold less
