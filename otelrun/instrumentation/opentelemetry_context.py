"""OpenTelemetry's own context: what is detached somewhere else than it was attached is no error, and leaves no dead span behind.

So it happens where an async generator holds a span across a ``yield`` and is closed early: by another task. Bare, the API
logs "Failed to detach context", and the span stays current for good where the generator was read.
"""

from __future__ import annotations

import sys
from _weakref import ref

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import without_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from opentelemetry.context import Context

    from otelrun.instrumentation.patching import Ledger

NAME = "opentelemetry_context"
TARGETS = ("opentelemetry.context.contextvars_context",)
SCOPE = "otelrun.instrumentation.opentelemetry_context"

_Used = dict[int, "ref[Context]"]
"""Id of a token → the context that ``use_span`` has attached with it."""


def apply(ledger: Ledger, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - all instrumentations take options
    """Patch the API's runtime context."""
    from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext  # noqa: PLC0415 - loaded by now

    used: _Used = {}
    ledger.wrap(ContextVarsRuntimeContext, "attach", lambda original: _attach(original, used))
    ledger.wrap(ContextVarsRuntimeContext, "detach", lambda original: _detach(original, used))


def put_back(attached: Context, former: Any) -> None:
    """Make a context say what the one before it says of the span.

    Args:
        attached: of which whoever made it is the only user; wherever it is current, the former span is from now on.
        former: what was current before; anything else than a context where nothing was.
    """
    key: str = sys.modules["opentelemetry.trace.propagation"]._SPAN_KEY
    span = former.get(key) if isinstance(former, dict) else None
    if span is None:
        dict.pop(attached, key, None)
    else:
        dict.__setitem__(attached, key, span)


def _attach(original: Callable[[Any, Context], Any], used: _Used) -> Callable[[Any, Context], Any]:
    def attach(self: Any, context: Context) -> Any:
        try:
            token = original(self, context)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise
        with guarded(NAME):
            if sys._getframe(2).f_code.co_name == "use_span":  # whose context is made for this and held by nobody else
                number = id(token)
                used[number] = ref(context, lambda _: used.pop(number, None))
        return token

    return attach


def _detach(original: Callable[[Any, Any], None], used: _Used) -> Callable[[Any, Any], None]:
    def detach(self: Any, token: Any) -> None:
        found = used.pop(id(token), None)
        try:
            original(self, token)
        except ValueError:  # not where it was attached
            with guarded(NAME):
                attached = None if found is None else found()
                if attached is not None:
                    put_back(attached, token.old_value)
        except BaseException as error:
            without_frame(error, getattr(error.__traceback__, "tb_next", None))
            raise

    return detach
