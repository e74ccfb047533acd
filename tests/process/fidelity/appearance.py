"""What a program can find out about each function that otelrun patches, by looking. A script: runs in any interpreter.

    appearance.py points            apply every instrumentation; print where it patched
    appearance.py bare|patched      read points from stdin; print what is seen there, as JSON

Needs otelrun on ``sys.path``, also for ``bare``, where nothing of it is loaded. What is not there (grpc) is left out.
"""

from __future__ import annotations

import copy
import doctest
import functools
import gc
import importlib
import inspect
import json
import pickle
import pydoc
import re
import sys
import types
import typing
import weakref
from unittest import mock

OPTIONS = {
    "asyncio": {"task_spans": ["*"], "loop_lag": True, "slow_callback_ms": 100},
    "http_server": {"body_sizes": True},
    "logging": {"correlation": "named"},
}


def apply_all():
    """Apply every instrumentation; give what was patched: module, class or None, name."""
    from otelrun.instrumentation import registry
    from otelrun.instrumentation.patching import Ledger

    points = []
    for trigger, modules in registry.OWN.items():
        if trigger.startswith("eventlet"):
            continue  # says on stderr that it is deprecated, whatever the filters; what is patched there is private
        try:
            importlib.import_module(trigger)
        except ImportError:
            continue
        for name in modules:
            ledger = Ledger()
            options = OPTIONS.get(registry.entry_point_name(name), {})
            importlib.import_module(f"otelrun.instrumentation.{name}").apply(ledger, options)
            for owner, attribute, *_ in ledger._entries:
                is_class = isinstance(owner, type)
                points.append(
                    (owner.__module__ if is_class else owner.__name__, is_class and owner.__qualname__, attribute)
                )
    return points


def find(point):
    module, class_name, name = point
    owner = importlib.import_module(module)
    if class_name:
        owner = getattr(owner, class_name)
    return owner, name


def seen(look):
    """Give what a look shows as text, or the error it ends with."""
    try:
        return re.sub(r"0x[0-9a-f]+", "0x", repr(look()))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def about_function(function):
    """Facts of the function itself."""
    code = getattr(function, "__code__", None)  # a compiled function has none
    facts = {
        f"inspect.{name}": functools.partial(getattr(inspect, name), function)
        for name in (
            "signature", "iscoroutinefunction", "isgeneratorfunction", "isasyncgenfunction", "isfunction", "isbuiltin",
            "isclass", "ismethod", "isroutine", "isawaitable", "getsource", "getsourcefile", "getfile", "getsourcelines",
            "getmodule", "getdoc", "getcomments", "getfullargspec", "getclosurevars",
        )
    }  # fmt: skip
    facts |= {
        name: functools.partial(getattr, function, name)
        for name in (
            "__name__", "__qualname__", "__module__", "__doc__", "__defaults__", "__kwdefaults__", "__annotations__",
            "__type_params__", "__dict__", "__closure__", "__class__", "__builtins__",
        )
    }  # fmt: skip
    facts |= {
        name: functools.partial(getattr, code, name)
        for name in (
            "co_name",
            "co_filename",
            "co_firstlineno",
            "co_argcount",
            "co_kwonlyargcount",
            "co_posonlyargcount",
        )
    }
    return facts | {
        "type": lambda: type(function),
        "vars": lambda: vars(function),
        "dir": lambda: dir(function),
        "repr": lambda: function,
        "unwrap": lambda: inspect.unwrap(function) is function,
        "has __wrapped__": lambda: hasattr(function, "__wrapped__"),
        "__globals__": lambda: function.__globals__["__name__"],
        "flags": lambda: code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_COROUTINE),
        "parameters": lambda: code.co_varnames[: code.co_argcount + code.co_kwonlyargcount],
        "lines": lambda: min(line for *_, line in code.co_lines() if line is not None),
        "help": lambda: pydoc.render_doc(function, renderer=pydoc.plaintext),
        "type hints": lambda: typing.get_type_hints(function),
        "pickle": lambda: (pickle.dumps(function), pickle.loads(pickle.dumps(function)) is function),
        "copy": lambda: (copy.copy(function) is function, copy.deepcopy(function) is function),
        "weakref": lambda: weakref.ref(function)() is function,
        "hash": lambda: hash(function) == hash(function),
        "doctest": lambda: [test.name for test in doctest.DocTestFinder(exclude_empty=False).find(function, "it")],
        "autospec": lambda: inspect.signature(mock.create_autospec(function)),
        "functools.wraps": lambda: wrap(function),
    }


def wrap(function):
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    wrapped = functools.wraps(function)(wrapper)
    return sorted(vars(wrapped)), inspect.signature(wrapped), inspect.unwrap(wrapped) is function


def about_owner(owner, name):
    """Facts of where it stands."""
    function = getattr(owner, name)
    is_made = isinstance(owner, type) and not hasattr(
        owner, "__del__"
    )  # which would run on an object that is not whole

    def overridden():
        class Override(owner):
            pass

        def inherit(self):
            return getattr(super(Override, self), name)

        Override.inherit = inherit
        made = object.__new__(Override)
        bound, other = inherit(made), getattr(made, name)
        return bound.__func__ is function, bound == other, hash(bound) == hash(other), Override.__mro__, dir(Override)

    def patched_by_mock():
        with mock.patch.object(owner, name, autospec=True) as double:
            shape = inspect.signature(double), type(double)
        back = getattr(owner, name) is function
        with mock.patch.object(owner, name, wraps=function) as double:
            called = double is getattr(owner, name)
        return shape, back, called, getattr(owner, name) is function

    def patched_by_hand():
        was = owner.__dict__.get(name, function)
        setattr(owner, name, lambda *_: "theirs")
        theirs = getattr(owner, name)()
        setattr(owner, name, was)
        return theirs, getattr(owner, name) is function

    facts = {
        "keys": lambda: list(vars(owner)),
        "dir of owner": lambda: dir(owner),
        "mock": patched_by_mock,
        "by hand": patched_by_hand,
    }
    if isinstance(owner, type):
        facts |= {
            "subclasses": lambda: (gc.collect(), sorted(kind.__qualname__ for kind in owner.__subclasses__()))[1],
            "mro": lambda: owner.__mro__,
            "kind": lambda: [(a.kind, a.defining_class) for a in inspect.classify_class_attrs(owner) if a.name == name],
        }
    if is_made:
        facts |= {"bound": lambda: bound(owner, name, function), "overridden": overridden}
    return facts


def bound(owner, name, function):
    """Facts of a bound method, of an object that was never initialized."""
    try:
        made = object.__new__(owner)
    except TypeError:  # a class with abstract methods, or a compiled one
        return "not to be made"
    method = getattr(made, name)
    assert isinstance(method, types.MethodType)
    return (
        method == getattr(made, name),
        hash(method) == hash(getattr(made, name)),
        method.__func__ is function,
        inspect.signature(method),
        weakref.WeakMethod(method)() == method,
        copy.copy(method) == method,
        inspect.ismethod(method),
        vars(made),
    )


def main():
    what = sys.argv[1]
    if what == "points":
        print(json.dumps(sorted(apply_all(), key=str)))
        return
    points = json.load(sys.stdin)
    if what == "patched":
        apply_all()
    result = {}
    for point in points:
        owner, name = find(point)
        facts = about_function(getattr(owner, name)) | about_owner(owner, name)
        label = ".".join(filter(None, point))
        result[label] = {fact: seen(look) for fact, look in facts.items()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
