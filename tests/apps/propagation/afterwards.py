"""When the requests are over: what those are left with who have served many of them, and their end."""

import asyncio
import concurrent.futures
import contextvars
import queue
import threading

import ways


def idle():
    """Say, for each thread and task that serves many requests, which variables of OpenTelemetry's hold something."""
    found = {}

    def look(name, meet=None):
        found.setdefault(name, []).append(
            [
                variable.name
                for variable, value in contextvars.copy_context().items()
                if value and variable.name.startswith(("current_context", "otelrun"))
            ]
        )
        if meet is not None:
            meet.wait(ways.DEADLINE_S)  # so that each thread looks once

    threads = len(ways.executor()._threads)
    meet = threading.Barrier(threads)
    concurrent.futures.wait([ways.executor().submit(look, "ThreadPoolExecutor", meet) for _ in range(threads)])
    meet = threading.Barrier(4)
    ways.thread_pool().map(lambda _: look("ThreadPool", meet), range(4), chunksize=1)
    for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
        meet = threading.Barrier(2)
        jobs = [ways.Job(lambda: look(kind.__name__, meet)) for _ in range(2)]
        for job in jobs:
            ways.served(kind).put(job)
        for job in jobs:
            assert job.done.wait(ways.DEADLINE_S)
    job = ways.Job(lambda: look("consumer that is a job"))
    ways.served_by_job().put(job)
    assert job.done.wait(ways.DEADLINE_S)
    ways.done_in(lambda done: ways.scheduler().enter(0, 1, lambda: (look("scheduler"), done())))
    for kind in (asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue):
        ways.hand_over_to_task(kind, lambda: look(f"asyncio.{kind.__name__}"))
    look("main")
    return found


def end():
    """End what would keep the process from ending, or complain of it."""
    ways.served_by_job().put(None)
    ways.thread_pool().terminate()
