"""Imports, as programs do and change them: ``importing.py WHAT``."""

import importlib
import importlib.abc
import importlib.util
import os
import sys
import types


def reloaded():
    import logging
    import threading

    for module in (logging, threading):
        before = module.__spec__
        print(importlib.reload(module) is module, module.__spec__.name, module.__loader__ is module.__spec__.loader, before == module.__spec__)
    logging.warning("still logs")
    threading.Thread(target=print, args=("still runs",)).start()


def imported_anew():
    import logging

    del sys.modules["logging"]
    import logging as again

    print(again is logging, again.Logger is logging.Logger)
    again.warning("again")


def blocked():
    sys.modules["asyncio"] = None
    sys.modules["threading"] = None
    try:
        import asyncio
    except ImportError as error:
        print(repr(error), error.name)


def replaced():
    fake = types.ModuleType("logging")
    sys.modules["logging"] = fake
    import logging

    print(logging is fake, sorted(vars(fake)))
    sys.modules["http.server"] = types.ModuleType("http.server")
    from http.server import BaseHTTPRequestHandler


def finders():
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if not name.startswith(("_", "encodings")):
                print("asked for", name)

    sys.meta_path.insert(0, Finder())
    import sched
    import colorsys

    try:
        import no_such_module
    except ModuleNotFoundError as error:
        print(error, error.name, error.path)


def generated():
    class Loader(importlib.abc.Loader):
        def create_module(self, spec):
            print("create", spec.name)

        def exec_module(self, module):
            print("exec", module.__name__, type(module.__loader__).__name__, module.__spec__.origin)
            module.answer = 42

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "generated":
                return importlib.util.spec_from_loader(name, Loader(), origin="made up")

    sys.meta_path.append(Finder)
    import generated

    print(generated.answer, type(generated.__loader__).__name__)


def lazily():
    for name in ("logging", "colorsys"):
        spec = importlib.util.find_spec(name)
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        print(type(module).__name__, len(dir(module)) > 5, type(module).__name__)


def circular():
    _write("one.py", "import threading\nimport two\nvalue = 1\n")
    _write("two.py", "import logging\nfrom one import value\n")
    import one


def described():
    import concurrent.futures
    import http.client
    import http.server
    import logging
    import threading

    for module in (logging, threading, http.server, http.client, concurrent.futures):
        spec = module.__spec__
        print(spec.name, type(spec.loader).__name__, sorted(vars(spec.loader)), spec.has_location, spec.parent, sorted(set(vars(module)) & {"__file__", "__cached__", "__path__"}))
        print(repr(module).replace(os.path.dirname(os.__file__), "lib"), spec._initializing)


def sourced():
    """What a program reads of the standard library's source."""
    import http.server
    import inspect
    import logging
    import threading

    for thing in (threading.Thread, threading.Thread.start, logging.Logger.filter, logging.Logger.handle, http.server.BaseHTTPRequestHandler.handle_one_request):
        lines, number = inspect.getsourcelines(thing)
        print(thing.__name__, len(lines), number, inspect.getfile(thing) == inspect.getfile(inspect.getmodule(thing)), inspect.signature(thing))


def listed():
    import pkgutil

    _write("package/__init__.py", "")
    _write("package/part.py", "print('part')")
    sys.path.insert(0, ".")
    print([module.name for module in pkgutil.walk_packages(["package"], "package.")])
    print(importlib.import_module("package.part").__name__, importlib.invalidate_caches())
    print(sorted(name for name in importlib.metadata.packages_distributions() if name.startswith("otel")) if False else "")


def distributions():
    import importlib.metadata as metadata

    names = sorted({distribution.metadata["Name"].lower() for distribution in metadata.distributions()})
    print(names)
    try:
        metadata.version("no-such-distribution")
    except metadata.PackageNotFoundError as error:
        print(error)
    print(len(list(metadata.entry_points(group="console_scripts"))))


def run_again():
    import runpy

    _write("program2.py", "import sys, logging; print(__name__, __file__, sys.argv, __spec__ and __spec__.name); logging.warning('x')")
    sys.path.insert(0, ".")
    print(sorted(set(runpy.run_path("program2.py")) - {"logging", "sys"}))
    runpy.run_module("program2", run_name="__main__", alter_sys=True)


def zipped():
    import zipfile

    with zipfile.ZipFile("library.zip", "w") as file:
        file.writestr("inside/__init__.py", "import logging\nprint(__file__[-23:], type(__loader__).__name__)\n")
        file.writestr("inside/broken.py", "import threading\nraise LookupError\n")
    sys.path.insert(0, "library.zip")
    import inside

    print(type(inside.__spec__.loader).__name__, inside.__spec__.loader is inside.__loader__)
    import inside.broken


def many_threads():
    """Threads that import at the same time."""
    import threading

    threads = [threading.Thread(target=importlib.import_module, args=(name,)) for name in ("asyncio", "http.server", "xmlrpc.client", "logging.config") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    import asyncio

    print(asyncio.run(asyncio.sleep(0, "imported")))


def own_names():
    """Modules of the program that are called as those of the standard library."""
    for name in ("queue", "random", "token", "types"):
        _write(f"{name}.py", f"print('my {name}')")
    sys.path.insert(0, ".")
    import queue
    import token


def sub_interpreter():
    import _xxsubinterpreters as interpreters

    interpreter = interpreters.create()
    interpreters.run_string(interpreter, "import sys, logging; print(len(sys.path) > 1, __name__); logging.warning('inside')")
    interpreters.destroy(interpreter)
    print(interpreters.list_all() == [interpreters.get_current()])


def _write(path, text):
    if os.path.dirname(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    if "." not in sys.path and "" not in sys.path and os.path.dirname(path) == "":
        sys.path.insert(0, ".")


globals()[sys.argv[1]]()
