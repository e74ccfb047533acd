"""An exception as attributes, by the semantic conventions and as the SDK writes them. Pure."""

from __future__ import annotations

from otelrun.instrumentation.stack_trace import format_stack_trace
from otelrun.pipeline.attributes import text_of

EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
EXCEPTION_ESCAPED = "exception.escaped"


def exception_attributes(error: BaseException) -> dict[str, str]:
    """Give type (qualified, without ``builtins.``), message and stack trace of an exception."""
    kind = type(error)
    module = kind.__module__
    return {
        EXCEPTION_TYPE: f"{module}.{kind.__qualname__}" if module and module != "builtins" else kind.__qualname__,
        EXCEPTION_MESSAGE: text_of(error),
        EXCEPTION_STACKTRACE: format_stack_trace(error, error.__traceback__),
    }
