"""Applications of web frameworks: each is instrumented when it is about to handle its first request, by upstream's instrumentor.

Upstream replaces the framework's class instead: ``type(app)`` is another one then, applications of a class that was imported
before are missed, and a program that instruments its application itself is warned. Here the class stays, and by the first
request the program has done what it wants to do itself.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple
from weakref import WeakSet

from otelrun.diagnostics import guarded, tell
from otelrun.instrumentation import sources
from otelrun.instrumentation.patching import Ledger, without_frame
from otelrun.instrumentation.precedence import precedence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FLAG = "_is_instrumented_by_opentelemetry"
_FLASK_TABLES = (("before_request_funcs", "_before_request"), ("teardown_request_funcs", "_teardown_request"))


class Framework(NamedTuple):
    """Where the applications of a framework are.

    Attributes:
        module: whose class they are of.
        name: of the class.
        method: what is called for the first request, and calls ``then`` of the application after it was instrumented.
        then: the attribute by which the application is called then, as upstream has replaced it; empty: the method itself.
    """

    module: str
    name: str
    method: str
    then: str = ""


FRAMEWORKS = {
    "fastapi": Framework("fastapi.applications", "FastAPI", "build_middleware_stack", "build_middleware_stack"),
    "flask": Framework("flask.app", "Flask", "__call__"),
    "starlette": Framework("starlette.applications", "Starlette", "build_middleware_stack", "build_middleware_stack"),
}
"""Entry-point name → framework."""


def apply(name: str, instrumentor: Any, options: dict[str, Any]) -> Callable[[], None]:
    """Have the applications of a framework instrumented.

    Args:
        name: of the entry point, in ``FRAMEWORKS``.
        instrumentor: upstream's.
        options: for its ``instrument_app``; what that does not know is left out and told.

    Returns:
        What undoes it, for applications that have not handled a request yet.
    """
    framework = FRAMEWORKS[name]
    instrument_app = instrumentor.instrument_app
    code = instrument_app.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    arguments = {option: value for option, value in options.items() if option in known}
    for option in options.keys() - arguments.keys() - {sources.TRACER_PROVIDER, sources.METER_PROVIDER}:
        _tell_unknown(name, option, known)
    seen: WeakSet[Any] = WeakSet()
    guard = guarded(f"instrumentation {name}")  # one for all: it keeps nothing

    def prepare(app: Any) -> None:
        seen.add(app)
        if getattr(app, _FLAG, False):
            precedence.tell(name)
            return
        instrument_app(app, **arguments)
        if name == "flask":
            _put_first(app)

    def make_wrapper(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            target = original.__get__(self)
            with guard:
                if self not in seen:
                    prepare(self)
                    target = getattr(self, framework.then) if framework.then else target
            try:
                return target(*args, **kwargs)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise

        return call

    ledger = Ledger()
    ledger.wrap(getattr(sys.modules[framework.module], framework.name), framework.method, make_wrapper)
    return ledger.undo


def _tell_unknown(name: str, option: str, known: tuple[str, ...]) -> None:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    near = get_close_matches(option, known, 1)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    tell(f"option:{name}.{option}", f"instrumentation {name} has no option '{option}'{meant}")


def _put_first(app: Any) -> None:
    """Have the span of a request of Flask begin before and end after the program's functions around it."""
    for table, attribute in _FLASK_TABLES:
        functions, function = getattr(app, table)[None], getattr(app, attribute)
        functions.remove(function)
        functions.insert(0, function)
