"""Logs a line and ends as it is told: ``ending.py HOW``."""

import logging
import os
import signal
import subprocess
import sys
import threading

how = sys.argv[1]
logging.getLogger("app").warning("about to %s", how)
print("working", flush=True)
if how == "raise":
    raise ValueError("unlucky")
if how == "exit 3":
    sys.exit(3)
if how == "os._exit":
    os._exit(4)
if how == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
if how == "fork":
    if os.fork() == 0:
        logging.getLogger("app").warning("in the child")
        sys.exit(0)
    os.wait()
if how == "exec":
    os.execv(sys.executable, [sys.executable, __file__, "return"])
if how == "spawn":
    subprocess.run([sys.executable, __file__, "return"], check=True)
if how == "leave a child":  # until the end of what this program's own stdin is at the time
    child = subprocess.Popen([sys.executable, __file__, "pause"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    child.stdout.readline()
    print(child.pid, flush=True)
if how == "pause":
    signal.pause()
if how == "raw":
    import tty

    tty.setraw(0)
if how == "wait":
    sys.stdin.readline()
if how == "redirect":
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
if how == "daemon thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
