"""How a failed operation is written on its span. Loads the OpenTelemetry API when used, so never before the first span."""

from __future__ import annotations

from otelrun.diagnostics import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from opentelemetry.trace import Span

ERROR_TYPE = "error.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
EXCEPTION_TYPE = "exception.type"


def error_type(error: BaseException) -> str:
    """Name an exception's class in full, without ``builtins``."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def exception_attributes(error: BaseException, traceback: TracebackType | None) -> dict[str, str]:
    """Give an exception as attributes of a log record. Calls the program's own ``__str__``."""
    from otelrun.instrumentation.stack_trace import format_stack_trace  # noqa: PLC0415 - not before the first exception

    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - the program's own __str__
        message = ""
    return {
        EXCEPTION_TYPE: error_type(error),
        EXCEPTION_MESSAGE: message,
        EXCEPTION_STACKTRACE: format_stack_trace(error, traceback),
    }


def record_failure(span: Span, error: BaseException) -> str:
    """Write an exception on a span: event, ``error.type`` and status; give ``error.type``."""
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - see the file's docstring

    kind = error_type(error)
    span.set_attribute(ERROR_TYPE, kind)
    span.set_status(Status(StatusCode.ERROR, kind))
    with guarded("recording an exception"):  # which calls the program's own __str__
        span.record_exception(error)
    return kind
