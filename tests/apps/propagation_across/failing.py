"""Fails in all the places where a pool of processes can fail, inside a span, and prints what the program sees. Usage: failing.py START_METHOD"""

import inspect
import multiprocessing
import os
import pickle
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor, wait

from work import tracer


class Unpicklable(Exception):
    def __reduce__(self):
        raise TypeError("not to be pickled")


class OnlyHere:
    """Is not there where it is to be unpickled."""

    def __reduce__(self):
        return getattr, (os, "not_there")


def fail(*_):
    raise ValueError("a task")


def fail_to_return(*_):
    return Unpicklable()


def stack(*_):
    return [f"{os.path.basename(frame.filename)} {frame.function}" for frame in inspect.stack()]


def environment(*_):
    return sorted(name for name in os.environ if name.startswith(("TRACE", "OTELRUN_CONTEXT")))


def iterate():
    yield 1
    raise LookupError("an iterable")


def show(name, call):
    print(name, end=": ", flush=True)
    try:
        print(call())
    except BaseException as error:
        text = "".join(traceback.format_exception(error))
        print(type(error), "\n", text.replace(os.path.dirname(os.__file__), "LIB"), flush=True)


def result(future):
    """The result of a future that is done: that is another line of the library's than waiting for it."""
    wait([future])
    return future.result()


def with_executor(context):
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        for task in (fail, stack, environment, lambda: 1, fail_to_return):
            show(getattr(task, "__name__", ""), lambda task=task: result(pool.submit(task)))
        results = pool.map(fail, [1, 2])
        result(pool.submit(environment))
        show("map", lambda: list(results))
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        show("argument", lambda: result(pool.submit(stack, OnlyHere())))


def with_pool(context):
    with context.Pool(1) as pool:
        for task in (fail, stack, environment, lambda: 1, fail_to_return):
            show(getattr(task, "__name__", ""), lambda task=task: pool.apply(task))
        show("map", lambda: pool.map(fail, [1, 2]))
        show("imap", lambda: list(pool.imap(stack, iterate())))
        show("error_callback", lambda: pool.apply_async(fail, error_callback=lambda error: print(repr(error))).wait(10))
        show("pickled", lambda: pickle.dumps(pool.apply_async(stack, ()).get()) and None)
        pool.close()
        pool.join()


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with tracer.start_as_current_span("current"):
        with_executor(context)
        with_pool(context)
