"""``queue``: who gets an item works in the context in which it was put, until the next ``get`` or ``task_done``. No spans.

For ``Queue``, ``LifoQueue``, ``PriorityQueue`` and their subclasses; ``SimpleQueue`` is compiled and cannot be patched. Only a
consumer that is in no span of its own takes over: see ``carried``.

Option ``context``: ``parent``; ``link``: root spans with a link to the context of the item; ``none``: nothing is carried.
"""

from __future__ import annotations

from otelrun.instrumentation.item_contexts import NONE, PARENT, ItemContexts
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from queue import Queue
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "queue"
TARGETS = ("queue",)
SCOPE = "otelrun.instrumentation.queue"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch ``Queue`` and its two subclasses."""
    import queue  # noqa: PLC0415 - loaded by the program

    choice = options.get("context") or PARENT
    if choice == NONE:
        return
    contexts = ItemContexts(NAME, "queue", choice)
    for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
        wrap_get = contexts.wrap_get_of_last if kind is queue.LifoQueue else contexts.wrap_get
        ledger.wrap(kind, "_put", contexts.wrap_put)
        ledger.wrap(kind, "_get", wrap_get)
    ledger.wrap(queue.Queue, "get", lambda original: _get(original, contexts))
    ledger.wrap(queue.Queue, "task_done", lambda original: _task_done(original, contexts))


def _get(original: Callable[..., Any], contexts: ItemContexts) -> Callable[..., Any]:
    before, after = contexts.before, contexts.after

    def get(self: Queue[Any], block: bool = True, timeout: float | None = None) -> Any:
        before()
        try:
            item = original(self, block, timeout)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        after()
        return item

    return get


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
