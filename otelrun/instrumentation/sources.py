"""Where otelrun's instrumentations get their tracers, meters and loggers: from otelrun's own providers where it has some.

The global ones are the program's to set: what it exports by itself is to stay what it is without otelrun.
"""

from __future__ import annotations

import sys

from otelrun import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from opentelemetry._logs import Logger
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import SpanContext, Tracer

TRACER_PROVIDER, METER_PROVIDER, LOGGER_PROVIDER = "tracer_provider", "meter_provider", "logger_provider"

PROGRAM_PARENT = "_otelrun_program_parent"
"""In a span context of otelrun's: the one that would be there in a bare run, of the nearest span above of the program's."""

_given: dict[str, Any] = {}
_TAKES_KEYWORDS = 0x08  # inspect.CO_VARKEYWORDS
_HANDLERS = ("opentelemetry.sdk._logs._internal", "opentelemetry.instrumentation.logging.handler")


class Logs:
    """What is to be known of log records by those who make them and those who emit them.

    Attributes:
        is_logging_exported: otelrun's instrumentation of ``logging`` makes OpenTelemetry log records.
        left_of: gives, of a logger and a level, the exporters of the profile that are not to send the record, since a handler
            of the program's sends it there: bits as in ``ring.record.LEFT_SHIFT``. None where there can be no such handler.
        exporters: the bits of all exporters, where these are in the program: a record that is to go to none is not made. 0 where
            they are not, and each takes what is for it.
    """

    is_logging_exported = False
    left_of: Callable[[Any, int], int] | None = None
    exporters = 0


logs = Logs()


class Failures:
    """Which span an exception was recorded on last; the exception itself is not kept."""

    def __init__(self) -> None:
        """Begin with none."""
        self._last: tuple[int, SpanContext | None] = (0, None)

    def note(self, error: BaseException, span_context: SpanContext) -> None:
        """Keep the first span on which an exception is recorded: the innermost one that it left."""
        if self._last[0] != id(error):
            self._last = id(error), span_context

    def span_context_of(self, error: BaseException) -> SpanContext | None:
        """Give that span's, if the exception is the one that was recorded last."""
        number, span_context = self._last
        return span_context if number == id(error) else None


failures = Failures()


def is_exported_by_logging(depth: int) -> bool:
    """Say whether a log record comes from a handler for ``logging`` of upstream's, and otelrun's instrumentation has it too.

    Args:
        depth: how many frames above the caller of this function the handler's would be.
    """
    if not logs.is_logging_exported:
        return False
    return sys._getframe(depth + 1).f_globals.get("__name__") in _HANDLERS


def give(name: str, provider: Any) -> None:
    """Have a provider used from now on.

    Args:
        name: ``TRACER_PROVIDER``, ``METER_PROVIDER`` or ``LOGGER_PROVIDER``.
        provider: of otelrun's pipeline.
    """
    _given[name] = provider


def for_upstream() -> dict[str, Any]:
    """Give the providers that all of upstream's instrumentors take; others some hand on to libraries that know none."""
    return {name: _given[name] for name in (TRACER_PROVIDER, METER_PROVIDER) if name in _given}


def get_tracer(scope: str) -> Tracer:
    """Give the tracer of an instrumentation."""
    from opentelemetry import trace  # noqa: PLC0415 - not before there is something to record

    return trace.get_tracer(scope, __version__, _given.get(TRACER_PROVIDER))


def get_meter(scope: str) -> Meter:
    """Give the meter of an instrumentation."""
    from opentelemetry import metrics  # noqa: PLC0415 - as above

    return metrics.get_meter(scope, __version__, _given.get(METER_PROVIDER))


def get_logger(name: str) -> Logger:
    """Give the logger that stands for the program's logger of that name."""
    from opentelemetry import _logs  # noqa: PLC0415 - as above

    return _logs.get_logger(name, logger_provider=_given.get(LOGGER_PROVIDER))


def takes_parts(logger: Logger) -> bool:
    """Say whether a logger can be given a log record in parts: that of a program's own SDK before 1.38 cannot."""
    code = getattr(type(logger).emit, "__code__", None)
    return code is None or code.co_kwonlyargcount > 0 or bool(code.co_flags & _TAKES_KEYWORDS)
