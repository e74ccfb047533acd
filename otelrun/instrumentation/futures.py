"""``concurrent.futures``: what a thread pool runs, it runs in the OpenTelemetry context of ``submit``. No spans.

With it come ``map``, ``loop.run_in_executor`` and done callbacks called by the worker. The pool's work item carries the
context, so ``submit`` and the submitted function stay untouched. What the worker's thread was started in holds for the pool's
initializer, and for no job.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation.carried import begin, end, leave
from otelrun.instrumentation.current import current_context
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "futures"
TARGETS = ("concurrent.futures.thread",)
SCOPE = "otelrun.instrumentation.futures"

_CONTEXT = "_otel_context"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch the work item of ``ThreadPoolExecutor``."""
    from concurrent.futures import thread  # noqa: PLC0415 - loaded by the program

    work_item = getattr(thread, "_WorkItem", None)
    ledger.wrap(work_item, "__init__", _init)
    ledger.wrap(work_item, "run", _run)


def _init(original: Callable[..., None]) -> Callable[..., None]:
    """Called by ``submit``, in the thread that submits."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        try:
            original(self, *args, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        context = current_context()
        if context is not None:
            with guarded(NAME):
                self.__dict__[_CONTEXT] = context

    return __init__


def _run(original: Callable[..., None]) -> Callable[..., None]:
    """Called by the worker. It catches whatever the submitted function raises: tracebacks begin below this frame."""

    def run(self: Any, *args: Any) -> None:
        tokens = None
        context = self.__dict__.pop(_CONTEXT, None)
        with guarded(NAME):
            leave()
            if context is not None:
                tokens = begin(context)
        try:
            original(self, *args)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            del self  # as the original does: an exception must not keep its own future alive through a frame
            if tokens is not None:
                with guarded(NAME):
                    end(tokens)

    return run
