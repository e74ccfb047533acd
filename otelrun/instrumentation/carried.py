"""What a thread or a task was given to work in: by whoever started it, or with an item that it got. Never imports OpenTelemetry.

What was given is left, or replaced by what comes with the next item; what the thread or task has made current itself is not.
So a consumer that was started in a request is not bound to that request for ever, and a request that waits for an answer in a
queue stays in its own span.
"""

from __future__ import annotations

import sys

from otelrun.instrumentation.current import attach, current_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar, Token

    from opentelemetry.context import Context

_variables: list[ContextVar[Context | None]] = []


def _given() -> ContextVar[Context | None]:
    """Give the variable that holds what was given; made when there is first a context, since it loads ``contextvars``."""
    if not _variables:
        from contextvars import ContextVar  # noqa: PLC0415 - loaded by OpenTelemetry

        _variables.append(ContextVar("otelrun_given", default=None))
    return _variables[0]


def give(context: Context) -> None:
    """Make ``context`` the current one, as given: in a new thread, or in a ``contextvars`` context made for one."""
    attach(context)
    _given().set(context)


def mark_as_given(context: Context) -> tuple[ContextVar[Context | None], Token[Context | None]]:
    """Have what is made from here, a task, find ``context`` given; the caller resets the variable by the token."""
    variable = _given()
    return variable, variable.set(context)


def take(context: Context) -> None:
    """Make ``context`` the current one, as given, unless something is current."""
    if current_context() is None:
        give(context)


def leave() -> None:
    """Make nothing current where what is current was given."""
    context = current_context()
    if context is not None and _variables and _variables[0].get() is context:
        attach(sys.modules["opentelemetry.context"].Context())
        _variables[0].set(None)
