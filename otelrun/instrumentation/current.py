"""The current OpenTelemetry context, for patches that carry it along. Never imports OpenTelemetry.

There can be a context only once the program, or an instrumentation that has something to record, has loaded the API.
"""

from __future__ import annotations

import sys

from otelrun.diagnostics import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from typing import Any

    from opentelemetry.context import Context


def current_context() -> Context | None:
    """Give the current context, or None where it is empty or cannot exist."""
    api: Any = sys.modules.get("opentelemetry.context")
    if api is None:
        return None
    try:
        context: Context = api._RUNTIME_CONTEXT._current_context.get()  # as the API does, in a tenth of the time
    except Exception:  # noqa: BLE001 - another version or runtime context, or one that is broken
        return _asked(api)
    return context or None


def _asked(api: Any) -> Context | None:
    get_current = getattr(api, "get_current", None)  # None while half imported
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


def switch_to(context: Context | None) -> Token[Context] | None:
    """Make ``context``, or an empty one, the current one; give None where there is nothing to do for that."""
    if context is not None:
        return attach(context)
    if current_context() is None:
        return None
    return attach(sys.modules["opentelemetry.context"].Context())


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
