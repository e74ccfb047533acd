"""Reports what a program can see of itself, as one line of JSON on stdout.

    reporter.py idle       after nothing: only what the interpreter did
    reporter.py imports    and after the import of modules that are in wide use
    reporter.py busy       and after having used them
"""
names = sorted(globals())
import sys

modules = sorted(sys.modules)
started = {
    "argv": list(sys.argv),
    "path": list(sys.path),
    "path_importer_cache": sorted(sys.path_importer_cache),
    "names_of_sys": sorted(dir(sys)),
    "names_of_main": names,
    "frames": [],
}
frame = sys._getframe()
while frame is not None:
    started["frames"].append(frame.f_code.co_name)
    frame = frame.f_back
del frame

import _thread
import atexit
import builtins
import faulthandler
import fcntl
import gc
import os
import resource
import signal
import time


def name(thing):
    kind = thing if hasattr(thing, "__qualname__") else type(thing)
    return "%s.%s" % (getattr(kind, "__module__", "?"), kind.__qualname__)


def read(path):
    try:
        with open(path, errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        return type(error).__name__


def stream(of):
    if of is None:
        return None
    try:
        attributes = [of.name, of.mode, of.encoding, of.errors, of.line_buffering, of.write_through, of.isatty()]
    except ValueError as error:
        attributes = [str(error)]
    return [name(of), *attributes]


def interpreter():
    main = sys.modules["__main__"]
    return {
        "orig_argv": sys.orig_argv,
        "flags": repr(sys.flags),
        "warnoptions": sys.warnoptions,
        "xoptions": sorted(sys._xoptions.items()),
        "executable": [sys.executable, sys.prefix, sys.base_prefix, sys.exec_prefix],
        "main": {
            "__file__": getattr(main, "__file__", None),
            "__name__": main.__name__,
            "__package__": main.__package__,
            "__spec__": main.__spec__ and [main.__spec__.name, main.__spec__.origin, main.__spec__.parent],
            "__loader__": main.__loader__ and [name(main.__loader__), sorted(getattr(main.__loader__, "__dict__", ()))],
            "__doc__": main.__doc__,
            "__builtins__": main.__builtins__ is builtins,
        },
        "meta_path": [name(finder) for finder in sys.meta_path],
        "path_hooks": [name(hook) for hook in sys.path_hooks],
        "warnings_filters": [repr(entry) for entry in sys.modules["warnings"].filters]
        if "warnings" in sys.modules
        else None,
        "streams": [stream(sys.stdin), stream(sys.stdout), stream(sys.stderr)],
        "encodings": [sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), sys.getdefaultencoding()],
        "hooks": [name(sys.excepthook), name(sys.unraisablehook), name(sys.displayhook), name(sys.breakpointhook)],
        "are_hooks_own": [
            sys.excepthook is sys.__excepthook__,
            sys.unraisablehook is sys.__unraisablehook__,
            sys.displayhook is sys.__displayhook__,
        ],
        "tracing": [trace and name(trace) for trace in (sys.gettrace(), sys.getprofile())],
        "monitoring": [sys.monitoring.get_tool(tool) for tool in range(6)] if hasattr(sys, "monitoring") else None,
        "asyncgen_hooks": list(sys.get_asyncgen_hooks()),
        "origin_tracking": sys.get_coroutine_origin_tracking_depth(),
        "recursion_limit": sys.getrecursionlimit(),
        "switch_interval": sys.getswitchinterval(),
        "dlopen_flags": sys.getdlopenflags(),
        "int_max_str_digits": sys.get_int_max_str_digits() if hasattr(sys, "get_int_max_str_digits") else None,
        "dont_write_bytecode": [sys.dont_write_bytecode, sys.pycache_prefix],
        "gc": [gc.isenabled(), gc.get_threshold(), [name(call) for call in gc.callbacks], gc.get_freeze_count(), gc.garbage],
        "builtins": sorted(vars(builtins)),
        "atexit": atexit._ncallbacks(),
        "faulthandler": faulthandler.is_enabled(),
        "threads": _thread._count(),
        "environment": [[key, value] for key, value in os.environ.items() if key != "_"],
        "hash": hash("text") if os.environ.get("PYTHONHASHSEED") == "7" and not sys.flags.ignore_environment else None,
    }


