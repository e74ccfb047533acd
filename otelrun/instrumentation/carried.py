"""What a thread or a task was given to work in: by whoever started it, or with an item that it got. Never imports OpenTelemetry.

What was given is left, or replaced by what comes with the next item; what the thread or task has made current itself is not.
So a consumer that was started in a request is not bound to that request for ever, and a request that waits for an answer in a
queue stays in its own span.
"""

from __future__ import annotations

import sys

from otelrun.instrumentation.current import attach, current_context, detach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar, Token

    from opentelemetry.context import Context

    _Given = tuple[Context, bool]  # and whether by the start
    _Variable = ContextVar[_Given | None]

_variables: list[_Variable] = []


def _given() -> _Variable:
    """Give the variable that holds what was given; made when there is first a context, since it loads ``contextvars``."""
    if not _variables:
        from contextvars import ContextVar  # noqa: PLC0415 - loaded by OpenTelemetry

        _variables.append(ContextVar("otelrun_given", default=None))
    return _variables[0]


def give(context: Context) -> None:
    """Make ``context`` the current one, as given by the start: in a new thread, or in a ``contextvars`` context made for one."""
    attach(context)
    _given().set((context, True))


def mark_as_given(context: Context) -> tuple[_Variable, Token[_Given | None]]:
    """Have what is started from here, a task, find ``context`` given; the caller resets the variable by the token."""
    variable = _given()
    return variable, variable.set((context, True))


def begin(context: Context) -> tuple[Token[Context], Token[_Given | None]]:
    """Make ``context`` the current one, as given with a job, until ``end`` is called with what this gives."""
    return attach(context), _given().set((context, False))


def end(tokens: tuple[Token[Context], Token[_Given | None]]) -> None:
    """Restore what was before ``begin``."""
    attached, given = tokens
    detach(attached)
    _given().reset(given)


def take(context: Context) -> None:
    """Make ``context`` the current one, as given with an item, unless something is current."""
    if current_context() is None:
        attach(context)
        _given().set((context, False))


def leave() -> None:
    """Make nothing current where what is current was given."""
    if not _variables:
        return
    given = _variables[0].get()
    if given is not None and given[0] is current_context():
        attach(sys.modules["opentelemetry.context"].Context())
        _variables[0].set(None)


def is_started_in(context: Context) -> bool:
    """Say whether this thread or task was given ``context`` by its start."""
    given = _variables[0].get() if _variables else None
    return given is not None and given[1] and given[0] is context
