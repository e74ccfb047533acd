"""``asyncio.Queue``: who gets an item works in the context in which it was put, until the next ``get``. No spans.

As ``queue``, for tasks; see ``asyncio_tasks`` for those that are started in a request.

Option ``context``: as of ``queue``.
"""

from __future__ import annotations

from otelrun.instrumentation.item_contexts import NONE, PARENT, ItemContexts
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Queue
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "asyncio_queue"
TARGETS = ("asyncio.queues",)
SCOPE = "otelrun.instrumentation.asyncio_queue"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch ``Queue`` and its two subclasses."""
    from asyncio import queues  # noqa: PLC0415 - loaded by the program

    choice = options.get("context") or PARENT
    if choice == NONE:
        return
    contexts = ItemContexts(NAME, "_queue", choice)
    for kind in (queues.Queue, queues.LifoQueue):
        wrap_get = contexts.wrap_get_of_last if kind is queues.LifoQueue else contexts.wrap_get
        ledger.wrap(kind, "_put", contexts.wrap_put)
        ledger.wrap(kind, "_get", wrap_get)
    ledger.wrap(queues.PriorityQueue, "_put", lambda original: _put_by_priority(original, contexts))
    ledger.wrap(queues.PriorityQueue, "_get", lambda original: _get_by_priority(original, contexts))
    ledger.wrap(queues.Queue, "get", lambda original: _get(original, contexts))
    ledger.wrap(queues.Queue, "get_nowait", lambda original: _get_nowait(original, contexts))
    ledger.wrap(queues.Queue, "task_done", lambda original: _task_done(original, contexts))


def _put_by_priority(original: Callable[..., None], contexts: ItemContexts) -> Callable[..., None]:
    note = contexts.note_put

    def _put(self: Any, item: Any, heappush: Any = None) -> None:
        try:
            original(self, item, heappush)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        note(self, item)

    return _put


def _get_by_priority(original: Callable[..., Any], contexts: ItemContexts) -> Callable[..., Any]:
    note = contexts.note_got

    def _get(self: Any, heappop: Any = None) -> Any:
        try:
            item = original(self, heappop)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        note(self, item)
        return item

    return _get


def _get(
    original: Callable[[Any], Coroutine[Any, Any, Any]], contexts: ItemContexts
) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    """Leave before it waits; what it gets, it gets by ``get_nowait``."""
    before = contexts.before

    async def get(self: Queue[Any]) -> Any:
        before()
        try:
            return await original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return get


def _get_nowait(original: Callable[[Any], Any], contexts: ItemContexts) -> Callable[[Any], Any]:
    before, after = contexts.before, contexts.after

    def get_nowait(self: Queue[Any]) -> Any:
        before()
        try:
            item = original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        after()
        return item

    return get_nowait


def _task_done(original: Callable[[Any], None], contexts: ItemContexts) -> Callable[[Any], None]:
    before = contexts.before

    def task_done(self: Queue[Any]) -> None:
        before()
        try:
            original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return task_done
