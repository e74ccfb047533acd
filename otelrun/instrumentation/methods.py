"""Functions of the program that the profile names: each call is a span, and a point of a duration histogram.

They are replaced when their module has been imported, by functions with the very parameters, of the same kind: a coroutine
function stays one. Of a generator the span lasts from the first value asked for until it is exhausted or closed, and is
current only while its body runs.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from time import perf_counter

from otelrun.diagnostics import guarded, tell
from otelrun.instrumentation import sources
from otelrun.instrumentation.arguments import render
from otelrun.instrumentation.current import detach
from otelrun.instrumentation.failure import ERROR_TYPE, error_type, record_failure
from otelrun.instrumentation.method_calls import make_replacement
from otelrun.instrumentation.patching import find_member, function_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextvars import Token
    from types import FunctionType
    from typing import Any

    from otelrun.instrumentation.duration import Record
    from otelrun.instrumentation.patching import Ledger

NAME = "methods"
SCOPE = "otelrun.instrumentation.methods"
CODE_FILE_PATH = "code.file.path"
CODE_FUNCTION_NAME = "code.function.name"
CODE_LINE_NUMBER = "code.line.number"

_DURATION = "otelrun.function.duration"
_DURATION_DESCRIPTION = "Duration of calls of a function that the profile names."
_BOUNDARIES_S = (0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ARGUMENT = "otelrun.function.argument."
_EVERYTHING = "*"
_TAKES_ANY = 0x04, 0x08  # inspect.CO_VARARGS, CO_VARKEYWORDS

_recording: set[int] = set()
"""The threads that are recording: what they call meanwhile, while the API is imported too, would be recorded again and again."""


def apply(ledger: Ledger, module_name: str, methods: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Replace functions of a module that has been imported.

    Args:
        ledger: gets the patches.
        module_name: of the module.
        methods: pairs of a name within the module, as in ``profile.model.Method``, and the parameters to write on spans.
    """
    module = sys.modules[module_name]
    done: set[tuple[int, str]] = set()
    for target, wanted in methods:
        with guarded(f"{NAME} {module_name}:{target}"):
            owner, names = _find(module, target)
            for name in names:
                if (id(owner), name) not in done:
                    done.add((id(owner), name))
                    _replace(ledger, owner, name, wanted)


def _find(module: Any, target: str) -> tuple[Any, list[str]]:
    """Give the class or the module that a target's last name is of, and the names of the functions; none if it is told."""
    owner = module
    *path, last = target.split(".")
    for name in path:
        found = find_member(owner, name)
        if not isinstance(found, type):
            _tell_missing(
                module.__name__, target, name, [key for key, held in _members(owner) if isinstance(held, type)]
            )
            return owner, []
        owner = found
    functions = [key for key, held in _members(owner) if function_of(held) is not None]
    if _EVERYTHING not in last:
        if find_member(owner, last) is None:
            _tell_missing(module.__name__, target, last, functions)
            return owner, []
        return owner, [last]
    start, _, end = last.partition(_EVERYTHING)
    names = [name for name in functions if _is_meant(owner, name, start, end)]
    if not names:
        tell(f"{NAME}:{module.__name__}:{target}", f"{NAME}: {module.__name__}:{target} names no function")
    return owner, names


def _members(owner: Any) -> Iterator[tuple[str, Any]]:
    """Give the members of a class with those it inherits, or of a module."""
    for place in getattr(owner, "__mro__", (owner,)):
        if place is not object:
            yield from tuple(vars(place).items())


def _is_meant(owner: Any, name: str, start: str, end: str) -> bool:
    """Say whether a ``*`` means a function: a public one that the class or the module defines itself, and no property."""
    held = vars(owner).get(name)
    function = function_of(held)
    if function is None or type(held) is property or (name.startswith("_") and not start.startswith("_")):
        return False
    is_own = isinstance(owner, type) or function.__module__ == owner.__name__
    is_alike = name.startswith(start) and name.endswith(end) and len(name) >= len(start) + len(end)
    return is_own and is_alike


def _tell_missing(module: str, target: str, missing: str, known: list[str]) -> None:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    near = get_close_matches(missing, known, 1)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    tell(f"{NAME}:{module}:{target}", f"{NAME}: there is no {module}:{target}{meant}")


def _replace(ledger: Ledger, owner: Any, name: str, wanted: tuple[str, ...]) -> None:
    def make_wrapper(original: FunctionType) -> Callable[..., Any]:
        held = find_member(owner, name)
        takes_first = isinstance(owner, type) and not isinstance(held, staticmethod)
        captured = _captured(owner, original, wanted, takes_first=takes_first)
        return make_replacement(original, captured, _Method(owner, name, original, captured).begin)

    ledger.wrap_member(owner, name, make_wrapper)