def descriptors():
    found = []
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            target = os.readlink("/proc/self/fd/%d" % fd)
        except OSError:  # the descriptor of the listing itself
            continue
        found.append([fd, target.partition(":[")[0], os.get_inheritable(fd), fcntl.fcntl(fd, fcntl.F_GETFL)])
    return sorted(found)


def mapped_files():
    found = set()
    for line in read("/proc/self/maps").splitlines():
        path = line.partition("/")[2]
        if path and ".so" not in path and not path.endswith((".pyc", ".py")):
            found.add("/" + path)
    return sorted(found)


def children():
    found = []
    for task in os.listdir("/proc/self/task"):
        found += [read("/proc/%s/comm" % pid).strip() for pid in read("/proc/self/task/%s/children" % task).split()]
    try:
        found.append(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        pass
    return found


def process():
    for _ in range(100):  # a thread that has been joined may be about to end
        if len(os.listdir("/proc/self/task")) == _thread._count() + 1:
            break
        time.sleep(0.01)
    umask = os.umask(0)
    os.umask(umask)
    wanted = (
        "Name Umask Uid Gid FDSize Groups Threads SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff CapBnd CapAmb"
        " NoNewPrivs Seccomp CoreDumping THP_enabled Cpus_allowed"
    ).split()
    status = dict(line.split(":", 1) for line in read("/proc/self/status").splitlines())
    try:
        cwd = os.getcwd()
    except OSError as error:
        cwd = type(error).__name__
    return {
        "status": {key: status.get(key, "").split() for key in wanted},
        "signals": [[number, str(signal.getsignal(number))] for number in sorted(signal.valid_signals())],
        "signal_state": [sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), signal.getitimer(signal.ITIMER_REAL)],
        "wakeup_fd": signal.set_wakeup_fd(-1),
        "descriptors": descriptors(),
        "mapped_files": mapped_files(),
        "children": children(),
        "cwd": cwd,
        "umask": umask,
        "leads": [os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpgid(os.getppid())],
        "parent": read("/proc/%d/comm" % os.getppid()),
        "nice": os.nice(0),
        "scheduler": [os.sched_getscheduler(0), sorted(os.sched_getaffinity(0))],
        "limits": [
            [key, resource.getrlimit(getattr(resource, key))] for key in sorted(dir(resource)) if key.startswith("RLIMIT_")
        ],
        "user": [os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups()],
        "kernel": {
            file: read("/proc/self/" + file)
            for file in ("comm", "cgroup", "oom_score_adj", "coredump_filter", "timerslack_ns", "personality", "loginuid")
        },
        "exe": os.readlink("/proc/self/exe"),
        "cmdline": read("/proc/self/cmdline").split("\0"),
        "kernel_environment": [
            entry for entry in read("/proc/self/environ").split("\0") if entry and not entry.startswith("_=")
        ],
    }


def log_state():
    import logging

    root = logging.getLogger()
    return [
        [name(handler) for handler in root.handlers],
        root.level,
        root.filters,
        root.manager.disable,
        len(logging._handlerList),
        name(logging.lastResort),
        logging.raiseExceptions,
        name(logging.getLogRecordFactory()),
        name(logging.getLoggerClass()),
        name(logging.Logger.manager),
        sorted(logging.getLevelNamesMapping()) if hasattr(logging, "getLevelNamesMapping") else None,
    ]


def libraries():
    import _ctypes  # noqa: F401 - a fact: it can be loaded
    import asyncio
    import codecs
    import concurrent.futures.thread
    import contextvars
    import copyreg
    import decimal
    import linecache
    import locale
    import logging
    import multiprocessing.process
    import multiprocessing.util
    import random
    import site
    import socket
    import tempfile
    import threading
    import time
    import tracemalloc

    random.seed(42)
    root = logging.getLogger()
    return {
        "threading": [
            sorted(thread.name for thread in threading.enumerate()),
            threading.active_count(),
            name(threading.excepthook),
            len(threading._dangling),
            threading.stack_size(),
            [name(getattr(threading, get)()) for get in ("gettrace", "getprofile") if hasattr(threading, get)],
        ],
        "logging": log_state(),
        "loggers": sorted(root.manager.loggerDict),
        "asyncio": [name(asyncio.get_event_loop_policy()) if sys.version_info < (3, 14) else None],
        "contextvars": sorted(variable.name for variable in contextvars.copy_context()),
        "copyreg": sorted(name(kind) for kind in copyreg.dispatch_table),
        "random": [random.random(), random.getrandbits(64)],
        "locale": [locale.setlocale(locale.LC_ALL, None), locale.getpreferredencoding(False), codecs.lookup("utf8").name],
        "decimal": repr(decimal.getcontext()),
        "socket": socket.getdefaulttimeout(),
        "site": [site.ENABLE_USER_SITE, site.USER_SITE, site.PREFIXES],
        "temporary": tempfile.gettempdir(),
        "time": [time.tzname, time.timezone],
        "tracemalloc": tracemalloc.is_tracing(),
        "multiprocessing": [
            multiprocessing.get_start_method(),
            len(multiprocessing.process.active_children()),
            len(multiprocessing.util._finalizer_registry),
            len(multiprocessing.util._afterfork_registry),
        ],
        "pools": len(concurrent.futures.thread._threads_queues),
        "linecache": [path for path in linecache.cache if not path.startswith("<frozen")],
    }


