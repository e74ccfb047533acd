"""``threading``: a thread starts in the OpenTelemetry context of the code that started it. No spans, no frames.

The context waits in a table from ``start`` until the new thread names itself, before its ``run``; nothing of it stays on
the thread object. Subclasses that override ``run``, and ``Timer``, are threads like any other; so is what
``_thread.start_new_thread`` starts. The context counts as given: see ``carried``.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded
from otelrun.instrumentation.carried import give
from otelrun.instrumentation.current import current_context
from otelrun.instrumentation.patching import is_compiled, without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Thread
    from typing import Any

    from opentelemetry.context import Context

    from otelrun.instrumentation.patching import Ledger

NAME = "threading"
TARGETS = ("threading",)
SCOPE = "otelrun.instrumentation.threading"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch ``Thread`` and what it is built on."""
    import _thread  # noqa: PLC0415 - whose function ``lifecycle.native`` holds, for otelrun's own threads
    from threading import Thread  # noqa: PLC0415 - loaded by the program

    starting: dict[int, Context] = {}
    ledger.wrap(Thread, "start", lambda original: _start(original, starting))
    if sys.version_info < (3, 14):
        ledger.wrap(Thread, "_set_ident", lambda original: _set_ident(original, starting))
    if is_compiled(_thread.start_new_thread):  # not what replaces threads by greenlets
        ledger.wrap(_thread, "start_new_thread", _start_new_thread)


def _start(original: Callable[[Thread], None], starting: dict[int, Context]) -> Callable[[Thread], None]:
    def start(self: Thread) -> None:
        context = current_context()
        if context is not None:
            with guarded(NAME):
                if sys.version_info >= (3, 14):
                    _prepare(self, context)
                else:
                    starting[id(self)] = context
        try:
            original(self)
        except BaseException as error:
            starting.pop(id(self), None)
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return start


def _set_ident(original: Callable[[Thread], None], starting: dict[int, Context]) -> Callable[[Thread], None]:
    """Called first thing in the new thread: what is attached here ends with the thread, so nothing detaches it."""

    def _set_ident(self: Thread) -> None:
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        context = starting.pop(id(self), None)
        if context is not None:
            with guarded(NAME):
                give(context)

    return _set_ident


def _prepare(thread: Any, context: Context) -> None:
    """Give the thread a ``contextvars`` context of its own, unless it has one: from 3.14 on ``run`` runs in that."""
    from contextvars import Context as Variables  # noqa: PLC0415 - loaded by threading itself from 3.14 on

    if thread._context is None and not getattr(sys.flags, "thread_inherit_context", False):
        thread._context = variables = Variables()
        variables.run(give, context)


def _start_new_thread(original: Callable[..., int]) -> Callable[..., int]:
    """``Thread`` has taken the original when it was imported, and does not come here."""
    from functools import partial  # noqa: PLC0415 - loaded by threading

    class Started(partial):  # type: ignore[type-arg] # of any function
        """Runs a function in ``contextvars`` of its own. Compiled, so that no frame stands on the new thread's stack."""

        __slots__ = ()

        def __repr__(self) -> str:
            return repr(self.args[0])  # as "Exception ignored in thread started by" is to name it

    def start_new_thread(*args: Any) -> int:
        context = current_context()
        if context is not None and args and callable(args[0]):
            with guarded(NAME):
                from contextvars import Context as Variables  # noqa: PLC0415 - loaded by OpenTelemetry

                variables = Variables()
                variables.run(give, context)
                args = Started(variables.run, args[0]), *args[1:]
        try:
            return original(*args)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return start_new_thread
