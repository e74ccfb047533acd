"""Forks, in the way it is told, and works on both sides. Usage: forks.py WAY"""

import os
import sys
import threading

import work

THREADS = 3
JOBS_OF_A_THREAD = 300
CHILDREN = 8
JOBS_OF_A_CHILD = 5
GENERATIONS = 4


def wait_for(child):
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def in_a_thread():
    """Fork in one thread while the others work at full speed."""
    begin = threading.Barrier(THREADS + 1)

    def do(number):
        begin.wait()
        for job in range(JOBS_OF_A_THREAD):
            work.do("thread %d.%d" % (number, job))

    def fork():
        begin.wait()
        for number in range(CHILDREN):
            child = os.fork()
            if child == 0:
                for job in range(JOBS_OF_A_CHILD):
                    work.do("child %d.%d" % (number, job))
                os._exit(number)
            wait_for(child)

    threads = [threading.Thread(target=do, args=(number,)) for number in range(THREADS)]
    threads.append(threading.Thread(target=fork))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_a_span():
    """Fork while a span is open, which the parent alone ends."""
    with work.tracer.start_as_current_span("open", attributes={"pid": os.getpid()}):
        child = os.fork()
        if child == 0:
            work.do("child")
            os._exit(0)
        wait_for(child)
        work.do("parent")


def nested():
    """Fork in the child of a fork, and so on."""
    for generation in range(GENERATIONS):
        work.do("before %d" % generation)
        child = os.fork()
        if child:
            wait_for(child)
            work.do("after %d" % generation)
            sys.exit(generation)


def daemon():
    """Become a daemon as the textbooks have it, and work on for a while after everybody else has ended."""
    work.do("before")
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.umask(0)
    os.closerange(0, 1024)
    for _ in range(3):
        os.open(os.devnull, os.O_RDWR)
    work.do("daemon")
    threading.Event().wait(0.3)
    work.do("daemon, later")
    os._exit(0)


WAYS = {"in_a_thread": in_a_thread, "in_a_span": in_a_span, "nested": nested, "daemon": daemon}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