def import_all():
    import asyncio.subprocess
    import concurrent.futures
    import ctypes
    import email.message
    import functools
    import http.client
    import http.cookies
    import http.server
    import importlib.metadata
    import inspect
    import json
    import logging.config
    import logging.handlers
    import multiprocessing.pool
    import pickle
    import queue
    import sched
    import selectors
    import socketserver
    import sqlite3
    import ssl
    import subprocess
    import tempfile
    import threading
    import traceback
    import typing
    import unittest.mock
    import urllib.request
    import uuid
    import weakref
    import wsgiref.simple_server
    import xmlrpc.client
    import zipfile


def serve(seen):
    """Serve requests and log; note what was seen meanwhile."""
    import contextvars
    import http.client
    import http.server
    import logging
    import threading
    import urllib.request

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            logging.getLogger("shop").warning("in the handler")
            seen["in_handler"] = [
                [thread.name for thread in threading.enumerate() if "request" not in thread.name],
                sorted(variable.name for variable in contextvars.copy_context()),
                sorted(key for key in self.headers.keys() if key != "Host"),
                sorted(vars(self)),
            ]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"served")

        def log_message(self, text, *args):
            pass

    class Listener(logging.Handler):
        def emit(self, record):
            seen["in_record"] = sorted(vars(record))

    listener = Listener()
    logging.getLogger("shop").addHandler(listener)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="server")
        thread.start()
        url = "http://127.0.0.1:%d/" % server.server_port
        seen["answer"] = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url).read().decode()
        connection = http.client.HTTPConnection(*server.server_address)
        connection.request("GET", "/", headers={"Own": "header"})
        seen["answer again"] = connection.getresponse().read().decode()
        connection.close()
        server.shutdown()
        for each in set(threading.enumerate()) - {threading.main_thread()}:
            each.join()
    logging.getLogger("shop").removeHandler(listener)


def use_all():
    """Serve a request, log, run tasks, threads, pools and children; give what was seen while they ran."""
    import asyncio
    import concurrent.futures
    import queue
    import subprocess
    import threading

    seen = {}
    serve(seen)

    async def task(number):
        await asyncio.sleep(0)
        return [asyncio.current_task().get_name(), len(asyncio.all_tasks()), len(asyncio.current_task().get_stack())]

    async def tasks():
        return await asyncio.gather(*(asyncio.create_task(task(n), name="task %d" % n) for n in range(2)))

    seen["tasks"] = asyncio.run(tasks())
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
        seen["pool"] = pool.submit(lambda: [threading.current_thread().name, threading.active_count()]).result()
    jobs = queue.Queue()
    worker = threading.Thread(target=lambda: seen.update(worker=[jobs.get(), sorted(vars(worker))]))
    worker.start()
    jobs.put("job")
    worker.join()
    seen["child"] = subprocess.run(["cat", "/proc/self/stat"], capture_output=True).stdout.split()[1].decode()
    return seen


def snapshot(modules):
    return {"modules": modules, **interpreter(), **process()}


report = {"started": {"modules": modules, **started}, "idle": {**interpreter(), **process()}}
work = sys.argv[1] if len(sys.argv) > 1 else "idle"
if work != "idle":
    import_all()
    report["imports"] = {**snapshot(sorted(sys.modules)), **libraries()}
if work == "busy":
    report["use"] = use_all()
    report["busy"] = {**snapshot(sorted(sys.modules)), **libraries()}

import json

print(json.dumps(report))
