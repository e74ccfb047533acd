"""What upstream's instrumentors would do to the program beyond instrumenting, kept from it.

Each entry is held by a test that shows the harm without it, so that it can go when upstream no longer needs it.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import Ledger, without_frame

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
    """Have an instrumentor applied, with one of its own functions replaced meanwhile where that does harm.

    Args:
        name: of the entry point.
        instrumentor: the object.
        register: as in ``otelrun.startup.hooks``.
        options: for its ``instrument``.
    """
    if name in _STAND_INS:
        function_name, make_stand_in = _STAND_INS[name]
        module = sys.modules[type(instrumentor).__module__]
        original = getattr(module, function_name)
        setattr(module, function_name, make_stand_in(module, register))
        try:
            instrumentor.instrument(**options)
        finally:
            setattr(module, function_name, original)
    else:
        instrumentor.instrument(**options)
    if name in _MENDED:
        with guarded(f"instrumentation {name}"):
            _MENDED[name]()


def prepare_undoing(name: str) -> None:
    """Do what an instrumentor does not know of before it is undone."""
    if name in _UNDONE:
        _UNDONE[name]()


class _Absent:
    """In ``sys.meta_path`` it makes one library, if it is not loaded, one that is not installed; for this thread alone."""

    def __init__(self, library: str) -> None:
        self._library = library
        self._thread = get_ident()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> None:  # noqa: ARG002 - as asked
        if name == self._library and get_ident() == self._thread:
            message = f"No module named {name!r}"
            raise ModuleNotFoundError(message, name=name)


_ASYNC_SQLALCHEMY = "sqlalchemy.ext.asyncio"


def _wrap_when_imported(module: Any, register: Register) -> Callable[..., None]:
    """Wrap in ``sqlalchemy.ext.asyncio`` once the program imports that: it loads the ORM, 47 modules."""
    wrap = module._w

    def wrap_function(target: Any, *arguments: Any) -> None:
        if target == _ASYNC_SQLALCHEMY and target not in sys.modules:
            register(target, lambda _: wrap(target, *arguments))
        else:
            wrap(target, *arguments)

    return wrap_function


def _import_async_sqlalchemy() -> None:
    __import__(_ASYNC_SQLALCHEMY)  # upstream looks there for what it has wrapped


_aiohttp = Ledger()


def _keep_aiohttps_class(module: Any, _: Register) -> Callable[..., type]:
    """Give aiohttp's applications the middleware when they are about to serve, and leave their class in its place.

    Upstream's subclass has aiohttp warn of it, changes the program's list of middlewares and fails with a tuple of them.
    """

    def create_instrumented_application(tracer_provider: Any = None) -> type:
        middleware = module.create_aiohttp_middleware(tracer_provider=tracer_provider)

        def make_wrapper(original: Callable[[Any], None]) -> Callable[[Any], None]:
            def pre_freeze(self: Any) -> None:
                with guarded("instrumentation aiohttp-server"):
                    its = self.middlewares
                    if not its.frozen and middleware not in its and module.middleware not in its:
                        its.insert(0, middleware)
                try:
                    original(self)
                except BaseException as error:
                    without_frame(error, getattr(error.__traceback__, "tb_next", None))
                    raise

            return pre_freeze

        application: type = module.web.Application
        _aiohttp.wrap(application, "pre_freeze", make_wrapper)
        return application

    return create_instrumented_application


def _mend_falcon() -> None:
    """Falcon's class of applications is generic; upstream's in its place is not, and ``App[Request, Response]`` fails."""
    from types import GenericAlias  # noqa: PLC0415 - not at start-up

    put: Any = sys.modules["falcon"].App
    if hasattr(put, "__class_getitem__"):
        put.__class_getitem__ = classmethod(GenericAlias)


_STAND_INS: dict[str, tuple[str, Callable[[Any, Register], Any]]] = {
    "aiohttp-server": ("create_instrumented_application", _keep_aiohttps_class),
    "sqlalchemy": ("_w", _wrap_when_imported),
}
"""Entry-point name → a function of the instrumentor's module, and what makes its stand-in."""

_MENDED: dict[str, Callable[[], None]] = {"falcon": _mend_falcon}
"""Entry-point name → what is mended after it was applied."""

_UNDONE: dict[str, Callable[[], None]] = {"aiohttp-server": _aiohttp.undo, "sqlalchemy": _import_async_sqlalchemy}
"""Entry-point name → what is done before it is undone."""
