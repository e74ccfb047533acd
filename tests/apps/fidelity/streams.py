"""Standard streams, signals and the terminal: ``streams.py WHAT``."""

import faulthandler
import os
import signal
import sys
import time
import warnings


def large():
    data = sys.stdin.buffer.read()
    for _ in range(20):
        sys.stdout.buffer.write(data)
    sys.stderr.write("x" * 100_000 + "\n")


def lines():
    for number, line in enumerate(sys.stdin):
        print(number, repr(line))


def reconfigured():
    sys.stdout.reconfigure(encoding="ascii", errors="backslashreplace", line_buffering=True)
    print("grüße")
    sys.stderr = sys.stdout
    raise SystemExit("to stdout")


def closed():
    print("before")
    sys.stdout.close()
    sys.stderr.write("still there\n")


def closed_descriptors():
    os.closerange(0, 3)
    import logging

    logging.warning("nowhere")
    try:
        print("nowhere")
        sys.stdout.flush()
    except OSError:
        os._exit(4)


def none():
    sys.stdout = sys.stderr = None
    print("nowhere")
    import logging

    logging.warning("nowhere")


def endless():
    while True:
        print("line")


def not_encodable():
    print("\ud800")


def prompted():
    print(input("name? "), input())
    input()


def terminal():
    print([stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], sys.stdout.line_buffering)
    print(os.get_terminal_size() if sys.stdout.isatty() else None, os.isatty(0))
    print(os.getpgrp() == (os.tcgetpgrp(0) if os.isatty(0) else os.getpgrp()), os.getsid(0) == os.getpid())
    print(sys.stdin.readline(), sys.stdin.read())


def handled():
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGALRM, signal.SIGINT):
        signal.signal(number, lambda number, frame: print(signal.Signals(number).name, frame.f_code.co_name))
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    print(signal.getsignal(signal.SIGTERM).__qualname__, signal.alarm(0), signal.siginterrupt(signal.SIGUSR1, False))


def blocked():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    os.kill(os.getpid(), signal.SIGUSR1)
    print(signal.sigpending(), signal.sigwait({signal.SIGUSR1}))


def wakened():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    print(signal.set_wakeup_fd(writer), signal.signal(signal.SIGUSR1, lambda *_: None) is signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGUSR1)
    print(os.read(reader, 10), signal.set_wakeup_fd(-1) == writer)


def failing_handler():
    signal.signal(signal.SIGUSR1, lambda *_: 1 / 0)
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(1)


def killed_by_alarm():
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(10)


def dumped():
    faulthandler.enable()
    faulthandler.dump_traceback(all_threads=False)
    os.kill(os.getpid(), signal.SIGSEGV)


def registered():
    faulthandler.register(signal.SIGUSR2, all_threads=False, chain=False)
    os.kill(os.getpid(), signal.SIGUSR2)
    print("goes on", faulthandler.is_enabled())


def descriptors():
    """The numbers that new descriptors get."""
    import logging
    import threading

    logging.warning("something is recorded")
    thread = threading.Thread(target=logging.warning, args=("in a thread",))
    thread.start()
    thread.join()
    with open(__file__) as file, open(os.devnull) as null:
        print(file.fileno(), null.fileno(), os.pipe(), sorted(os.listdir("/proc/self/fd"), key=int))


def limited():
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))
    import logging

    logging.warning("with few descriptors")
    files = []
    try:
        while True:
            files.append(open(os.devnull))
    except OSError as error:
        print(len(files), error.strerror)
    logging.warning("with none left")


def no_space():
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    import logging

    logging.warning("no files of any size")
    try:
        with open("file", "w") as file:
            file.write("x" * 5000)
    except OSError as error:
        print(error.strerror)


def renamed_directory():
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")
    import logging
    import http.server
    import asyncio

    logging.warning("nowhere to be")
    try:
        os.getcwd()
    except FileNotFoundError as error:
        print(error)


def warned():
    warnings.warn("plain")
    warnings.warn("plain")
    warnings.warn("old", DeprecationWarning)
    warnings.warn("of resources", ResourceWarning)
    open(os.devnull)
    exec("assert (1, 'always')") if False else None

    def inner():
        warnings.warn("at the caller", stacklevel=2)

    inner()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("caught", UserWarning)
    print([(str(each.message), each.category.__name__, each.lineno > 0) for each in caught])
    warnings.showwarning = lambda message, *args, **kwargs: print("shown", message)
    warnings.warn("another")
    print(len(warnings.filters))


def imports_that_warn():
    import asyncio
    import concurrent.futures
    import http.server
    import logging
    import socket
    import threading
    import urllib.request

    logging.getLogger().warn("deprecated method") if sys.version_info < (3, 13) else None
    socket.socket()
    threading.currentThread()


def seeded():
    import random

    random.seed(42)
    import logging

    logging.warning("between")
    print(random.random(), random.sample(range(100), 5), random.getstate()[1][:3] == random.getstate()[1][:3])


def recursion():
    sys.setrecursionlimit(300)

    def depth(so_far=0):
        try:
            return depth(so_far + 1)
        except RecursionError:
            return so_far

    import logging

    def log_deep(left):
        if left:
            return log_deep(left - 1)
        logging.warning("deep")

    print(depth(), len(__import__("traceback").extract_stack()))
    print(next((left for left in range(250, 300) if not _works(log_deep, left)), None))


def _works(function, *args):
    import logging

    logging.getLogger().handlers[:] = [logging.NullHandler()]
    try:
        function(*args)
    except RecursionError:
        return False
    return True


def collected():
    """Garbage collection as the program sets it."""
    import gc
    import logging

    gc.disable()
    gc.set_debug(0)
    logging.warning("something is recorded")
    print(gc.isenabled(), gc.get_threshold(), gc.collect() >= 0, gc.garbage, gc.callbacks)


globals()[sys.argv[1]]()
