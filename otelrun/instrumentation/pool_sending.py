"""``multiprocessing.Pool``: a task goes to a worker process together with the context of ``apply``, ``map``, and their like.

The context follows the pickled task, in the same message: ``pickle`` ignores what comes after the end of a pickle, so that a
worker that is not observed reads the task as it is. The reading side is ``multiprocessing_queues``; both belong to ``pools``.
"""

from __future__ import annotations

from otelrun.diagnostics import guarded
from otelrun.instrumentation import pool_message
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.start_context import outgoing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from opentelemetry.context import Context

NAME = "pools"


class Trailers:
    """What follows tasks of a pool; one for each context, which the tasks of a ``map`` share."""

    __slots__ = ("_contexts", "_last", "_trailer")

    def __init__(self, contexts: Mapping[int, Context]) -> None:
        """Take the contexts, by the number of the job."""
        self._contexts = contexts
        self._last: Context | None = None
        self._trailer = b""

    def find(self, number: int) -> bytes:
        """Give what follows a task of a job; empty where nothing does."""
        context = self._contexts.get(number)
        if context is None or context is not self._last:
            variables = {name: value for name, value in outgoing(context).items() if value is not None}
            self._trailer = pool_message.trailer(variables) if variables else b""
            self._last = context
        return self._trailer


def handle_tasks(original: Callable[..., None], contexts: Mapping[int, Context]) -> Callable[..., None]:
    """The pool's thread that sends the tasks; ``put`` is the method of a connection, or of a queue to threads."""

    def _handle_tasks(taskqueue: Any, put: Any, outqueue: Any, pool: Any, cache: Any) -> None:
        send_bytes = getattr(getattr(put, "__self__", None), "send_bytes", None)
        trailers = Trailers(contexts)

        def send(task: Any) -> None:
            message = None
            if task is not None and send_bytes is not None:
                with guarded(NAME):
                    trailer = trailers.find(task[0])
                    message = pool_message.write(task, trailer) if trailer else None
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
