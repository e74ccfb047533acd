"""``sched``: an action runs in the OpenTelemetry context in which it was entered. No spans.

``run`` is given a view of its scheduler that sees, as the lock is let go, which event was taken out. The event and its action
stay what they are.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation.carried import leave
from otelrun.instrumentation.current import attach, current_context, detach
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.side_table import SideTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from sched import Event, scheduler
    from typing import Any

    from opentelemetry.context import Context

    from otelrun.instrumentation.patching import Ledger

NAME = "sched"
TARGETS = ("sched",)
SCOPE = "otelrun.instrumentation.sched"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch ``scheduler``."""
    from sched import scheduler  # noqa: PLC0415 - loaded by the program

    schedulers = SideTable(lambda _: None)  # each: sequence number of an event → context
    ledger.wrap(scheduler, "enterabs", lambda original: _enterabs(original, schedulers))
    ledger.wrap(scheduler, "run", lambda original: _run(original, schedulers))


def _enterabs(original: Callable[..., Event], schedulers: SideTable) -> Callable[..., Event]:
    def enterabs(self: Any, time: Any, priority: Any, action: Any, argument: Any = (), kwargs: Any = None) -> Event:
        context = current_context()
        lock = None if context is None else getattr(self, "_lock", None)
        try:
            if context is None or lock is None:
                return original(self, time, priority, action, argument, kwargs)
            with lock:  # which the same thread takes again: no other one runs the event before its context is kept
                event = original(self, time, priority, action, argument, kwargs)
                with guarded(NAME):
                    _keep(schedulers, self, event, context)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        return event

    return enterabs


def _keep(schedulers: SideTable, scheduler: Any, event: Event, context: Context) -> None:
    entry = schedulers.find(id(scheduler))
    contexts: dict[int, Context] = {} if entry is None else entry.value
    if entry is None:
        schedulers.set(scheduler, contexts)
    contexts[event.sequence] = context
    if len(contexts) > 2 * len(scheduler._queue):  # others were cancelled
        waiting = {each.sequence for each in scheduler._queue}
        for sequence in contexts.keys() - waiting:
            del contexts[sequence]


def _run(original: Callable[..., Any], schedulers: SideTable) -> Callable[..., Any]:
    def run(self: scheduler, blocking: bool = True) -> Any:
        view = _View(self, schedulers)
        try:
            return original(view, blocking)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            view._lock.end()

    return run


class _View:
    """A scheduler as ``run`` sees it: with another lock."""

    __slots__ = ("_lock", "_scheduler")

    def __init__(self, scheduler: Any, schedulers: SideTable) -> None:
        self._scheduler = scheduler
        self._lock = _Lock(scheduler, schedulers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scheduler, name)


class _Lock:
    """The lock of a scheduler, for one ``run``. The event that is gone when it is let go is the one whose action is next."""

    __slots__ = ("_first", "_lock", "_queue", "_schedulers", "_self", "_token")

    def __init__(self, scheduler: Any, schedulers: SideTable) -> None:
        self._self = scheduler
        self._lock = scheduler._lock
        self._queue = scheduler._queue
        self._schedulers = schedulers
        self._first: Any = None
        self._token: Any = None

    def __enter__(self) -> None:
        self.end()
        self._lock.__enter__()
        queue = self._queue
        self._first = queue[0] if queue else None

    def __exit__(self, *about: object) -> None:
        first, queue, self._first = self._first, self._queue, None
        try:
            if first is not None and (not queue or queue[0] is not first):
                with guarded(NAME):
                    self._begin(first)
        finally:
            self._lock.__exit__(*about)

    def _begin(self, event: Event) -> None:
        entry = self._schedulers.find(id(self._self))
        context = None if entry is None else entry.value.pop(event.sequence, None)
        leave()
        if context is not None:
            self._token = attach(context)

    def end(self) -> None:
        """Restore what was current before the last action."""
        token, self._token = self._token, None
        if token is not None:
            with guarded(NAME):
                detach(token)
