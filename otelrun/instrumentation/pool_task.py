"""The task that this process is at, as a worker of a pool of processes: it runs in the context of the code that submitted it.

Between tasks a worker has no context: neither that of the code that happened to start it, nor that of its last task.
"""

from __future__ import annotations

from otelrun.instrumentation.current import detach, switch_to
from otelrun.instrumentation.start_context import extract, outgoing, start_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token
    from typing import Any

    from opentelemetry.context import Context


def submitted() -> dict[str, str]:
    """Give the variables that carry the submitter's context to the worker."""
    return {name: value for name, value in outgoing().items() if value is not None}


class Task:
    """The one of this process."""

    __slots__ = ("_context", "_token", "_variables")

    def __init__(self) -> None:
        """Be at none."""
        self._token: Token[Any] | None = None
        self._variables: Mapping[str, str] = {}
        self._context: Context | None = None

    def begin(self, variables: Mapping[str, str]) -> None:
        """Make the context of a task the current one."""
        if variables != self._variables:  # those of a ``map`` are all the same
            self._context = extract(variables) if variables else None
            self._variables = variables
        self._token = switch_to(self._context)

    def end(self) -> None:
        """End the task, if there is one."""
        if start_context.is_given:
            start_context.forget()
        token, self._token = self._token, None
        if token is not None:
            detach(token)


task = Task()
"""Of this process; a worker does one after the other, in its main thread."""
