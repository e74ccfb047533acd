"""The current context, reached without the API's layers of calls: bound methods, chosen once.

Where the program runs on another runtime context than the API's own (``OTEL_PYTHON_CONTEXT``), the public functions are used.
"""

from __future__ import annotations

from opentelemetry import context as context_api
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.trace import propagation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from opentelemetry.context.context import Context

SPAN_KEY: str = propagation._SPAN_KEY  # noqa: SLF001 - the API has no public name for it

_runtime = getattr(context_api, "_RUNTIME_CONTEXT", None)
_variable = getattr(_runtime, "_current_context", None) if type(_runtime) is ContextVarsRuntimeContext else None

get_current: Callable[[], Context] = context_api.get_current if _variable is None else _variable.get
attach: Callable[[Context], Any] = context_api.attach if _variable is None else _variable.set
detach: Callable[[Any], None] = context_api.detach if _variable is None else _variable.reset
