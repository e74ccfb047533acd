"""Replacements of the program's functions, made from source so that they have the parameters and the kind of the original.

Only with the same parameters is a call that does not fit refused at the same moment, with the same words, by a coroutine
function or a generator function, too; ``dataclasses`` makes ``__init__`` in the same way. All names of ours in them begin
with ``_otelrun``, which no parameter may.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType
    from typing import Any

NAME = "methods"

_VARARGS, _VARKEYWORDS, _GENERATOR, _COROUTINE, _ITERABLE_COROUTINE, _ASYNC_GENERATOR = 4, 8, 0x20, 0x80, 0x100, 0x200
"""Flags of code, as in ``inspect``."""

_PLAIN = """
def _otelrun_make(_otelrun_original, _otelrun_begin, _otelrun_cut):
    {asynchronous}def _otelrun_method({parameters}):
        _otelrun_call = _otelrun_begin({captured})
        try:
            _otelrun_result = {awaited}_otelrun_original({arguments})
        except BaseException as _otelrun_error:
            _otelrun_cut(_otelrun_error, getattr(_otelrun_error.__traceback__, "tb_next", None))
            if _otelrun_call is not None:
                _otelrun_call.end(_otelrun_error)
            raise
        if _otelrun_call is not None:
            _otelrun_call.end(None)
        return _otelrun_result
    return _otelrun_method
"""

_GENERATING = """
def _otelrun_make(_otelrun_original, _otelrun_begin, _otelrun_cut):
    {asynchronous}def _otelrun_method({parameters}):
        _otelrun_steps = _otelrun_begin(_otelrun_original({arguments}), {captured})
        while True:
            try:
                _otelrun_steps.send((yield {awaited}_otelrun_steps.run()))
            except BaseException as _otelrun_error:
                _otelrun_cut(_otelrun_error, getattr(_otelrun_error.__traceback__, "tb_next", None))
                if _otelrun_steps.throw(_otelrun_error):
                    continue
                if isinstance(_otelrun_error, {end}):
                    return{result}
                raise
    return _otelrun_method
"""

_KINDS = {
    0: (_PLAIN, {"asynchronous": "", "awaited": ""}),
    _COROUTINE: (_PLAIN, {"asynchronous": "async ", "awaited": "await "}),
    _GENERATOR: (
        _GENERATING,
        {"asynchronous": "", "awaited": "", "end": "StopIteration", "result": " _otelrun_error.value"},
    ),
    _ASYNC_GENERATOR: (
        _GENERATING,
        {"asynchronous": "async ", "awaited": "await ", "end": "StopAsyncIteration", "result": ""},
    ),
}


def make_replacement(
    original: FunctionType, captured: tuple[str, ...], begin: Callable[..., Any]
) -> Callable[..., Any]:
    """Make the function that is to stand in for another one.

    Args:
        original: the function.
        captured: the parameters whose values ``begin`` is given.
        begin: begins a call, and gives what ends it, with ``end``; and with ``resume`` and ``pause``.
    """
    code = original.__code__
    kind = code.co_flags & (_COROUTINE | _GENERATOR | _ASYNC_GENERATOR)
    template, words = _KINDS[kind]
    if kind & (_GENERATOR | _ASYNC_GENERATOR):
        begin = _begin_steps(_Steps if kind & _GENERATOR else _AsyncSteps, begin)
    parameters, arguments = _parameters_and_arguments(code)
    text = template.format(parameters=parameters, arguments=arguments, captured=", ".join(captured), **words)
    namespace: dict[str, Any] = {"__name__": __name__}
    exec(text, namespace)  # noqa: S102 - see the file's docstring; names of parameters are identifiers
    replacement: Any = namespace["_otelrun_make"](original, begin, without_frame)
    if code.co_flags & _ITERABLE_COROUTINE:
        made = replacement.__code__
        replacement.__code__ = made.replace(co_flags=made.co_flags | _ITERABLE_COROUTINE)
    return replacement  # type: ignore[no-any-return] # made above


def _parameters_and_arguments(code: CodeType) -> tuple[str, str]:
    """Write the parameters of a function, without defaults, and a call that hands them on."""
    names = code.co_varnames
    positional, only = code.co_argcount, code.co_kwonlyargcount
    parameters, arguments = [*names[:positional]], [*names[:positional]]
    if code.co_posonlyargcount:
        parameters.insert(code.co_posonlyargcount, "/")
    rest = positional + only
    if code.co_flags & _VARARGS:
        parameters.append(f"*{names[rest]}")
        arguments.append(f"*{names[rest]}")
        rest += 1
    elif only:
        parameters.append("*")
    parameters += names[positional : positional + only]
    arguments += [f"{name}={name}" for name in names[positional : positional + only]]
    if code.co_flags & _VARKEYWORDS:
        parameters.append(f"**{names[rest]}")
        arguments.append(f"**{names[rest]}")
    return ", ".join(parameters), ", ".join(arguments)


def _begin_steps(kind: type[_Steps], begin: Callable[..., Any]) -> Callable[..., _Steps]:
    def begin_steps(generator: Any, *values: Any) -> _Steps:
        call = begin(*values)
        if call is not None:
            with guarded(NAME):
                call.pause()
        return kind(generator, call)

    return begin_steps


class _Steps:
    """Drives the program's own generator on behalf of the one in its place, one step at a time."""

    __slots__ = ("_call", "_generator", "_is_over", "_step", "_value")

    def __init__(self, generator: Any, call: Any) -> None:
        """Keep both; ``call`` is None where it could not begin."""
        self._generator = generator
        self._call = call
        self._step = self._first(generator)
        self._value: Any = None
        self._is_over = False

    def _first(self, generator: Any) -> Any:
        return generator.send

    def run(self) -> Any:
        """Have the body go on to its next value; what it raises is the generator's end."""
        value, self._value = self._value, None
        self._enter()
        try:
            return self._step(value)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            self._end(error)
            raise
        finally:
            del value
            self._leave()

    def send(self, value: Any) -> None:
        """Take what was sent in."""
        self._step, self._value = self._first(self._generator), value

    def throw(self, error: BaseException) -> bool:
        """Take what was thrown in, and say so; False: it is what ended the generator."""
        if self._is_over:
            return False
        self._step, self._value = self._thrown(self._generator), error
        return True

    def _thrown(self, generator: Any) -> Any:
        return generator.throw

    def _enter(self) -> None:
        if self._call is not None:
            with guarded(NAME):
                self._call.resume()

    def _leave(self) -> None:
        if self._call is not None:
            with guarded(NAME):
                self._call.pause()

    def _end(self, error: BaseException) -> None:
        self._is_over = True
        call, self._call = self._call, None
        if call is not None:
            call.end(None if isinstance(error, (StopIteration, StopAsyncIteration)) else error)


class _AsyncSteps(_Steps):
    """The same for an asynchronous generator."""

    __slots__ = ()

    def _first(self, generator: Any) -> Any:
        return generator.asend

    def _thrown(self, generator: Any) -> Any:
        return generator.athrow

    async def run(self) -> Any:
        """Have the body go on to its next value."""
        value, self._value = self._value, None
        self._enter()
        try:
            return await self._awaitable(value)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            self._end(error)
            raise
        finally:
            del value
            self._leave()

    def _awaitable(self, value: Any) -> Any:
        """Make the step; the event loop is to know, and to close at its end, only the generator that stands in for this one."""
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, None)
        try:
            return self._step(value)
        finally:
            sys.set_asyncgen_hooks(*hooks)
