"""What upstream's instrumentors would do to the program beyond instrumenting, kept from it.

Each entry is held by a test that shows the harm without it, so that it can go when upstream no longer needs it.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from otelrun.diagnostics import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Register = Callable[[str, Callable[[str], None]], None]

_RECOGNISED = {"click": ("flask", "flask.cli", "ScriptInfo", "FlaskScriptInfo")}
"""Entry-point name → a library of which its module knows one class, only to recognise its objects: the library, the module of the
class, the class, and the name under which the instrumentor has it.

Importing the library for that would load it into each program that has it installed; and where the library itself is what
imports the instrumented one, the class is not there yet: the spans that it is to prevent (one for ``flask run``) are made.
"""

_LATE = {"sqlalchemy": ("_w", "sqlalchemy.ext.asyncio")}
"""Entry-point name → the function with which its module wraps, and a module that it would import to wrap something there."""


def import_instrumentor(name: str, module_name: str, register: Register) -> None:
    """Import the module of an instrumentor, and nothing that the program has not imported.

    Args:
        name: of the entry point.
        module_name: the module.
        register: as in ``otelrun.startup.hooks``.
    """
    if name not in _RECOGNISED:
        __import__(module_name)
        return
    library, owner, class_name, known_as = _RECOGNISED[name]
    absent: Any = _Absent(library)
    sys.meta_path.insert(0, absent)
    try:
        __import__(module_name)
    finally:
        sys.meta_path.remove(absent)

    def recognise(_: str) -> None:
        setattr(sys.modules[module_name], known_as, getattr(sys.modules[owner], class_name))

    register(owner, recognise)


def instrument(name: str, instrumentor: Any, register: Register, options: dict[str, Any]) -> None:
    """Have an instrumentor applied; what it wraps in a module that the program has not imported waits for that.

    Args:
        name: of the entry point.
        instrumentor: the object.
        register: as in ``otelrun.startup.hooks``.
        options: for its ``instrument``.
    """
    if name not in _LATE:
        instrumentor.instrument(**options)
    else:
        function_name, late = _LATE[name]
        module = sys.modules[type(instrumentor).__module__]
        wrap = getattr(module, function_name)

        def wrap_when_imported(target: Any, *arguments: Any) -> None:
            if target == late and late not in sys.modules:
                register(late, lambda _: wrap(target, *arguments))
            else:
                wrap(target, *arguments)

        setattr(module, function_name, wrap_when_imported)
        try:
            instrumentor.instrument(**options)
        finally:
            setattr(module, function_name, wrap)
    if name in _MENDED:
        with guarded(f"instrumentation {name}"):
            _MENDED[name]()


def prepare_undoing(name: str) -> None:
    """Import what an instrumentor expects to be there when it is undone."""
    if name in _LATE:
        __import__(_LATE[name][1])


class _Absent:
    """In ``sys.meta_path`` it makes one library, if it is not loaded, one that is not installed; for this thread alone."""

    def __init__(self, library: str) -> None:
        self._library = library
        self._thread = get_ident()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> None:  # noqa: ARG002 - as asked
        if name == self._library and get_ident() == self._thread:
            message = f"No module named {name!r}"
            raise ModuleNotFoundError(message, name=name)


def _mend_falcon() -> None:
    """Falcon's class of applications is generic; upstream's in its place is not, and ``App[Request, Response]`` fails."""
    from types import GenericAlias  # noqa: PLC0415 - not at start-up

    put: Any = sys.modules["falcon"].App
    if hasattr(put, "__class_getitem__"):
        put.__class_getitem__ = classmethod(GenericAlias)


_MENDED: dict[str, Callable[[], None]] = {"falcon": _mend_falcon}
"""Entry-point name → what is mended after it was applied."""
