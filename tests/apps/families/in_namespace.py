"""Starts itself as process 1 of a pid namespace of its own, where it works, rests, and works again."""

import subprocess
import sys
import time

import work

CONTAINER = ["unshare", "--user", "--map-root-user", "--fork", "--pid"]

if sys.argv[1:] == ["inner"]:
    for number in range(3):
        work.do(f"inner {number}")
        time.sleep(0.4)
else:
    work.do("before")
    print(subprocess.call([*CONTAINER, sys.executable, __file__, "inner"]), flush=True)
    work.do("after")
