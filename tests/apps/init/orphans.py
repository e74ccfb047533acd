"""Leaves N orphans that end at once, waits until process 1 has taken them in, and says how many of them are left.

Usage: orphans.py N
"""

import os
import sys
import time

DEADLINE_S = 10


def leave_one(told):
    between = os.fork()
    if between == 0:
        orphan = os.fork()
        if orphan == 0:
            os._exit(0)
        os.write(told, b"%d\n" % orphan)
        os._exit(0)
    os.waitpid(between, 0)


def left(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


source, told = os.pipe()
count = int(sys.argv[1])
for _ in range(count):
    leave_one(told)
os.close(told)
with os.fdopen(source) as lines:
    pids = [int(line) for line in lines]
deadline = time.monotonic() + DEADLINE_S
while left(pids) and time.monotonic() < deadline:
    time.sleep(0.01)
print(len(pids), len(left(pids)))
