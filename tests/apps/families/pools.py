"""Works in processes of multiprocessing. Usage: pools.py START_METHOD WAY"""

import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor

import work

JOBS = ["1", "2", "3", "4", "5", "6"]


def do_and_leave(job):
    work.do(job)
    os._exit(7)


def do_and_die(job):
    work.do(job)
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()


def in_processes(context, target=work.do):
    children = [context.Process(target=target, args=(job,)) for job in JOBS[:3]]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print([child.exitcode for child in children])


def in_closed_pool(context):
    pool = context.Pool(2)
    pool.map(work.do, JOBS, chunksize=1)
    pool.close()
    pool.join()


def in_terminated_pool(context):
    with context.Pool(2) as pool:
        pool.map(work.do, JOBS, chunksize=1)


def in_executor(context):
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        list(executor.map(work.do, JOBS))


def in_recycling_executor(context):
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=2) as executor:
        for job in JOBS:  # one after the other: the library hangs otherwise, up to 3.11.7 and 3.12.1
            executor.submit(work.do, job).result()


WAYS = {
    "process": in_processes,
    "pool_closed": in_closed_pool,
    "pool_terminated": in_terminated_pool,
    "executor": in_executor,
    "executor_recycling": in_recycling_executor,
    "os_exit": lambda context: in_processes(context, do_and_leave),
    "signal": lambda context: in_processes(context, do_and_die),
}

if __name__ == "__main__":
    work.do("before")
    WAYS[sys.argv[2]](multiprocessing.get_context(sys.argv[1]))
    work.do("after")
