"""``multiprocessing.Pool``: what a worker process runs, it runs in the context of ``apply``, ``map``, ``imap`` and their like.

The context follows the pickled task, in the same message: ``pickle`` ignores what comes after the end of a pickle, so that a
worker that is not observed reads the task as it is. Callbacks have the context of the call, too. The reading side is
``multiprocessing_queues``.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation import pool_message
from otelrun.instrumentation.current import current_context, detach, switch_to
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.pool_task import submitted
from otelrun.instrumentation.side_table import SideTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "multiprocessing"
TARGETS = ("multiprocessing.pool",)
SCOPE = "otelrun.instrumentation.multiprocessing"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch the pool's results, which are made by the code that submits, and its sending of tasks."""
    from multiprocessing import pool  # noqa: PLC0415 - loaded by the program

    submissions = SideTable(lambda _: None)
    ledger.wrap(pool.ApplyResult, "__init__", lambda original: _init_result(original, submissions))
    ledger.wrap(pool.IMapIterator, "__init__", lambda original: _init_iterator(original, submissions))
    ledger.wrap(pool.ApplyResult, "_set", lambda original: _set(original, submissions))
    ledger.wrap(pool.MapResult, "_set", lambda original: _set_part(original, submissions))
    ledger.wrap(pool.Pool, "_handle_tasks", lambda original: _handle_tasks(original, submissions))


def _note(result: Any, submissions: SideTable) -> None:
    with guarded(NAME):
        context, variables = current_context(), submitted()
        if context is not None or variables:
            submissions.set(result, (context, pool_message.trailer(variables) if variables else b""))


def _init_result(original: Callable[..., None], submissions: SideTable) -> Callable[..., None]:
    def __init__(self: Any, pool: Any, callback: Any, error_callback: Any) -> None:  # noqa: N807 - its name
        _note(self, submissions)
        try:
            original(self, pool, callback, error_callback)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return __init__


def _init_iterator(original: Callable[..., None], submissions: SideTable) -> Callable[..., None]:
    def __init__(self: Any, pool: Any) -> None:  # noqa: N807 - its name
        _note(self, submissions)
        try:
            original(self, pool)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return __init__


def _switch(result: Any, submissions: SideTable) -> Any:
    with guarded(NAME):
        entry = submissions.find(id(result))
        return switch_to(None if entry is None else entry.value[0])
    return None


def _leave(token: Any) -> None:
    if token is not None:
        with guarded(NAME):
            detach(token)


def _set(original: Callable[..., None], submissions: SideTable) -> Callable[..., None]:
    """Called by the pool's thread; it calls the callbacks."""

    def _set(self: Any, i: Any, obj: Any) -> None:
        token = _switch(self, submissions)
        try:
            original(self, i, obj)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            _leave(token)

    return _set


def _set_part(original: Callable[..., None], submissions: SideTable) -> Callable[..., None]:
    """The same, of a ``map``."""

    def _set(self: Any, i: Any, success_result: Any) -> None:
        token = _switch(self, submissions)
        try:
            original(self, i, success_result)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            _leave(token)

    return _set


def _handle_tasks(original: Callable[..., None], submissions: SideTable) -> Callable[..., None]:
    """The pool's thread that sends the tasks; ``put`` is the method of a connection, or of a queue to threads."""

    def _handle_tasks(taskqueue: Any, put: Any, outqueue: Any, pool: Any, cache: Any) -> None:
        send_bytes = getattr(getattr(put, "__self__", None), "send_bytes", None)

        def send(task: Any) -> None:
            message = None
            with guarded(NAME):
                result = cache.get(task[0]) if task is not None else None
                entry = submissions.find(id(result))
                if entry is not None and entry.value[1]:
                    message = pool_message.write(task, entry.value[1])
            try:
                if message is None or send_bytes is None:
                    put(task)
                else:
                    send_bytes(message)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise

        try:
            original(taskqueue, put if send_bytes is None else send, outqueue, pool, cache)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return _handle_tasks
