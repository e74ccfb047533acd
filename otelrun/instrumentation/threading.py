"""``threading``: a thread starts in the OpenTelemetry context of the code that started it. No spans, no frames.

The context waits in a table from ``start`` until the new thread names itself, before its ``run``; nothing of it stays on
the thread object. Subclasses that override ``run``, and ``Timer``, are threads like any other.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded
from otelrun.instrumentation.current import attach, current_context
from otelrun.instrumentation.patching import without_frame

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
    """Patch ``Thread``."""
    from threading import Thread  # noqa: PLC0415 - loaded by the program

    starting: dict[int, Context] = {}
    ledger.wrap(Thread, "start", lambda original: _start(original, starting))
    if sys.version_info < (3, 14):
        ledger.wrap(Thread, "_set_ident", lambda original: _set_ident(original, starting))


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
                attach(context)

    return _set_ident


def _prepare(thread: Any, context: Context) -> None:
    """Give the thread a ``contextvars`` context of its own, unless it has one: from 3.14 on ``run`` runs in that."""
    from contextvars import Context as Variables  # noqa: PLC0415 - loaded by threading itself from 3.14 on

    if thread._context is None and not getattr(sys.flags, "thread_inherit_context", False):
        thread._context = variables = Variables()
        variables.run(attach, context)
