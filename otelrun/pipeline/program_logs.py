"""The log records that a program's own handlers send: otelrun records them too, and sends none where the program does."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from otelrun.pipeline.logger import LoggerProvider
from otelrun.pipeline.program_exporters import Shared, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from logging import Logger
    from typing import Any

    from otelrun.profile.model import Processor

HANDLERS = ("opentelemetry.sdk._logs", "opentelemetry.instrumentation.logging.handler")
"""Modules of the handlers for ``logging`` that send records by OpenTelemetry."""

_CLASS = "LoggingHandler"
_PROVIDER = "_logger_provider"


class Left:
    """Says of a log record where a handler of the program's sends it, by the logger it comes from and its level."""

    def __init__(self, processors: Sequence[Processor], tell: Callable[[Sequence[str]], None]) -> None:
        """Prepare.

        Args:
            processors: of the profile, those whose exporters the agent runs.
            tell: called with the endpoints that both send to, once for each set of processors of the program.
        """
        self._processors = processors
        self._tell = tell
        self._known: WeakKeyDictionary[Any, tuple[int, Shared]] = WeakKeyDictionary()

    def __call__(self, logger: Logger | None, level: int) -> int:
        """Give the bits of the profile's exporters that send to where a handler of the program's does."""
        bits = 0
        while logger is not None:
            for handler in logger.handlers:
                if level >= handler.level and type(handler).__name__ == _CLASS:
                    bits |= self._bits(getattr(handler, _PROVIDER, None))
            logger = logger.parent if logger.propagate else None
        return bits

    def _bits(self, provider: Any) -> int:
        if isinstance(provider, LoggerProvider):  # given to the handler before the program has set its own
            provider = provider.followed
        holder = getattr(provider, "_multi_log_record_processor", None)
        if holder is None:
            return 0
        count = len(getattr(holder, "_log_record_processors", ()))
        known = self._known.get(holder)
        if known is None or known[0] != count:
            found = shared(holder, self._processors)
            known = self._known[holder] = count, found
            if found.endpoints:
                self._tell(found.endpoints)
        return known[1].bits
