"""The log records that a program's own SDK sends: otelrun records them too, each once, and sends none where the program does.

Those of ``logging`` are recorded by otelrun's instrumentation of it, whatever handlers the program has; those that the program
emits by OpenTelemetry's API, here.
"""

from __future__ import annotations

import sys
from weakref import WeakKeyDictionary

from otelrun.diagnostics import guarded
from otelrun.instrumentation.patching import Ledger, without_frame
from otelrun.instrumentation.sources import is_exported_by_logging
from otelrun.pipeline.logger import LoggerProvider
from otelrun.pipeline.program_exporters import Shared, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from logging import Logger
    from typing import Any

    from otelrun.profile.model import Processor

_CLASS = "LoggingHandler"
_PROVIDER = "_logger_provider"
_PROCESSOR = "_multi_log_record_processor"
_SDK_LOGGERS = "opentelemetry.sdk._logs._internal"
_GUARD = guarded("recording a log record of the program's SDK")


def record_logs(provider: LoggerProvider, left: Left) -> None:
    """Record what the SDK's loggers emit, now that it is loaded.

    Args:
        provider: of otelrun's own; its loggers have the scopes of the program's.
        left: says what is the program's to send.
    """

    def make_wrapper(original: Callable[..., None]) -> Callable[..., None]:
        def emit(self: Any, *args: Any, **kwargs: Any) -> None:
            try:
                original(self, *args, **kwargs)
            except BaseException as error:
                without_frame(error, getattr(error.__traceback__, "tb_next", None))
                raise
            finally:
                with _GUARD:
                    if not is_exported_by_logging(1):
                        scope = self._instrumentation_scope
                        about = (scope.name, scope.version, scope.schema_url, getattr(scope, "attributes", None))
                        bits = left.of(getattr(self, _PROCESSOR, None))
                        logger: Any = provider.get_logger(*about)
                        logger.emit(*args, **kwargs, left=bits)

        return emit

    Ledger().wrap(sys.modules[_SDK_LOGGERS].Logger, "emit", make_wrapper)


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
        return self.of(getattr(provider, _PROCESSOR, None))

    def of(self, holder: Any) -> int:
        """Give the bits of the profile's exporters that send to where a processor of the program's does."""
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
