"""Threads of all kinds, an exception in one, thread-local state, a timer, a pool, and callbacks at exit."""

import atexit
import concurrent.futures
import sys
import threading

atexit.register(print, "first registered, last called")
atexit.register(lambda: print("threads at exit:", [t.name for t in threading.enumerate()]))
state = threading.local()


class Worker(threading.Thread):
    def run(self):
        state.value = self.name
        print("in", self.name, state.value, threading.current_thread() is self)


def fail():
    raise ValueError("in a thread")


print(threading.active_count(), threading.Thread.__init__.__qualname__, threading.Thread.start.__doc__ is not None)
for thread in (Worker(name="one"), threading.Thread(target=fail, name="two"), threading.Timer(0.01, print, ["timer"])):
    thread.start()
    thread.join()
with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
    futures = [pool.submit(lambda: threading.current_thread().name), pool.submit(fail)]
    print(futures[0].result(), repr(futures[1].exception()), list(pool.map(abs, [-1, 2])))
sys.excepthook is sys.__excepthook__ or print("excepthook was changed")
threading.excepthook is threading.__excepthook__ or print("threading.excepthook was changed")
