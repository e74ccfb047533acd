"""``ProcessPoolExecutor``: what a worker process runs, it runs in the OpenTelemetry context of ``submit``. No spans.

The work item carries the context; the item that goes to the worker has it as text, in an attribute more, which a worker that is
not observed does not look at. Done callbacks, which the executor's own thread calls, have the context of ``submit``, too.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation.current import current_context, detach, switch_to
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.pool_task import submitted, task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "futures"
TARGETS = ("concurrent.futures.process",)
SCOPE = "otelrun.instrumentation.futures"

_CONTEXT = "_otel_context"
_VARIABLES = "_otel_variables"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch the items of ``ProcessPoolExecutor``, and the queue through which they reach the workers."""
    from concurrent.futures import process  # noqa: PLC0415 - loaded by the program

    queue = getattr(process, "_SafeQueue", None)
    ledger.wrap(getattr(process, "_WorkItem", None), "__init__", _init)
    ledger.wrap(queue, "put", _put)
    ledger.wrap(queue, "get", _get)
    ledger.wrap(getattr(process, "_ExecutorManagerThread", None), "process_result_item", _process_result_item)


def _init(original: Callable[..., None]) -> Callable[..., None]:
    """Called by ``submit``."""

    def __init__(self: Any, future: Any, fn: Any, args: Any, kwargs: Any) -> None:  # noqa: N807 - its name
        try:
            original(self, future, fn, args, kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        with guarded(NAME):
            variables = submitted()
            if variables:
                self.__dict__[_VARIABLES] = variables
            context = current_context()
            if context is not None:
                self.__dict__[_CONTEXT] = context

    return __init__


def _put(original: Callable[..., None]) -> Callable[..., None]:
    """Called by the executor's thread, with what is pickled for the worker afterwards."""

    def put(self: Any, obj: Any, block: bool = True, timeout: float | None = None) -> None:
        with guarded(NAME):
            item = self.pending_work_items.get(getattr(obj, "work_id", None))
            variables = None if item is None else item.__dict__.get(_VARIABLES)
            if variables is not None:
                obj.__dict__[_VARIABLES] = variables
        try:
            original(self, obj, block, timeout)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return put


def _get(original: Callable[..., Any]) -> Callable[..., Any]:
    """Called by the worker, between two tasks."""

    def get(self: Any, block: bool = True, timeout: float | None = None) -> Any:
        with guarded(NAME):
            task.end()
        try:
            item = original(self, block, timeout)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        with guarded(NAME):
            if item is not None:
                task.begin(item.__dict__.pop(_VARIABLES, {}))
        return item

    return get


def _process_result_item(original: Callable[..., None]) -> Callable[..., None]:
    """Called by the executor's thread; it calls done callbacks."""

    def process_result_item(self: Any, result_item: Any) -> None:
        token = None
        with guarded(NAME):
            item = self.pending_work_items.get(getattr(result_item, "work_id", None))
            if item is not None:
                token = switch_to(item.__dict__.get(_CONTEXT))
                del item
        try:
            original(self, result_item)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            if token is not None:
                with guarded(NAME):
                    detach(token)

    return process_result_item
