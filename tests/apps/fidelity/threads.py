"""Threads, as programs use them: ``threads.py WHAT``."""

import _thread
import concurrent.futures
import copy
import gc
import inspect
import pickle
import queue
import sys
import threading
import time
import weakref


def named():
    def show():
        print(threading.current_thread().name, threading.current_thread().daemon)

    for thread in (threading.Thread(target=show), threading.Thread(target=show, daemon=True), threading.Timer(0, show)):
        thread.start()
        thread.join()
        print(thread.name, thread.is_alive())


def described():
    thread = threading.Thread(target=print, args=("ran",), name="t")
    print(repr(thread), sorted(vars(thread)))
    thread.start()
    thread.join()
    print(sorted(vars(thread)), inspect.signature(threading.Thread), inspect.signature(thread.start))
    print(threading.Thread.start.__qualname__, threading.Thread.run.__module__, threading.Thread.start.__doc__)


def overridden():
    class Worker(threading.Thread):
        def start(self):
            print("starting")
            super().start()

        def run(self):
            print("running", [frame.function for frame in inspect.stack()])

        def join(self, timeout=None):
            super().join(timeout)
            print("joined")

    worker = Worker()
    worker.start()
    worker.join()


def misused():
    thread = threading.Thread(target=print)
    for action in (thread.join, threading.current_thread().join, lambda: threading.Thread(group=1), lambda: thread.start(1)):
        try:
            action()
        except (RuntimeError, AssertionError, TypeError) as error:
            print(type(error).__name__, error)
    thread.start()
    thread.join()
    thread.start()


def daemon_at_exit():
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    print("main ends")


def not_joined():
    threading.Thread(target=lambda: (time.sleep(0.05), print("after main"))).start()
    print("main ends")


def low_level():
    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(lambda: (print("low level", threading.current_thread().name.split("-")[0]), done.release()), ())
    done.acquire()


def released():
    """Nothing keeps a thread, its target or its arguments."""

    class Job:
        def __call__(self, other):
            pass

    job, other = Job(), Job()
    thread = threading.Thread(target=job, args=(other,))
    references = [weakref.ref(each) for each in (job, other, thread)]
    thread.start()
    thread.join()
    del job, other, thread
    print([reference() for reference in references])
    pool = concurrent.futures.ThreadPoolExecutor(1)
    job = Job()
    reference = weakref.ref(job)
    future = pool.submit(job, 1)
    future.result()
    pool.submit(int).result()
    del job, future
    print(reference())
    pool.shutdown()


def pools():
    with concurrent.futures.ThreadPoolExecutor(2, "shop", print, ("initialized",)) as pool:
        print(pool.submit(pow, 2, 5).result(), list(pool.map(abs, (-1, -2), timeout=5)))
        try:
            pool.submit()
        except TypeError as error:
            print(error)
        print(inspect.signature(pool.submit), pool.submit.__doc__)
        print(pool.submit(lambda: [frame.function for frame in inspect.stack()]).result())
        try:
            pool.submit(fn=print)
        except TypeError as error:
            print(error)
    try:
        pool.submit(print)
    except RuntimeError as error:
        print(error)


def cancelled():
    start = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first, second = pool.submit(start.wait), pool.submit(print, "never")
        print(second.cancel(), second.cancelled(), repr(second.running()))
        start.set()
        print(first.result())


def traced():
    """The functions a tracer of threads sees that are the program's own."""
    seen = []
    threading.settrace(lambda frame, event, arg: seen.append(frame.f_code.co_name) if frame.f_code.co_filename == __file__ else None)

    def work():
        pass

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    print(seen)


def deep():
    """How deep the stack of a thread can go."""

    def depth(so_far=0):
        try:
            return depth(so_far + 1)
        except RecursionError:
            return so_far

    found = []
    thread = threading.Thread(target=lambda: found.append(depth()))
    thread.start()
    thread.join()
    print(found, depth())


def local():
    class Local(threading.local):
        def __init__(self):
            self.value = threading.current_thread().name

    state = Local()
    thread = threading.Thread(target=lambda: print(state.value, vars(state)), name="other")
    thread.start()
    thread.join()
    print(state.value)


def patched():
    """A program that patches threads itself, and undoes it."""
    original = threading.Thread.start

    def start(self):
        print("patched start")
        original(self)

    threading.Thread.start = start
    thread = threading.Thread(target=print, args=("ran",))
    thread.start()
    thread.join()
    threading.Thread.start = original
    print(threading.Thread.start is original, "start" in vars(threading.Thread))


def copied():
    print(pickle.loads(pickle.dumps(threading.Thread)) is threading.Thread, copy.copy(threading.Thread.start) is threading.Thread.start)
    print(pickle.loads(pickle.dumps(threading.Thread.start)) is threading.Thread.start)
    print(pickle.loads(pickle.dumps(queue.Queue.put)) is queue.Queue.put)


def counted():
    """Objects that are left after a lot of threads."""
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(50):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
    del thread
    gc.collect()
    print(len(gc.get_objects()) - before < 20, threading.active_count(), len(threading._dangling))


globals()[sys.argv[1]]()
