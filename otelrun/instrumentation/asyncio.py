"""``asyncio``: spans for the tasks whose coroutines the profile names; nothing is patched that no option asks for.

``contextvars`` already take the context along into tasks, ``gather``, ``TaskGroup``, callbacks and ``to_thread``, and
``futures`` takes it into ``run_in_executor``. The coroutine itself is never wrapped.

Option ``task_spans``: a list of globs over coroutines' qualified names, such as ``["refresh_*", "Worker.run"]``. Options
``loop_lag`` and ``slow_callback_ms``: see ``asyncio_loop``.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation import sources
from otelrun.instrumentation.failure import record_failure
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, Task
    from collections.abc import Callable, Mapping
    from contextvars import Context, Token
    from typing import Any

    from opentelemetry.trace import Span

    from otelrun.instrumentation.patching import Ledger

NAME = "asyncio"
TARGETS = ("asyncio.base_events",)
SCOPE = "otelrun.instrumentation.asyncio"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:
    """Patch ``BaseEventLoop.create_task`` if the options name coroutines, and the loop if they ask how it fares."""
    if options.get("loop_lag") or options.get("slow_callback_ms"):
        from otelrun.instrumentation import asyncio_loop  # noqa: PLC0415 - for those who ask

        asyncio_loop.apply(ledger, options)
    globs = options.get("task_spans") or ()
    if isinstance(globs, str):
        globs = (globs,)
    if not globs:
        return
    import re  # noqa: PLC0415 - asyncio has loaded both
    from asyncio.base_events import BaseEventLoop  # noqa: PLC0415
    from fnmatch import translate  # noqa: PLC0415

    is_wanted = re.compile("|".join(map(translate, globs))).match
    ledger.wrap(BaseEventLoop, "create_task", lambda original: _create_task(original, is_wanted))


def _create_task(original: Callable[..., Task[Any]], is_wanted: Callable[[str], object]) -> Callable[..., Task[Any]]:
    def create_task(self: AbstractEventLoop, coro: Any, **kwargs: Any) -> Task[Any]:
        begun = None
        with guarded(NAME):
            name = getattr(coro, "__qualname__", "")
            if name and is_wanted(name):
                begun = _TaskSpan(name, kwargs.get("context"))
        try:
            if begun is None or begun.is_shared:
                task = original(self, coro, **kwargs)
            else:
                task = begun.variables.run(original, self, coro, **kwargs)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            if begun is not None:
                with guarded(NAME):
                    begun.end(error)
            raise
        if begun is not None:
            with guarded(NAME):
                task.add_done_callback(begun.finish, context=begun.variables)
        return task

    return create_task


class _TaskSpan:
    """One task's span, current in the task.

    Attributes:
        variables: the ``contextvars`` context in which the span is current: the one the program gave to the task, or a
            copy of the current one, of which the task makes its own copy.
        is_shared: the program gave it.
    """

    __slots__ = ("_span", "_token", "is_shared", "variables")

    def __init__(self, name: str, variables: Context | None) -> None:
        from contextvars import copy_context  # noqa: PLC0415 - loaded by asyncio

        self.is_shared = variables is not None
        self.variables = copy_context() if variables is None else variables
        self._span: Span
        self._token: Token[Any]
        self.variables.run(self._begin, name)

    def _begin(self, name: str) -> None:
        from opentelemetry import context, trace  # noqa: PLC0415 - not before the first span

        self._span = sources.get_tracer(SCOPE).start_span(name)
        self._token = context.attach(trace.set_span_in_context(self._span))

    def finish(self, task: Future[Any]) -> None:
        """End with the task; reads its exception without marking it as retrieved."""
        self._end(getattr(task, "_exception", None))

    def end(self, error: BaseException) -> None:
        """End where no task came to be."""
        self.variables.run(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        with guarded(NAME):
            if self.is_shared:
                from opentelemetry import context  # noqa: PLC0415 - loaded by now

                context.detach(self._token)
            if error is not None:
                record_failure(self._span, error)
            self._span.end()
