"""Exceptions that nobody catches, as log records with the trace: of threads, of asyncio's tasks and callbacks, of the program.

No hook is set: ``sys.excepthook``, ``threading.excepthook`` and the loops' handlers are the program's, are called as without
otelrun, and print what they print.

- A thread asks for what is to call ``threading.excepthook`` when it is made; what it gets notes the exception first.
- asyncio tells its loop of tasks whose exception nobody retrieved and of callbacks that raised. Its own handler logs them; that
  log record gets the trace of the task. Where the program has a handler of its own, a record is made.
- What ends the program is where the interpreter leaves it, and is looked for at the end: where something else was recorded, or
  where somebody waits for the exit summary.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded
from otelrun.instrumentation.current import attach, detach
from otelrun.instrumentation.patching import resemble, without_frame
from otelrun.lifecycle import exit as at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextvars import Token
    from threading import Thread
    from types import CodeType, ModuleType
    from typing import Any

    from opentelemetry.context import Context

    from otelrun.instrumentation.patching import Ledger

NAME = "exceptions"
TARGETS = ("threading", "asyncio.base_events")
SCOPE = "otelrun.instrumentation.exceptions"

THREAD_ID = "thread.id"
THREAD_NAME = "thread.name"

_ERROR, _FATAL = "ERROR", "FATAL"
_NOT_FAILURES = (SystemExit, KeyboardInterrupt, GeneratorExit)
_STARTS = ("__main__", "runpy")  # whose frame is the outermost of a program
_GUARD = guarded(NAME)  # one for all: it keeps nothing


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch whichever of the two modules is there, and have the end looked at."""
    threading = sys.modules.get("threading")
    if hasattr(threading, "_make_invoke_excepthook"):  # not while it is half imported
        ledger.wrap(threading, "_make_invoke_excepthook", lambda original: _make_invoke_excepthook(original, threading))
    loop = getattr(sys.modules.get("asyncio.base_events"), "BaseEventLoop", None)
    if loop is not None:
        ledger.wrap(loop, "call_exception_handler", _call_exception_handler)
    at_end.before_end(NAME, lambda: record_the_last() if ledger.is_applied else None)


def _make_invoke_excepthook(original: Callable[[], Any], threading: ModuleType | None) -> Callable[[], Any]:
    """Called for each thread object that is made; what it gives is the same code each time."""
    looks: list[CodeType] = []

    def _make_invoke_excepthook() -> Any:
        try:
            invoke = original()
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

        def invoke_excepthook(thread: Thread) -> None:
            with _GUARD:
                _record_of_thread(thread, threading)
            try:
                invoke(thread)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise

        with _GUARD:
            if not looks:
                resemble(invoke_excepthook, invoke)
                looks.append(invoke_excepthook.__code__)
            invoke_excepthook.__code__ = looks[0]
            invoke_excepthook.__module__, invoke_excepthook.__qualname__ = invoke.__module__, invoke.__qualname__
        return invoke_excepthook

    return _make_invoke_excepthook


def _record_of_thread(thread: Thread, threading: Any) -> None:
    error = sys.exc_info()[1]
    if error is None or isinstance(error, _NOT_FAILURES):
        return
    about = {THREAD_ID: thread.ident or threading.get_ident(), THREAD_NAME: thread.name}
    _emit(error, f"Exception in thread {thread.name}", _ERROR, about)


def _call_exception_handler(original: Callable[[Any, dict[str, Any]], None]) -> Callable[[Any, dict[str, Any]], None]:
    def call_exception_handler(self: Any, context: dict[str, Any]) -> None:
        token = None
        with _GUARD:
            token = _note_of_loop(self, context)
        try:
            original(self, context)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            if token is not None:
                with _GUARD:
                    detach(token)

    return call_exception_handler


def _note_of_loop(loop: Any, told: Mapping[str, Any]) -> Token[Context] | None:
    """Make a record of what a loop is told, or have the one that asyncio's own handler makes be in the task's context."""
    from otelrun.instrumentation import sources  # noqa: PLC0415 - not before the first failure

    error = told.get("exception")
    if not isinstance(error, BaseException) or isinstance(error, _NOT_FAILURES):
        return None
    context = _context_of(error) or _context_of_work(told)
    if getattr(loop, "_exception_handler", None) is None and sources.logs.is_logging_exported:
        return None if context is None else attach(context)
    _emit(error, str(told.get("message") or "Unhandled exception in event loop"), _ERROR, {}, context)
    return None


def _context_of_work(told: Mapping[str, Any]) -> Context | None:
    """Give the OpenTelemetry context of the task or callback that a loop is told of; None where there is none."""
    get_current = getattr(sys.modules.get("opentelemetry.context"), "get_current", None)
    if get_current is None:
        return None
    from contextvars import Context as Variables  # noqa: PLC0415 - loaded by asyncio
    from gc import get_referents  # noqa: PLC0415 - compiled in

    variables: Any = getattr(told.get("handle"), "_context", None)
    if variables is None:
        work = told.get("task") or told.get("future")
        variables = next(
            (held for held in get_referents(work) if type(held) is Variables), None
        )  # no method before 3.12
    found: Context | None = (
        None if variables is None else variables.copy().run(get_current)
    )  # it may be entered just now
    return found or None


def _context_of(error: BaseException) -> Context | None:
    """Give a context of the span that recorded an exception last, if that was this one."""
    from otelrun.instrumentation import sources  # noqa: PLC0415 - not before the first failure

    span_context = sources.failures.span_context_of(error)
    if span_context is None:
        return None
    from opentelemetry import trace  # noqa: PLC0415 - loaded by now

    return trace.set_span_in_context(trace.NonRecordingSpan(span_context))


def record_the_last() -> None:
    """Record what has ended the program, if an exception has: where the interpreter keeps it before it calls the hook."""
    error = getattr(sys, "last_value", None)
    traceback = getattr(sys, "last_traceback", None)
    if not isinstance(error, BaseException) or isinstance(error, _NOT_FAILURES):
        return
    outermost = getattr(traceback, "tb_frame", None)
    if outermost is None or outermost.f_back is not None or outermost.f_globals.get("__name__") not in _STARTS:
        return  # an interactive console, or a test runner, has put it there
    _emit(error, "Uncaught exception", _FATAL, {})


def _emit(
    error: BaseException, body: str, severity: str, about: Mapping[str, Any], context: Context | None = None
) -> None:
    from opentelemetry._logs import SeverityNumber  # noqa: PLC0415 - not before the first failure

    from otelrun.instrumentation import sources  # noqa: PLC0415 - not before the first failure
    from otelrun.instrumentation.failure import exception_attributes  # noqa: PLC0415 - not before the first failure

    logger = sources.get_logger(SCOPE)
    if not sources.takes_parts(logger):
        return
    logger.emit(
        context=context or _context_of(error),
        severity_number=SeverityNumber[severity],
        severity_text=severity,
        body=body,
        attributes={**about, **exception_attributes(error, error.__traceback__)},
    )
