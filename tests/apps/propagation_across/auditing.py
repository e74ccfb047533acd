"""Prints what audit hooks are told when programs are started, outside of spans and inside one."""

import os
import subprocess
import sys

from work import tracer


def hook(event, arguments):
    if event == "os.system":
        print(event, arguments[0] == b"true", flush=True)
    elif event in ("subprocess.Popen", "os.exec"):
        print(event, arguments[0], "environment" if isinstance(arguments[-1], dict) else arguments[-1], flush=True)


def start():
    os.system("true")
    subprocess.run(["true"], check=True)
    pid = os.fork()
    if pid == 0:
        os.execv("/bin/true", ["true"])
    os.waitpid(pid, 0)


sys.addaudithook(hook)
start()
with tracer.start_as_current_span("current"):
    print("inside", flush=True)
    start()
