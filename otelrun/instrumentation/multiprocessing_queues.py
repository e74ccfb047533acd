"""``multiprocessing.Pool``, the worker's side: a task that comes in is begun in the context that came with it."""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded
from otelrun.instrumentation import pool_message
from otelrun.instrumentation.patching import without_frame
from otelrun.instrumentation.pool_task import task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from otelrun.instrumentation.patching import Ledger

NAME = "pools"
TARGETS = ("multiprocessing.queues",)
SCOPE = "otelrun.instrumentation.pools"


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch the queue from which workers take their tasks."""
    from multiprocessing.queues import SimpleQueue  # noqa: PLC0415 - loaded by the program

    received = Received()
    ledger.wrap(SimpleQueue, "get", lambda original: _get(original, received))


class Received:
    """What came with the last message."""

    __slots__ = ("variables",)

    def __init__(self) -> None:
        """Nothing yet."""
        self.variables: dict[str, str] = {}

    def watch(self, reader: Any) -> None:
        """Look at the messages of a pool's own pipe before they are unpickled, and lose what follows a pickle."""
        if "recv_bytes" in reader.__dict__:
            return
        original = reader.recv_bytes

        def recv_bytes(*args: Any) -> bytes:
            try:
                message: bytes = original(*args)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise
            with guarded(NAME):
                self.variables = pool_message.read(message)
            return message

        reader.recv_bytes = recv_bytes


def _get(original: Callable[..., Any], received: Received) -> Callable[..., Any]:
    def get(self: Any) -> Any:
        is_worker = False
        with guarded(NAME):
            caller = sys._getframe(1)
            is_worker = caller.f_code.co_name == "worker" and caller.f_globals.get("__name__") == "multiprocessing.pool"
            del caller
            if is_worker:
                task.end()
                received.watch(self._reader)
        try:
            item = original(self)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        if is_worker and item is not None:
            with guarded(NAME):
                task.begin(received.variables)
        return item

    return get
