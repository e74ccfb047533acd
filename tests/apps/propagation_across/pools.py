"""Gives work to pools of processes, inside spans that take turns. Usage: pools.py START_METHOD WAY"""

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from work import tracer


def do(job, *_, **__):
    with tracer.start_as_current_span("job", attributes={"job": job}):
        return job


def start(job=None):
    """Initialises a worker."""


def called_back(result):
    with tracer.start_as_current_span("called back", attributes={"job": getattr(result, "result", lambda: result)()}):
        pass


def in_turns(submit, wait):
    """Submits jobs 1 to 6 in the spans a, b, a, b, …, and 7 outside; waits for each before the next, so that workers have been idle."""
    for job in range(1, 7):
        with tracer.start_as_current_span("a" if job % 2 else "b", attributes={"jobs": [job]}):
            handle = submit(job)
        wait(handle)
    wait(submit(7))


def executor(context, way):
    with ProcessPoolExecutor(2, mp_context=context, initializer=start) as pool:
        if way == "submit":
            in_turns(lambda job: pool.submit(do, job), lambda future: future.result())
        elif way == "callback":
            def submit(job):
                future = pool.submit(do, job)
                future.add_done_callback(called_back)
                return future

            in_turns(submit, lambda future: future.result())
        elif way == "executor_map":
            for name, jobs in (("a", [1, 2, 3]), ("b", [4, 5, 6])):
                with tracer.start_as_current_span(name, attributes={"jobs": jobs}):
                    print(list(pool.map(do, jobs)))
            print(list(pool.map(do, [7])))


def pool(context, way):
    with context.Pool(2, initializer=start) as pool:
        if way in ("apply_async", "pool_callback"):
            more = {"callback": called_back} if way == "pool_callback" else {}
            in_turns(lambda job: pool.apply_async(do, (job,), **more), lambda result: result.get())
        elif way == "apply":
            in_turns(lambda job: pool.apply(do, (job,), {"more": 1}), lambda result: None)
        else:
            calls = {
                "map": lambda jobs: pool.map(do, jobs),
                "map_chunks": lambda jobs: pool.map(do, jobs, chunksize=2),
                "map_async": lambda jobs: pool.map_async(do, jobs).get(),
                "starmap": lambda jobs: pool.starmap(do, [(job, 1) for job in jobs]),
                "imap": lambda jobs: list(pool.imap(do, iter(jobs))),
                "imap_unordered": lambda jobs: sorted(pool.imap_unordered(do, jobs)),
                "imap_chunks": lambda jobs: list(pool.imap(do, jobs, chunksize=2)),
            }
            for name, jobs in (("a", [1, 2, 3]), ("b", [4, 5, 6])):
                with tracer.start_as_current_span(name, attributes={"jobs": jobs}):
                    print(calls[way](jobs))
            print(calls[way]([7]))
        pool.close()
        pool.join()


def observer(_):
    """Tells whether otelrun is in this process."""
    return "otelrun" in sys.modules, sorted(name for name in os.environ if name.startswith(("TRACE", "OTELRUN_CONTEXT")))


def workers_without(context, way):
    """Work of workers that are not observed."""
    os.environ["OTELRUN_DISABLED"] = "1"
    with tracer.start_as_current_span("a"):
        if way == "submit_bare":
            with ProcessPoolExecutor(1, mp_context=context) as executor:
                print([executor.submit(do, job, more=job).result() for job in (1, 2)], executor.submit(observer, 0).result()[0])
        else:
            with context.Pool(1) as pool:
                print(pool.map(do, [1, 2]), pool.apply(observer, (0,))[0], pool.apply(do, (1, 2), {"more": b"x" * 100_000}))


if __name__ == "__main__":
    method, way = sys.argv[1:]
    context = multiprocessing.get_context(method)
    if way.endswith("_bare"):
        workers_without(context, way)
    elif way in ("submit", "callback", "executor_map"):
        executor(context, way)
    else:
        pool(context, way)