def _captured(owner: Any, function: FunctionType, wanted: tuple[str, ...], *, takes_first: bool) -> tuple[str, ...]:
    """Give the parameters whose values are to be written; what is no parameter is told."""
    code = function.__code__
    count = code.co_argcount + code.co_kwonlyargcount + sum(bool(code.co_flags & flag) for flag in _TAKES_ANY)
    known = code.co_varnames[:count]
    if _EVERYTHING in wanted:
        return known[1:] if takes_first else known
    for name in wanted:
        if name not in known:
            _tell_missing(_module_of(owner), f"{function.__qualname__}({name})", name, list(known))
    return tuple(name for name in wanted if name in known)


def _can_record() -> bool:
    """Say whether the API is loaded, or can be: not in the middle of an import of what it needs of the standard library."""
    if "opentelemetry.trace" in sys.modules:
        return True
    names = sys.stdlib_module_names
    return not any(name in names and _is_half_imported(module) for name, module in tuple(sys.modules.items()))


def _is_half_imported(module: Any) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _module_of(owner: Any) -> str:
    name: str = owner.__module__ if isinstance(owner, type) else owner.__name__
    return name


class _Method:
    """What is known of one function.

    Attributes:
        name: of its spans.
        attributes: of its spans.
    """

    __slots__ = ("_keys", "_names", "_record", "_series", "_tracer", "attributes", "name")

    def __init__(self, owner: Any, name: str, function: FunctionType, captured: tuple[str, ...]) -> None:
        """Note where the function is; of a decorated one, where what was decorated is."""
        inner: Any = function
        while hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        code = getattr(inner, "__code__", function.__code__)
        self.name = f"{owner.__qualname__}.{name}" if isinstance(owner, type) else name
        full_name = f"{_module_of(owner)}.{self.name}"
        self.attributes = {
            CODE_FUNCTION_NAME: full_name,
            CODE_FILE_PATH: code.co_filename,
            CODE_LINE_NUMBER: code.co_firstlineno,
        }
        self._series = {CODE_FUNCTION_NAME: full_name}
        self._names = captured
        self._keys = tuple(_ARGUMENT + name for name in captured)
        self._record: Record | None = None
        self._tracer: Any = None

    def begin(self, *values: Any) -> _Call | None:
        """Begin a call: its span is current. None where that failed, and for calls that recording itself makes."""
        thread = get_ident()
        if thread in _recording or not _can_record():
            return None
        _recording.add(thread)
        try:
            with guarded(NAME):
                return _Call(self, values)
        finally:
            _recording.discard(thread)
        return None

    def start_span(self, values: tuple[Any, ...]) -> Any:
        """Start the span of a call."""
        if self._tracer is None:
            self._tracer = sources.get_tracer(SCOPE)
        span = self._tracer.start_span(self.name, attributes=self.attributes)
        if self._keys and span.is_recording():
            for key, name, value in zip(self._keys, self._names, values, strict=True):
                span.set_attribute(key, render(name, value))
        return span

    def measure(self, seconds: float, context: Any, error: str) -> None:
        """Record the duration of a call, whether or not its span was sampled."""
        if self._record is None:
            from otelrun.instrumentation.duration import create_duration  # noqa: PLC0415 - not before the first call

            self._record = create_duration(SCOPE, _DURATION, _DURATION_DESCRIPTION, _BOUNDARIES_S)
        self._record(seconds, {**self._series, ERROR_TYPE: error} if error else self._series, context)


class _Call:
    """One call, or one run of a generator."""

    __slots__ = ("_context", "_method", "_span", "_started", "_token")

    def __init__(self, method: _Method, values: tuple[Any, ...]) -> None:
        from opentelemetry import trace  # noqa: PLC0415 - not before the first call

        self._method = method
        self._started = perf_counter()
        self._span = method.start_span(values)
        self._context = trace.set_span_in_context(self._span)
        self._token: Token[Any] | None = None
        self.resume()

    def resume(self) -> None:
        """Make the span current: the function's body goes on."""
        self._token = sys.modules["opentelemetry.context"].attach(self._context)

    def pause(self) -> None:
        """Make what was current before current again: a generator's body has given a value."""
        token, self._token = self._token, None
        if token is not None:
            detach(token)

    def end(self, error: BaseException | None) -> None:
        """End with the call; a generator that is closed, a task that is cancelled and an exit are no failures."""
        thread = get_ident()
        is_inside = thread in _recording
        _recording.add(thread)
        try:
            with guarded(NAME):
                seconds = perf_counter() - self._started
                self.pause()
                kind = ""
                if isinstance(error, Exception):
                    kind = error_type(error)
                    record_failure(self._span, error)
                self._span.end()
                self._method.measure(seconds, self._context, kind)
        finally:
            if not is_inside:
                _recording.discard(thread)
