"""``asyncio``: a task that is started in a request counts as given the context it starts in, as a thread does. No spans.

``contextvars`` carry the context itself. Event loops that do not derive from ``BaseEventLoop`` (uvloop) are not covered: there a
consumer that is started in a request stays in its context.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation.carried import mark_as_given
from otelrun.instrumentation.current import current_context
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "asyncio_queue"
TARGETS = ("asyncio.base_events",)
SCOPE = "otelrun.instrumentation.asyncio_queue"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch ``BaseEventLoop.create_task``."""
    from asyncio.base_events import BaseEventLoop  # noqa: PLC0415 - loaded by the program

    ledger.wrap(BaseEventLoop, "create_task", _create_task)


def _create_task(original: Callable[..., Task[Any]]) -> Callable[..., Task[Any]]:
    def create_task(self: AbstractEventLoop, coro: Any, **kwargs: Any) -> Task[Any]:
        context = current_context()
        marked = None
        if context is not None and kwargs.get("context") is None:
            with guarded(NAME):
                marked = mark_as_given(context)
        try:
            return original(self, coro, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        finally:
            if marked is not None:
                variable, token = marked
                variable.reset(token)

    return create_task
