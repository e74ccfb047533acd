"""The current OpenTelemetry context, for patches that carry it along. Never imports OpenTelemetry.

There can be a context only once the program, or an instrumentation that has something to record, has loaded the API.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context


def current_context() -> Context | None:
    """Give the current context, or None where it is empty or cannot exist."""
    get_current = getattr(sys.modules.get("opentelemetry.context"), "get_current", None)  # None too while half imported
    if get_current is None:
        return None
    with guarded("reading the current context"):  # the program's own API may be broken
        context: Context = get_current()
        return context or None
    return None


def attach(context: Context) -> Token[Context]:
    """Make ``context``, which came from ``current_context``, the current one."""
    token: Token[Context] = sys.modules["opentelemetry.context"].attach(context)
    return token


def detach(token: Token[Context]) -> None:
    """Restore what was current before ``attach`` gave ``token``, unless that was in another ``contextvars`` context.

    Not by the API's ``detach``: where the program has gone elsewhere in between, that logs an error on the program's handlers.
    """
    runtime = getattr(sys.modules["opentelemetry.context"], "_RUNTIME_CONTEXT", None)
    if runtime is None:
        sys.modules["opentelemetry.context"].detach(token)
        return
    try:  # noqa: SIM105 - contextlib is not loaded in the bare interpreter
        runtime.detach(token)
    except (ValueError, RuntimeError):
        pass
