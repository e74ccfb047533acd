"""The contexts in which the items of queues were put: beside the items, which stay what they are.

For queues that keep their items in a sequence and change it only in ``_put`` and ``_get``, one caller at a time. What else
a program does to that sequence makes the contexts of what is in it unknown: then they are forgotten, and never mistaken.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded
from otelrun.instrumentation.carried import leave, take
from otelrun.instrumentation.current import current_context
from otelrun.instrumentation.links import as_link
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.side_table import SideTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextvars import ContextVar
    from typing import Any

    from opentelemetry.context import Context

    from otelrun.instrumentation.side_table import Entry

PARENT, LINK, NONE = "parent", "link", "none"
"""What the option ``context`` of an instrumentation can be; see ``queue``."""


class _Kept:
    """The contexts of all items of one queue, None for each that has none; nothing while none has one.

    Attributes:
        count: of how many items.
        by_item: id of an item → a context for each time that it is in the queue, in the order of putting.
    """

    __slots__ = ("by_item", "count")

    def __init__(self) -> None:
        self.count = 0
        self.by_item: dict[int, list[Context | None]] = {}

    def begin(self, items: Sequence[Any]) -> None:
        self.count = len(items)
        self.by_item = {}
        for item in items:
            self.by_item.setdefault(id(item), []).append(None)

    def forget(self) -> None:
        self.count = 0
        self.by_item = {}


class ItemContexts:
    """The contexts of the items of all queues of one module."""

    def __init__(self, name: str, attribute: str, choice: str) -> None:
        """Begin with no queue.

        Args:
            name: of the instrumentation.
            attribute: where a queue keeps its items.
            choice: ``PARENT`` or ``LINK``.
        """
        self._name = name
        self._attribute = attribute
        self._is_link = choice == LINK
        self._queues = SideTable(lambda _: None)
        self._taken: list[ContextVar[Context | None]] = []

    def wrap_put(self, original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """Give the replacement of a ``_put``."""
        note = self.note_put

        def _put(self: Any, item: Any) -> None:
            try:
                original(self, item)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise
            note(self, item)

        return _put

    def wrap_get(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Give the replacement of a ``_get``."""
        return self._wrap_get(original, 0)

    def wrap_get_of_last(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Give that of a queue of which the last is the first got, also of one object that is in it several times."""
        return self._wrap_get(original, -1)

    def _wrap_get(self, original: Callable[[Any], Any], place: int) -> Callable[[Any], Any]:
        note = self.note_got

        def _get(self: Any) -> Any:
            try:
                item = original(self)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise
            note(self, item, place)
            return item

        return _get

    def note_put(self, queue: Any, item: Any) -> None:
        """Keep the current context for an item that has just been put."""
        context = current_context()
        entry = self._queues.find(id(queue))
        if context is not None or (entry is not None and entry.value.count):
            with guarded(self._name):
                self._keep(queue, entry, item, context)

    def note_got(self, queue: Any, item: Any, place: int = 0) -> None:
        """Have the context of an item, which has just been got, at hand for ``after``.

        Args:
            queue: the queue.
            item: the item.
            place: which of the contexts is the one, where the item is in the queue several times: 0 or -1.
        """
        entry = self._queues.find(id(queue))
        if entry is not None and entry.value.count:
            with guarded(self._name):
                self._hand_out(queue, entry.value, item, place)

    def before(self) -> None:
        """Prepare for a get: the consumer is done with its last item."""
        try:
            leave()
            if self._taken and self._taken[0].get() is not None:
                self._taken[0].set(None)  # got by who does not work on it, as ``shutdown`` does
        except Exception:
            with guarded(self._name):
                raise

    def after(self) -> None:
        """Have the consumer work in the context of the item it has just got."""
        if self._taken:
            with guarded(self._name):
                context = self._taken[0].get()
                if context is not None:
                    self._taken[0].set(None)
                    take(as_link(context) if self._is_link else context)

    def _keep(self, queue: Any, entry: Entry | None, item: Any, context: Context | None) -> None:
        items = getattr(queue, self._attribute)
        if entry is None:
            kept = _Kept()
            self._queues.set(queue, kept)
        else:
            kept = entry.value
        if kept.count == len(items) - 1:
            kept.count += 1
            kept.by_item.setdefault(id(item), []).append(context)
        elif context is None:
            kept.forget()
        else:
            kept.begin(items)
            kept.by_item[id(item)][-1] = context

    def _hand_out(self, queue: Any, kept: _Kept, item: Any, place: int) -> None:
        kept.count -= 1
        contexts = kept.by_item.get(id(item))
        if not contexts or kept.count != len(getattr(queue, self._attribute)):
            kept.forget()
            return
        context = contexts.pop(place)
        if not contexts:
            del kept.by_item[id(item)]
        if context is not None:
            if not self._taken:
                self._taken.append(sys.modules["contextvars"].ContextVar("otelrun_taken", default=None))
            self._taken[0].set(context)
